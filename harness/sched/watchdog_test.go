package sched

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A process that was held for longer than the time after which a thread hangs was ended when it went on: the clock had gone on meanwhile.
func TestAThreadHangsAfterSoManyTicksWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	still := stillness{seen: [3]uint64{1}}
	lasts := func(ticks int, idle bool, mark uint64) (last bool) {
		for range ticks {
			require.False(t, last)
			last = still.lasts([3]uint64{mark}, idle)
		}
		return last
	}
	require.False(t, lasts(ticksOfHang, false, 1))
	require.False(t, lasts(1, false, 2), "a thread has stopped")
	require.False(t, lasts(ticksOfHang, false, 2))
	require.False(t, lasts(100, true, 2), "the worker is idle")
	require.True(t, lasts(ticksOfHang+1, false, 2))
}
