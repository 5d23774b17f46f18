package storage

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A syncWatch is a disk that tells of its syncs, so that a test waits for an event and not for a time.
type syncWatch struct {
	*brokenDisk
	synced chan struct{}
}

// watchSyncs returns a disk that says when a segment has been synced.
func watchSyncs() *syncWatch {
	w := &syncWatch{newBrokenDisk(), make(chan struct{}, 1024)}
	w.fail(func(c diskCall) *diskFault {
		if c.operation == "sync" && strings.Contains(c.name, ".seg") {
			w.synced <- struct{}{}
		}
		return nil
	})
	return w
}

// durable waits for the flusher to get as far as an offset, which takes it at least one sync from now.
func (w *syncWatch) durable(r *rig, o Offset) {
	for r.Durable().Before(o) {
		<-w.synced
		round(r)
	}
}

// round returns when no flush is in progress.
func round(r *rig) {
	require.NoError(r.t, r.lead(background))
	_ = r.step(background, nil)
}

func TestAFlushHappensBySize(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	o := Options{Disk: w, FlushBytes: 1000, FlushInterval: -1}
	r := newRig(t, o)
	for range 20 {
		r.append(1)
	}
	w.durable(r, Offset{1, 0})
}

func TestAFlushHappensByInterval(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	r := newRig(t, Options{Disk: w, FlushInterval: time.Millisecond})
	for range 3 {
		w.durable(r, r.append(1))
	}
}

func TestAFlushHappensWhenAChunkIsClosed(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	r := newRig(t, Options{Disk: w, ChunkBytes: 300, FlushBytes: 1 << 29, FlushInterval: -1})
	for range 10 {
		r.append(1)
	}
	w.durable(r, Offset{1, 0})
}

func TestAFlushHappensOnRequestOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	last := r.append(3)
	require.Equal(t, Offset{}, r.Durable())
	r.flush()
	require.Equal(t, last, r.Durable())
	r.flush() // nothing to do
}

func TestTheFlusherWritesFragmentsOfAnOpenTransaction(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	r := newRig(t, Options{Disk: w, FlushBytes: 500, FlushInterval: -1})
	tx := r.begin()
	r.add(tx, 100)
	for r.view.Load().persisted == 0 {
		<-w.synced
		round(r)
	}
	require.Equal(t, Offset{}, r.Durable())
	r.commit(tx)
}

func TestManyFlushesDoNotPileUpRequests(t *testing.T) {
	t.Parallel()
	o := roomy()
	o.FlushInterval = time.Hour
	r := newRig(t, o)
	for range 200 {
		r.append(1)
		r.flush()
	}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	require.LessOrEqual(t, len(r.store.due), 2, "one log, one request")
}

func TestALogGoesOnInAnotherFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	for range 40 {
		r.append(1)
		r.flush()
	}
	segments := r.view.Load().segments
	require.Greater(t, len(segments), 3)
	want := r.all()
	names, err := listSegments(r.options.Disk, theHandle)
	require.NoError(t, err)
	require.Len(t, names, len(segments))
	for i, g := range segments {
		require.Equal(t, names[i], g.name)
		if i > 0 {
			before := segments[i-1]
			size, err := before.file.Size()
			require.NoError(t, err)
			require.Equal(t, before.at(g.start), size, "a finished file ends where the next one starts")
			require.GreaterOrEqual(t, g.start-before.start, uint64(r.options.SegmentBytes))
		}
	}
	r.reopen()
	require.Equal(t, want, r.all())
	readsFromEverywhere(t, r)
}

func TestAFileHasNoReservedRoomLeftAfterClose(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	r.append(3)
	r.flush()
	end := r.view.Load().persisted
	require.NoError(t, r.store.Close(background))
	require.Len(t, fileOn(t, r.options.Disk, theHandle+"/"+segmentName(0)), int(segmentHeaderBytes+end))
}

