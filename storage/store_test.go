package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMissingFolderIsRefusedUnlessItMayBeMade(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a", "b")
	_, err := Open(background, folder, Options{})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, folder)
	require.ErrorContains(t, err, "Options.Create")
	store, err := Open(background, folder, Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, store.Close(background))
	store, err = Open(background, folder, Options{Create: true})
	require.NoError(t, err, "one that is there is no error")
	require.NoError(t, store.Close(background))
}

func TestAFileIsNoFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for _, create := range []bool{false, true} {
		_, err := Open(background, file, Options{Create: create})
		require.ErrorIs(t, err, ErrMissing)
		require.ErrorContains(t, err, "name a folder")
	}
}

func TestOptionsOutOfBoundsAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"ArenaBytes": {ArenaBytes: 63}, "FlushBytes": {FlushBytes: -1}, "TailBytes": {TailBytes: -1},
		"ChunkBytes": {ChunkBytes: -5}, "SegmentBytes": {SegmentBytes: 1 << 50}, "MaxValueBytes": {MaxValueBytes: maxValueBytes + 1},
	} {
		o.Disk = MemoryDisk()
		_, err := Open(background, "memory", o)
		require.ErrorIs(t, err, ErrOptions, name)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "must lie between")
	}
	for _, o := range []Options{{}, {ArenaBytes: 64, FlushBytes: 1, TailBytes: 1, ChunkBytes: 1, SegmentBytes: 1, MaxValueBytes: 1}} {
		require.NoError(t, o.withDefaults().check())
	}
}

func TestTheSmallestOptionsWork(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{ArenaBytes: 64, FlushBytes: 1, TailBytes: 1, ChunkBytes: 1, SegmentBytes: 1})
	for range 20 {
		r.append(2)
	}
	want := r.all()
	require.Len(t, strings.Fields(want), 40)
	r.reopen()
	require.Equal(t, want, r.all())
}

func TestAStoreIsOpenOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store, err := Open(background, folder, Options{})
	require.NoError(t, err)
	_, err = Open(background, folder, Options{})
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, folder)
	require.ErrorContains(t, err, "close that one first")
	require.NoError(t, store.Close(background))
	store, err = Open(background, folder, Options{})
	require.NoError(t, err)
	require.NoError(t, store.Close(background))
}

// lockedVariable tells a child process which store to open.
const lockedVariable = "RACEWINDOW_LOCKED_STORE"

func TestAnotherProcessCannotOpenAStoreThatIsOpen(t *testing.T) {
	if folder := os.Getenv(lockedVariable); folder != "" {
		_, err := Open(background, folder, Options{})
		fmt.Println("locked:", errors.Is(err, ErrLocked))
		return
	}
	t.Parallel()
	folder := t.TempDir()
	store, err := Open(background, folder, Options{})
	require.NoError(t, err)
	openInChild := func() string {
		child := exec.Command(os.Args[0], "-test.run=^TestAnotherProcessCannotOpenAStoreThatIsOpen$", "-test.v")
		child.Env = append(os.Environ(), lockedVariable+"="+folder)
		output, err := child.CombinedOutput()
		require.NoError(t, err, "%s", output)
		return string(output)
	}
	require.Contains(t, openInChild(), "locked: true")
	require.NoError(t, store.Close(background))
	require.Contains(t, openInChild(), "locked: false")
}

func TestAHandleCannotLeaveTheStoresFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	for _, handle := range []string{
		"", ".", "..", "../x", "a/b", `a\b`, "/etc", ".hidden", "-flag", "_x", "a b", "a\x00b", "ä", lockName, strings.Repeat("a", 129),
	} {
		_, err := r.store.Log(background, handle)
		require.ErrorIs(t, err, ErrHandle, "%q", handle)
		require.ErrorContains(t, err, fmt.Sprintf("%q", handle))
		require.ErrorContains(t, err, "use 1 to 128 letters")
	}
	for _, handle := range []string{"a", "0", "a.b_c-d", "index", strings.Repeat("a", 128)} {
		l, err := r.store.Log(background, handle)
		require.NoError(t, err, "%q", handle)
		require.Equal(t, handle, l.Handle())
	}
}

func TestAStoreHoldsManyLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{FlushBytes: 500, ArenaBytes: 64})
	const logs = 300
	name := func(i int) string { return fmt.Sprintf("log-%03d", i) }
	for i := range logs {
		l, err := r.store.Log(background, name(i))
		require.NoError(t, err)
		for k := range i%4 + 1 {
			_, err := l.Append(background, Record{Value: []byte(fmt.Sprint(i, k))})
			require.NoError(t, err)
		}
	}
	r.reopen()
	handles, err := r.store.Handles()
	require.NoError(t, err)
	require.Len(t, handles, logs+1)
	require.IsIncreasing(t, handles)
	for i := range logs {
		l, err := r.store.Log(background, name(i))
		require.NoError(t, err)
		got, err := readAll(l, Offset{}, End)
		require.NoError(t, err)
		require.Len(t, got, i%4+1)
		for k, record := range got {
			require.Equal(t, fmt.Sprint(i, k), string(record.Value), "each log has its own")
		}
	}
}

func TestALogThatIsOpenIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	again, err := r.store.Log(background, theHandle)
	require.NoError(t, err)
	require.Same(t, r.Log, again)
	require.NoError(t, r.Close(background))
	again, err = r.store.Log(background, theHandle)
	require.NoError(t, err)
	require.NotSame(t, r.Log, again)
}

func TestEveryCallOnAClosedLogSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.append(1)
	require.NoError(t, r.Close(background))
	_, appended := r.Append(background, Record{})
	_, durable := r.AppendDurable(background, Record{})
	_, begun := r.Begin(background)
	_, read := readAll(r.Log, Offset{}, End)
	for name, err := range map[string]error{
		"Append": appended, "AppendDurable": durable, "AppendAt": r.AppendAt(background, recordAt(Offset{9, 0})),
		"Begin": begun, "Flush": r.Flush(background), "Read": read, "Close": r.Close(background),
	} {
		require.ErrorIs(t, err, ErrClosed, name)
		require.ErrorContains(t, err, "log log", name)
		require.ErrorContains(t, err, "open it again", name)
	}
	require.NoError(t, r.store.Close(background))
	require.ErrorIs(t, r.store.Close(background), ErrClosed)
	_, err := r.store.Log(background, theHandle)
	require.ErrorIs(t, err, ErrClosed)
	r.open()
	require.Equal(t, "1.0", r.all(), "Close flushed")
}

func TestCloseLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Stale} {
		for range 30 {
			o := roomy()
			o.Handover = h
			r := newRig(t, o)
			var appenders sync.WaitGroup
			var mu sync.Mutex
			acknowledged := uint64(0)
			started := make(chan struct{}, 4)
			for range 4 {
				appenders.Go(func() {
					for i := 0; ; i++ {
						last, err := r.Append(background, Record{})
						if err != nil {
							if !errors.Is(err, ErrClosed) {
								t.Error(err)
							}
							return
						}
						mu.Lock()
						acknowledged = max(acknowledged, last.Tx)
						mu.Unlock()
						if i == 10 {
							started <- struct{}{}
						}
					}
				})
			}
			<-started
			require.NoError(t, r.store.Close(background))
			appenders.Wait()
			r.open()
			require.Equal(t, acknowledged, r.Visible(background).Tx, h.Name())
		}
	}
}

func TestALogIsNotOpenedWhileItIsBeingClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				l, err := r.store.Log(background, theHandle)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := l.Append(background, Record{}); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				if err := l.Close(background); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	l, err := r.store.Log(background, theHandle)
	require.NoError(t, err)
	got, err := readAll(l, Offset{}, End)
	require.NoError(t, err)
	for i, record := range got {
		require.Equal(t, uint64(i+1), record.Offset.Tx)
	}
}

func TestCloseGoesOnWhenItsContextHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.append(1)
	ctx, cancel := context.WithCancel(background)
	cancel()
	require.NoError(t, r.store.Close(ctx))
	r.open()
	require.Equal(t, "1.0", r.all())
}

func TestAContextThatEndsDoesNotEndTheStore(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	ctx, cancel := context.WithCancel(background)
	store, err := Open(ctx, "memory", Options{Disk: w, FlushBytes: 1})
	require.NoError(t, err)
	cancel()
	l, err := store.Log(background, theHandle)
	require.NoError(t, err)
	r := &rig{t: t, store: store, Log: l}
	w.durable(r, r.append(1))
	require.NoError(t, store.Close(background))
}

// The real disk, end to end: what is random in memory is random here too.
func TestTheRealDiskKeepsALog(t *testing.T) {
	t.Parallel()
	o := small()
	o.Disk = OSDisk(t.TempDir())
	r := newRig(t, o)
	random := rand.New(rand.NewPCG(1, 2))
	for range 120 {
		r.append(1 + random.IntN(4))
		switch random.IntN(6) {
		case 0:
			r.flush()
		case 1:
			tx := r.begin()
			r.add(tx, 9)
			r.flushFragments()
			require.NoError(t, tx.Abort(background))
		case 2:
			before := r.all()
			r.reopen()
			require.Equal(t, before, r.all())
		}
	}
	readsFromEverywhere(t, r)
	r.reopen()
	readsFromEverywhere(t, r)
}

func TestOffsetsAreOrderedAndSpoken(t *testing.T) {
	t.Parallel()
	order := []Offset{{}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {End.Tx, 0}, End}
	for i, a := range order {
		for k, b := range order {
			require.Equal(t, i < k, a.Before(b))
			require.Equal(t, map[bool]int{true: -1}[i < k]+map[bool]int{true: 1}[i > k], a.Compare(b))
			require.Equal(t, order[min(i, k)], earlier(a, b))
		}
	}
	require.Equal(t, []string{"-", "1.2", "end"}, []string{Offset{}.String(), Offset{1, 2}.String(), End.String()})
}
