package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Five transactions: 1.0, 2.0 2.1 2.2, 4.3 4.7, 9.0, 10.0 10.1; gaps between Txs and Ops as a replication stream has them.
var spread = []Offset{{1, 0}, {2, 0}, {2, 1}, {2, 2}, {4, 3}, {4, 7}, {9, 0}, {10, 0}, {10, 1}}

// spreadLog appends them; flushAfter says after which Tx it flushes.
func spreadLog(t *testing.T, o Options, flushAfter ...uint64) *rig {
	t.Helper()
	r := newRig(t, o)
	for i := 0; i < len(spread); {
		var records []Record
		tx := spread[i].Tx
		for ; i < len(spread) && spread[i].Tx == tx; i++ {
			records = append(records, recordAt(spread[i]))
		}
		require.NoError(t, r.AppendAt(background, records...))
		for _, f := range flushAfter {
			if f == tx {
				r.flush()
			}
		}
	}
	return r
}

// bounds are the offsets of the records, those around them, and the ends.
func bounds() (all []Offset) {
	all = []Offset{{}, {0, 5}, {3, 0}, {7, 7}, {11, 0}, {1 << 60, 3}, {math.MaxUint64, 0}, End}
	for _, o := range spread {
		all = append(all, o, before(o), Offset{o.Tx, o.Op + 1})
	}
	return all
}

// checkBounds reads between every two bounds.
func checkBounds(t *testing.T, r *rig) {
	t.Helper()
	for _, after := range bounds() {
		for _, upTo := range bounds() {
			want := ""
			for _, o := range spread {
				if after.Before(o) && !upTo.Before(o) {
					want += " " + o.String()
				}
			}
			require.Equal(t, want, prefixed(r.offsets(after, upTo)), "after %v up to %v", after, upTo)
		}
	}
}

func prefixed(words string) string {
	if words == "" {
		return ""
	}
	return " " + words
}

func TestAReadKeepsToItsBounds(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain} {
		for name, flushes := range map[string][]uint64{
			"tail": nil, "file": {10}, "mixed": {4}, "mixed in steps": {1, 2, 9}, "one record in the tail": {9}, "every one": {1, 2, 4, 9, 10},
		} {
			for size, o := range map[string]Options{"small": small(), "roomy": roomy()} {
				t.Run(fmt.Sprint(h.Name(), "/", name, "/", size), func(t *testing.T) {
					t.Parallel()
					o.Handover = h
					r := spreadLog(t, o, flushes...)
					checkBounds(t, r)
					r.reopen()
					checkBounds(t, r)
				})
			}
		}
	}
}

func TestAReadInsideATransactionSeesItsPart(t *testing.T) {
	t.Parallel()
	for _, flush := range []bool{false, true} {
		r := newRig(t, small())
		r.append(20)
		if flush {
			r.flush()
		}
		for i := range uint64(20) {
			got, err := readAll(r.Log, Offset{1, i}, Offset{1, i + 3})
			require.NoError(t, err)
			require.Len(t, got, int(min(3, 19-i)))
		}
	}
}

func TestAnEmptyLogHasNothingToRead(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		o := small()
		o.Handover = h
		r := newRig(t, o)
		for range 2 {
			require.Equal(t, "", r.all())
			require.Equal(t, Offset{}, r.Visible(background))
			require.Equal(t, Offset{}, r.Durable())
			r.flush()
			r.reopen()
		}
	}
}

func TestAReadMayStopEarly(t *testing.T) {
	t.Parallel()
	for n := 1; n < len(spread); n++ {
		r := spreadLog(t, small(), 4)
		var got []Offset
		for record, err := range r.Read(background, Offset{}, End) {
			require.NoError(t, err)
			got = append(got, record.Offset)
			if len(got) == n {
				break
			}
		}
		require.Equal(t, spread[:n], got)
		checkBounds(t, r)
	}
}

func TestAnIterationKeepsWhatItBeganWith(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain} {
		for _, flushes := range [][]uint64{nil, {4}, {10}} {
			o := small()
			o.Handover = h
			r := spreadLog(t, o, flushes...)
			var got []Offset
			for record, err := range r.Read(background, Offset{}, End) {
				require.NoError(t, err)
				require.Equal(t, recordAt(record.Offset), record.Clone())
				got = append(got, record.Offset)
				_, err = r.Append(background, Record{})
				require.NoError(t, err)
				r.flush()
			}
			require.Equal(t, spread, got, "appends and flushes during it change nothing")
		}
	}
}

func TestAReadMayBeIteratedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	read := r.Read(background, Offset{}, End)
	for n := range 3 {
		seen := 0
		for _, err := range read {
			require.NoError(t, err)
			seen++
		}
		require.Equal(t, n, seen, "each iteration sees what is visible when it begins")
		r.append(1)
	}
}

func TestReadsFollowAWriterWithoutMissingAnything(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain} {
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			o := small()
			o.Handover, o.FlushBytes = h, 300
			r := newRig(t, o)
			const transactions = 500
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for at := (Offset{}); at.Tx < transactions; {
						next, err := follow(r.Log, at)
						if err != nil {
							t.Error(err)
							return
						}
						at = next
						runtime.Gosched()
					}
				})
			}
			for i := range transactions {
				r.append(1 + i%3)
			}
			readers.Wait()
		})
	}
}