// after is what must hold of a log that a failed flush poisoned: Durable as before, everything readable, every write
// refused with the same error, a reopened log with a prefix.
func checkPoisoned(t *testing.T, r *rig, disk *brokenDisk, cause error) {
	t.Helper()
	first := r.Flush(background)
	require.ErrorIs(t, first, ErrPoisoned)
	require.ErrorIs(t, first, cause)
	for _, text := range []string{"log log", "reopen the store"} {
		require.ErrorContains(t, first, text)
	}
	disk.fail(nil) // also when the disk works again
	_, err := r.Append(background, Record{})
	require.ErrorIs(t, err, ErrPoisoned)
	_, err = r.AppendDurable(background, Record{})
	require.ErrorIs(t, err, ErrPoisoned)
	_, err = r.Begin(background)
	require.ErrorIs(t, err, ErrPoisoned)
	require.Equal(t, first, r.Flush(background), "the same answer ever after")
	require.Zero(t, disk.count("sync", ""), "what a failed sync covered is never synced again and believed")
	require.Equal(t, Offset{2, 0}, r.Durable())
	require.Equal(t, "1.0 2.0 3.0 4.0 4.1", r.all(), "reads go on, from disk and memory")
	require.ErrorIs(t, r.Close(background), ErrPoisoned)
	for _, again := range []string{"write", "sync", "truncate", "syncdir"} {
		require.Zero(t, disk.count(again, ""), "Close does not try again: %s", again)
	}
	r.crash()
	got := r.all()
	require.Contains(t, []string{"1.0 2.0", "1.0 2.0 3.0", "1.0 2.0 3.0 4.0 4.1"}, got, "a prefix of whole transactions")
	require.Equal(t, Offset{r.Visible(background).Tx + 1, 0}, r.append(1))
	r.flush()
}

func TestAFailedFlushPoisonsTheLog(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		if h.Name() == "recheckliteral" {
			continue // does not read its tail at all
		}
		for name, fault := range map[string]struct {
			operation string
			diskFault
		}{
			"write error":       {"write", diskFault{err: syscall.EIO}},
			"torn write":        {"write", diskFault{err: syscall.EIO, keep: 100}},
			"short write":       {"write", diskFault{err: io.ErrShortWrite, keep: 75}},
			"silent short":      {"write", diskFault{keep: 75}},
			"sync error":        {"sync", diskFault{err: syscall.EIO}},
			"no space on sync":  {"sync", diskFault{err: syscall.ENOSPC}},
			"quota, not space":  {"write", diskFault{err: syscall.EDQUOT}},
			"full, cut refused": {"cut", diskFault{err: syscall.ENOSPC, keep: 60}},
		} {
			t.Run(h.Name()+"/"+name, func(t *testing.T) {
				t.Parallel()
				disk := newBrokenDisk()
				o := roomy()
				o.Disk, o.Handover = disk, h
				r := newRig(t, o)
				r.append(1)
				r.append(1)
				r.flush()
				r.append(1)
				r.append(2)
				disk.fail(func(c diskCall) *diskFault {
					if !strings.Contains(c.name, ".seg") || c.operation != fault.operation &&
						(fault.operation != "cut" || c.operation != "write" && c.operation != "truncate") {
						return nil
					}
					return &fault.diskFault
				})
				cause := fault.err
				if cause == nil {
					cause = io.ErrShortWrite
				}
				require.ErrorIs(t, r.Flush(background), cause)
				checkPoisoned(t, r, disk, cause)
			})
		}
	}
}

func TestEveryWaiterOfAFailedFlushHearsOfIt(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "sync" {
			return &diskFault{err: syscall.EIO}
		}
		return nil
	})
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := r.AppendDurable(background, Record{}); !errors.Is(err, ErrPoisoned) {
				t.Errorf("durable after a failed sync: %v", err)
			}
		})
	}
	all.Wait()
	require.Equal(t, Offset{}, r.Durable())
}

func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		for _, part := range []string{".seg", indexName} {
			for keep := 0; keep < 500; keep += 61 {
				t.Run(fmt.Sprintf("%s/%s/%d", h.Name(), part, keep), func(t *testing.T) {
					t.Parallel()
					fullDisk(t, h, part, keep)
				})
			}
		}
	}
}

