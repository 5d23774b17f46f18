package sched

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the footprints of a resource may show is computed once for each set of them, which its hash must tell from every other.
func TestFootprintsHaveOneHashInEachOrderAndAnotherIfOneDiffers(t *testing.T) {
	t.Parallel()
	one, other := footprint{visit: 4, thread: 1}, footprint{visit: 8, thread: 2, writes: true}
	require.Equal(t, trodden([]footprint{one, other}), trodden([]footprint{other, one}))
	seen := map[uint64]footprint{trodden([]footprint{other}): {}}
	for _, f := range []footprint{
		one,
		{visit: 5, thread: 1},
		{visit: 4, thread: 2},
		{visit: 4, thread: 1, several: true},
		{visit: 4, thread: 1, writes: true},
		{visit: 4, thread: 1, ends: true},
		other,
	} {
		h := trodden([]footprint{f, other})
		require.NotContains(t, seen, h, "%+v", f)
		seen[h] = f
	}
}