// follow reads on from an offset and checks that whole transactions follow without a gap.
func follow(l *Log, at Offset) (Offset, error) {
	for record, err := range l.Read(background, at, End) {
		if err != nil {
			return at, err
		}
		if record.Offset.Op > 0 && (record.Offset.Tx != at.Tx || record.Offset.Op != at.Op+1) ||
			record.Offset.Op == 0 && (record.Offset.Tx != at.Tx+1 || at.Tx > 0 && at.Op != (at.Tx-1)%3) {
			return at, fmt.Errorf("%v follows %v", record.Offset, at)
		}
		if !bytes.Equal(record.Value, recordAt(record.Offset).Value) {
			return at, fmt.Errorf("%v holds something else", record.Offset)
		}
		at = record.Offset
	}
	if at.Tx > 0 && at.Op != (at.Tx-1)%3 {
		return at, fmt.Errorf("a read ended inside a transaction, at %v", at)
	}
	return at, nil
}

func TestReadsMeetAbortsWithoutDamage(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain, Fallback, Recheck, Stale} {
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			o := small()
			o.Handover = h
			r := newRig(t, o)
			r.append(3)
			r.flush()
			done := make(chan struct{})
			var readers sync.WaitGroup
			for range 2 {
				readers.Go(func() {
					for ended := false; !ended; {
						select {
						case <-done:
							ended = true
						default:
						}
						if _, err := readAll(r.Log, Offset{}, End); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for range 150 {
				tx := r.begin()
				r.add(tx, 8)
				r.flushFragments()
				require.NoError(t, tx.Abort(background))
			}
			close(done)
			readers.Wait()
		})
	}
}

func TestAReadAfterCloseIsRefused(t *testing.T) {
	t.Parallel()
	r := spreadLog(t, small(), 4)
	read := r.Read(background, Offset{}, End)
	require.NoError(t, r.Close(background))
	for _, err := range read {
		require.ErrorIs(t, err, ErrClosed)
		require.ErrorContains(t, err, "log log")
		require.ErrorContains(t, err, "open it again")
	}
}

func TestAReadThatMeetsCloseEndsWellOrSaysClosed(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]Disk{"memory": MemoryDisk(), "real": OSDisk(t.TempDir())} {
		o := roomy()
		o.Disk = disk
		r := newRig(t, o)
		const records = 2000
		for range records / 10 {
			batch := make([]Record, 10)
			for i := range batch {
				batch[i].Value = make([]byte, 500)
			}
			_, err := r.Append(background, batch...)
			require.NoError(t, err)
		}
		r.flush()
		seen := 0
		for _, err := range r.Read(background, Offset{}, End) {
			if err != nil {
				require.ErrorIs(t, err, ErrClosed, name)
				break
			}
			if seen++; seen == 5 {
				require.NoError(t, r.Close(background))
			}
		}
		require.LessOrEqual(t, seen, records)
	}
}

func TestAReadNoticesThatItsContextHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	for range 100 {
		_, err := r.Append(background, Record{Value: make([]byte, 10000)})
		require.NoError(t, err)
	}
	r.flush()
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	seen := 0
	var failed error
	for _, err := range r.Read(ctx, Offset{}, End) {
		if failed = err; err != nil {
			break
		}
		if seen++; seen == 3 {
			cancel()
		}
	}
	require.ErrorIs(t, failed, context.Canceled)
	require.Less(t, seen, 100)
	for _, err := range r.Read(ctx, Offset{}, End) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestABigScanUsesLittleMemory(t *testing.T) {
	o := roomy()
	r := newRig(t, o)
	value := make([]byte, 8<<10)
	const records = 4000 // 32 MB
	for i := range records {
		_, err := r.Append(background, Record{Value: value})
		require.NoError(t, err)
		if i%500 == 0 {
			r.flush()
		}
	}
	r.flush()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seen := 0
	for _, err := range r.Read(background, Offset{}, End) {
		require.NoError(t, err)
		seen++
	}
	runtime.ReadMemStats(&after)
	require.Equal(t, records, seen)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), "a scan's buffer is at most 256 KiB")
}

func TestARecordYieldedHoldsUntilTheNextStep(t *testing.T) {
	t.Parallel()
	r := spreadLog(t, small(), 4)
	var kept []Record
	for record, err := range r.Read(background, Offset{}, End) {
		require.NoError(t, err)
		kept = append(kept, record.Clone())
		kept[len(kept)-1].Key[0] = 'K' // a clone shares nothing
	}
	for i, record := range kept {
		require.Equal(t, byte('K'), record.Key[0])
		require.Equal(t, spread[i], record.Offset)
	}
	checkBounds(t, r)
}

func TestABadByteIsAnErrorThatNamesItAndNeverARecord(t *testing.T) {
	t.Parallel()
	r := spreadLog(t, roomy(), 10)
	name := theHandle + "/" + segmentName(0)
	f, err := r.options.Disk.Open(name)
	require.NoError(t, err)
	content := contentOf(f)
	at := segmentHeaderBytes + frameRoom(content[segmentHeaderBytes:]) // the second record, which begins transaction 2
	content[at+frameHeaderBytes] ^= 1
	_, err = f.WriteAt(content[at+frameHeaderBytes:at+frameHeaderBytes+1], int64(at+frameHeaderBytes))
	require.NoError(t, err)
	got, err := readAll(r.Log, Offset{}, End)
	require.Len(t, got, 1, "what lies before it is served")
	var damage *DamageError
	require.True(t, errors.As(err, &damage))
	require.ErrorIs(t, err, ErrDamaged)
	require.Equal(t, &DamageError{File: name, Byte: int64(at), Reason: "the frame's checksum does not match"}, damage)
	require.ErrorContains(t, err, fmt.Sprintf("%s is damaged at byte %d", name, at))
	_, err = r.Append(background, Record{})
	require.NoError(t, err, "the log stays usable")
}
