package storage

import (
	"bytes"
	"context"
	"math"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendGivesTheNextTx(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	require.Equal(t, Offset{1, 0}, r.append(1))
	require.Equal(t, Offset{2, 2}, r.append(3))
	require.Equal(t, Offset{2, 2}, r.Visible(background))
	require.Equal(t, "1.0 2.0 2.1 2.2", r.all())
	r.reopen()
	require.Equal(t, Offset{3, 0}, r.append(1))
	require.Equal(t, "1.0 2.0 2.1 2.2 3.0", r.all())
}

func TestAppendIgnoresOffsetsThatItIsGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	record := recordAt(Offset{1, 0})
	record.Offset = Offset{99, 99}
	last, err := r.Append(background, record)
	require.NoError(t, err)
	require.Equal(t, Offset{1, 0}, last)
	require.Equal(t, "1.0", r.all())
}

func TestAppendCopiesWhatItIsGiven(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	given := transaction(1, 2)
	_, err := r.Append(background, given...)
	require.NoError(t, err)
	clear(given[0].Key)
	clear(given[1].Value)
	require.Equal(t, "1.0 1.1", r.all())
}

func TestAppendAtTakesPositionsThatIncrease(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	at := func(offsets ...Offset) error {
		var records []Record
		for _, o := range offsets {
			records = append(records, recordAt(o))
		}
		return r.AppendAt(background, records...)
	}
	require.NoError(t, at(Offset{5, 0}))
	require.NoError(t, at(Offset{7, 3}, Offset{7, 8}, Offset{7, math.MaxUint64}))
	for name, offsets := range map[string][]Offset{
		"before":         {{6, 0}},
		"equal":          {{7, 0}},
		"two Tx":         {{8, 0}, {9, 0}},
		"equal ops":      {{8, 1}, {8, 1}},
		"decreasing ops": {{8, 2}, {8, 1}},
		"the zero Tx":    {{0, 1}},
		"the last Tx":    {{math.MaxUint64, 0}}, // End lies past every record
	} {
		require.ErrorIs(t, at(offsets...), ErrNotIncreasing, name)
	}
	require.Equal(t, "5.0 7.3 7.8 7.18446744073709551615", r.all())
	require.Equal(t, Offset{8, 1}, r.append(2), "Append goes on past it")
	r.reopen()
	require.ErrorIs(t, at(Offset{8, 9}), ErrNotIncreasing, "also after reopening")
	require.NoError(t, at(Offset{1 << 50, 1}))
	require.Equal(t, "7.18446744073709551615 8.0 8.1 1125899906842624.1", r.offsets(Offset{7, 8}, End))
}

func TestALogWhoseTxAreUsedUpRefusesAppends(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	require.NoError(t, r.AppendAt(background, recordAt(Offset{math.MaxUint64 - 1, 0})))
	_, err := r.Append(background, Record{})
	require.ErrorIs(t, err, ErrNotIncreasing)
	_, err = r.Begin(background)
	require.ErrorIs(t, err, ErrNotIncreasing)
	require.Equal(t, "18446744073709551614.0", r.all())
	r.reopen()
	require.Equal(t, "18446744073709551614.0", r.all())
}

func TestValuesAndKeysOfEverySizeComeBack(t *testing.T) {
	t.Parallel()
	o := small()
	o.MaxValueBytes = 1 << 20
	r := newRig(t, o)
	var want []Record
	for i, size := range []int{0, 1, 7, 8, 95, 96, 97, 128, 4096, 1<<20 - 1, 1 << 20} {
		want = append(want, Record{
			Offset: Offset{uint64(i + 1), 0}, Operation: Operation(200 + i),
			Key: bytes.Repeat([]byte{'k'}, min(size, MaxKeyBytes)), Value: bytes.Repeat([]byte{byte(i)}, size),
		})
		_, err := r.Append(background, want[i])
		require.NoError(t, err)
	}
	check := func() {
		t.Helper()
		got, err := readAll(r.Log, Offset{}, End)
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i].Offset, got[i].Offset)
			require.Equal(t, want[i].Operation, got[i].Operation)
			require.True(t, bytes.Equal(want[i].Key, got[i].Key) && bytes.Equal(want[i].Value, got[i].Value), "record %d", i)
		}
	}
	check()
	r.flush()
	check()
	r.reopen()
	check()
}

func TestARecordOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	o := small()
	o.MaxValueBytes = 100
	r := newRig(t, o)
	_, err := r.Append(background, Record{}, Record{Value: make([]byte, 101)})
	require.ErrorIs(t, err, ErrTooLarge)
	for _, text := range []string{"log log", "record 1", "101 of 100", "split it, or raise MaxValueBytes"} {
		require.ErrorContains(t, err, text)
	}
	_, err = r.Append(background, Record{Key: make([]byte, MaxKeyBytes+1)})
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "65536 of 65535")
	require.Equal(t, "", r.all(), "nothing of a refused transaction is there")
	_, err = r.Append(background, Record{Key: make([]byte, MaxKeyBytes), Value: make([]byte, 100)})
	require.NoError(t, err, "the limit itself is allowed")
}

func TestAnEmptyTransactionIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	_, err := r.Append(background)
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorIs(t, r.AppendAt(background), ErrEmpty)
	_, err = r.AppendDurable(background)
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, Offset{1, 0}, r.append(1), "the log stays usable")
}

func TestAppendsOfManyGoroutinesAreDenseAndWhole(t *testing.T) {
	t.Parallel()
	o := small()
	o.FlushBytes = 2000
	r := newRig(t, o)
	const writers, each = 16, 40
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				mark := []byte{byte(w), byte(i)}
				records := make([]Record, 1+(w+i)%3)
				for k := range records {
					records[k].Value = mark
				}
				_, err := r.Append(background, records...)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	check := func() {
		t.Helper()
		got, err := readAll(r.Log, Offset{}, End)
		require.NoError(t, err)
		seen := map[string]bool{}
		next := Offset{1, 0}
		for i, record := range got {
			if record.Offset.Tx != next.Tx {
				next = Offset{next.Tx + 1, 0}
			}
			require.Equal(t, next, record.Offset)
			if record.Offset.Op > 0 {
				require.Equal(t, got[i-1].Value, record.Value, "a transaction is one writer's")
			} else {
				require.False(t, seen[string(record.Value)], "each once")
				seen[string(record.Value)] = true
			}
			next.Op++
		}
		require.Len(t, seen, writers*each)
		require.EqualValues(t, writers*each, next.Tx)
	}
	check()
	r.reopen()
	check()
}

func TestADurableAppendIsOnTheDiskWhenItReturns(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	const writers = 64
	begun := make(chan struct{}, 2*writers)
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "sync" {
			begun <- struct{}{}
		}
		for c.operation == "sync" && r.Visible(background).Tx < writers {
			runtime.Gosched() // the first sync lasts until all have appended
		}
		return nil
	})
	var all sync.WaitGroup
	write := func() {
		last, err := r.AppendDurable(background, Record{Value: []byte("v")})
		if err != nil || r.Durable().Before(last) {
			t.Errorf("%v: durable %v, %v", last, r.Durable(), err)
		}
		begun <- struct{}{} // also where nothing is synced
	}
	all.Go(write)
	<-begun // the first batch is the first append, and the second is all others
	for range writers - 1 {
		all.Go(write)
	}
	all.Wait()
	require.Equal(t, 2, disk.count("sync", ".seg"), "all who wait together share a sync")
	r.crash()
	got, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	require.Len(t, got, writers)
}

func TestAnAppendWaitsForRoomInTheTail(t *testing.T) {
	t.Parallel()
	o := small()
	o.TailBytes = 500
	r := newRig(t, o)
	for range 100 {
		r.append(1)
		v := r.view.Load()
		require.Less(t, r.committed.Load()-v.persisted, uint64(o.TailBytes+200), "the tail stays within its bound")
	}
	require.NotEqual(t, Offset{}, r.Durable(), "because it was flushed")
	got, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	require.Len(t, got, 100)
}

func TestFragmentsWaitForRoomInTheTail(t *testing.T) {
	t.Parallel()
	o := small()
	o.TailBytes = 500
	r := newRig(t, o)
	tx, err := r.Begin(background)
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, tx.Add(background, recordAt(Offset{1, uint64(i)})))
		r.mu.Lock()
		unflushed := r.end - r.view.Load().persisted
		r.mu.Unlock()
		require.Less(t, unflushed, uint64(o.TailBytes+200), "the tail stays within its bound")
	}
	_, err = tx.Commit(background)
	require.NoError(t, err)
	got, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	require.Len(t, got, 100)
}

func TestAnAppendThatFindsTheDiskFullSaysSo(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := small()
	o.TailBytes, o.Disk = 200, disk
	r := newRig(t, o)
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "write" {
			return &diskFault{err: syscall.ENOSPC}
		}
		return nil
	})
	var err error
	for err == nil {
		_, err = r.Append(background, recordAt(Offset{1, 0}))
	}
	require.ErrorIs(t, err, ErrNoSpace)
	disk.fail(nil)
	_, err = r.Append(background, Record{})
	require.NoError(t, err, "it goes on when there is room")
}

func TestAnAppendNoticesThatItsContextHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := r.Append(ctx, Record{})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "log log")
	_, err = r.Begin(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "", r.all())
}
