package storage

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Flushed records stay in memory for readers, as many as Options.CacheBytes says.

// cached is small with a cache of that many bytes.
func cached(bytes int64) Options {
	o := small()
	o.CacheBytes = bytes
	return o
}

func TestRecordsInTheCacheAreReadWithoutTheDisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes int64
		reads bool
	}{"cache": {1 << 20, false}, "no cache": {-1, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newBrokenDisk()
			o := cached(c.bytes)
			o.Disk = disk
			r := newRig(t, o)
			for range 6 {
				r.append(2)
				r.flush()
			}
			before := disk.count("read", "")
			require.Equal(t, "4.0 4.1 5.0 5.1 6.0 6.1", r.offsets(Offset{3, 1}, End))
			require.Equal(t, c.reads, disk.count("read", "") > before)
		})
	}
}

// Each flush keeps the newest arenas up to the bound, and a read that begins before them goes on from the file to memory
// without a gap and without a record twice.
func TestEveryRangeIsReadWholeHoweverLittleIsCached(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int64{-1, 1, 128, 300, 512, 1 << 20} {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, cached(bytes))
			var all []Offset
			for tx := uint64(1); tx <= 12; tx++ {
				n := int(tx%3) + 1
				for op := range n {
					all = append(all, Offset{tx, uint64(op)})
				}
				r.append(n)
				if tx%2 == 0 {
					r.flush()
				}
				requireRanges(t, r, all)
			}
		})
	}
}

func requireRanges(t *testing.T, r *rig, all []Offset) {
	t.Helper()
	v := r.view.Load()
	require.LessOrEqual(t, v.cached, v.persisted)
	for i := range all {
		var after Offset
		if i > 0 {
			after = all[i-1]
		}
		got, err := readAll(r.Log, after, End)
		require.NoError(t, err)
		require.Len(t, got, len(all)-i, "past %v", after)
		for k, record := range got {
			require.Equal(t, recordAt(all[i+k]), record)
		}
	}
}

func TestTheCacheKeepsItsBound(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]int{-1: 1, 127: 1, 128: 2, 512: 5} {
		r := newRig(t, cached(bytes))
		for range 60 {
			r.append(1)
			r.flush()
			require.LessOrEqual(t, len(r.view.Load().arenas), want)
		}
		require.Len(t, r.view.Load().arenas, want, "%d bytes of arenas of 128, and the one that is being filled", bytes)
	}
}

func TestLogsShareTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t, cached(512))
	fill := func() int {
		for range 60 {
			r.append(1)
			r.flush()
		}
		return len(r.view.Load().arenas)
	}
	require.Equal(t, 5, fill())
	other, err := r.store.Log(background, "other")
	require.NoError(t, err)
	require.Equal(t, 3, fill(), "half of the cache is another log's")
	require.NoError(t, other.Close(background))
	require.Equal(t, 5, fill(), "a log that is closed has no share")
}

// An abort cuts fragments that a flush has written, and some of them may be in the cache.
func TestAnAbortedTransactionLeavesTheCache(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int64{-1, 1, 300, 1 << 20} {
		r := newRig(t, cached(bytes))
		r.append(3)
		tx, err := r.Begin(background)
		require.NoError(t, err)
		require.NoError(t, tx.Add(background, transaction(2, 9)...))
		r.flushFragments()
		require.Equal(t, "1.0 1.1 1.2", r.all(), "with %d bytes", bytes)
		require.NoError(t, tx.Abort(background))
		require.Equal(t, "1.0 1.1 1.2", r.all())
		require.LessOrEqual(t, r.view.Load().cached, r.view.Load().persisted)
		r.append(2)
		require.Equal(t, "1.0 1.1 1.2 2.0 2.1", r.all())
		require.Equal(t, "1.2 2.0 2.1", r.offsets(Offset{1, 1}, End))
		r.flush()
		require.Equal(t, "1.0 1.1 1.2 2.0 2.1", r.all())
		r.crash()
		require.Equal(t, "1.0 1.1 1.2 2.0 2.1", r.all())
	}
}

// The other hand-overs stand for systems without a cache.
func TestOnlyTheDefaultHandOverHasACache(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		o := cached(1 << 20)
		o.Handover = h
		r := newRig(t, o)
		for range 9 {
			r.append(1)
			r.flush()
		}
		require.Equal(t, h.Name() == Snapshot.Name(), len(r.view.Load().arenas) > 1, h.Name())
	}
}