// fullDisk has the disk fill up after keep bytes of a flush, and become free again.
func fullDisk(t *testing.T, h Handover, part string, keep int) {
	disk := newBrokenDisk()
	o := small()
	o.Disk, o.Handover = disk, h
	r := newRig(t, o)
	r.append(2)
	r.flush()
	for range 8 {
		r.append(2)
	}
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "write" && strings.Contains(c.name, part) {
			return &diskFault{err: syscall.ENOSPC, keep: keep}
		}
		return nil
	})
	if part == ".seg" {
		err := r.Flush(background)
		require.ErrorIs(t, err, ErrNoSpace)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorContains(t, err, "free some space and flush again")
		require.Equal(t, Offset{1, 1}, r.Durable())
		require.ErrorIs(t, r.Flush(background), ErrNoSpace, "still full")
	} else {
		r.flush() // the index is derived; what it misses comes with the next flush
	}
	r.append(2)
	disk.fail(nil)
	r.flush()
	require.Equal(t, Offset{10, 1}, r.Durable())
	want, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	require.Len(t, want, 20)
	require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
	readsFromEverywhere(t, r)
	r.crash()
	got, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestTheFlusherTriesAgainWhenTheDiskWasFull(t *testing.T) {
	t.Parallel()
	w := watchSyncs()
	full := make(chan struct{}, 1024)
	fullUntil := 3
	watch := w.fault
	r := newRig(t, Options{Disk: w, FlushInterval: time.Millisecond})
	w.fail(func(c diskCall) *diskFault {
		if c.operation == "write" && strings.Contains(c.name, ".seg") && fullUntil > 0 {
			fullUntil--
			full <- struct{}{}
			return &diskFault{err: syscall.ENOSPC}
		}
		return watch(c)
	})
	last := r.append(1)
	for range 3 {
		<-full
	}
	w.durable(r, last)
}

func TestTheFlusherDoesNotSpinOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk, o.FlushBytes = disk, 1
	r := newRig(t, o)
	tried := make(chan struct{}, 1024)
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "write" && strings.Contains(c.name, ".seg") {
			tried <- struct{}{}
			return &diskFault{err: syscall.ENOSPC}
		}
		return nil
	})
	r.append(1)
	<-tried
	for tries := 0; tries < 10; { // were it spinning, it would have time to
		_ = r.Flush(background)
		select {
		case <-tried:
			tries++
		default: // it followed the flusher's round, which had tried before
		}
	}
	round(r)
	require.LessOrEqual(t, len(tried), 1, "without an interval it tries when it is asked to")
}

func TestNoSyncDoesNotSync(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk, o.NoSync = disk, true
	r := newRig(t, o)
	disk.fail(nil)
	r.append(3)
	r.flush()
	require.Zero(t, disk.count("sync", ".seg"))
	r.crash()
	require.Equal(t, "1.0 1.1 1.2", r.all())
}

// The disk prepares a little room and not much: so a log asks for little if it syncs often.
func TestALogThatSyncsOftenReservesLittleRoom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		noSync    bool
		perFlush  int
		more, max int64
	}{
		{false, 32 << 10, 0, 1 << 20},
		{false, 1 << 20, 1 << 20, 16 << 20},
		{true, 32 << 10, 1 << 20, 16 << 20},
	} {
		o := roomy()
		o.NoSync = c.noSync
		r := newRig(t, o)
		most := int64(0)
		for written := 0; written < 4<<20; written += c.perFlush {
			_, err := r.Append(background, Record{Value: make([]byte, c.perFlush)})
			require.NoError(t, err)
			r.flush()
			v := r.view.Load()
			size, err := v.segments[0].file.Size()
			require.NoError(t, err)
			most = max(most, size-v.segments[0].at(v.persisted))
		}
		require.Greater(t, most, c.more)
		require.LessOrEqual(t, most, c.max)
	}
}
