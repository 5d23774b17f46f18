package explore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// In the runtime with hooks an execution has a clock of its own, which is later than that of the search.
func TestTheClockOfAnExecutionDoesNotEndTheTryingOfDisks(t *testing.T) {
	t.Parallel()
	ended, release := over(t.Context(), time.Hour)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		require.False(t, ended())
		time.Sleep(50 * 365 * 24 * time.Hour) // of the bubble's, which begins in the year 2000
		require.False(t, ended())
	})
}

func TestTheBudgetEndsTheTryingOfDisks(t *testing.T) {
	t.Parallel()
	ended, release := over(t.Context(), time.Nanosecond)
	defer release()
	require.Eventually(t, ended, time.Minute, time.Millisecond)
	never, release := over(t.Context(), 0)
	defer release()
	require.False(t, never())
}
