package storage

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// follows says whether b starts where a ends, so that both lie in one slab. (Two objects of this size may also be neighbours; a
// slab's arenas always are.)
func follows(a, b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(a)))+uintptr(len(a)) == uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// takes takes memory for arenas of that size, fills it, and returns the pieces.
func takes(t *testing.T, s *slab, bytes, total int, few bool) (pieces [][]byte) {
	t.Helper()
	for range total / bytes {
		p := s.take(bytes, few)
		require.Len(t, p, bytes)
		require.Equal(t, bytes, cap(p), "nobody can grow into the next arena")
		require.True(t, allZero(p))
		for i := range p {
			p[i] = 1
		}
		pieces = append(pieces, p)
	}
	return pieces
}

func TestALogThatHasAppendedMuchTakesItsArenasFromSlabs(t *testing.T) {
	t.Parallel()
	const bytes = 64 << 10
	var s slab
	takes(t, &s, bytes, slabAfter, true)
	require.Nil(t, s.free, "a log with little in it has no slab")
	for range 3 {
		pieces := takes(t, &s, bytes, slabBytes, true)
		require.Empty(t, s.free)
		for i := 1; i < len(pieces); i++ {
			require.True(t, follows(pieces[i-1], pieces[i]), "arena %d", i)
		}
	}
}

func TestWhatDoesNotFitInASlabHasItsOwnMemory(t *testing.T) {
	t.Parallel()
	var s slab
	takes(t, &s, 64<<10, slabAfter, true)
	takes(t, &s, 1000<<10, 2000<<10, true)
	require.Len(t, s.free, slabBytes-2000<<10)
	require.Len(t, s.take(100<<10, true), 100<<10)
	require.Len(t, s.free, slabBytes-100<<10, "another slab")
	require.Len(t, s.take(slabBytes, true), slabBytes)
	require.Nil(t, s.free, "an arena that is no part of a slab")
}

func TestAStoreOfManyLogsHasNoSlabs(t *testing.T) {
	t.Parallel()
	var s slab
	takes(t, &s, 64<<10, slabAfter+128<<10, true)
	require.NotEmpty(t, s.free)
	takes(t, &s, 64<<10, 128<<10, false)
	require.Nil(t, s.free)
}

// What is appended past slabAfter is read from arenas of slabs, beside others that are still in memory.
func TestRecordsInSlabsAreRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{FlushBytes: onRequest, FlushInterval: -1, TailBytes: 64 << 20})
	value := make([]byte, 4000)
	ctx := t.Context()
	for range (slabAfter + 2*slabBytes) / len(value) {
		for i := range value {
			value[i] = byte(r.last.Tx)
		}
		_, err := r.Append(ctx, Record{Value: value})
		require.NoError(t, err)
	}
	require.NotEmpty(t, r.slab.free)
	for _, flushed := range []bool{false, true} {
		if flushed {
			r.flush()
		}
		n := uint64(0)
		for record, err := range r.Read(ctx, Offset{}, End) {
			require.NoError(t, err)
			require.Equal(t, n+1, record.Offset.Tx)
			require.True(t, record.Value[0] == byte(n) && record.Value[len(value)-1] == byte(n))
			n++
		}
		require.Equal(t, r.Visible(ctx).Tx, n)
	}
}
