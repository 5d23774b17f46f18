package plain

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// With ten goroutines or more, an enumeration of the schedules without a preemption does not come to its end, nor to those with one.
func TestAFindingAmongManyGoroutinesHasTheFewestPreemptions(t *testing.T) {
	t.Parallel()
	dir := copied(t, "fewest")
	for seed := range uint64(3) {
		s := session(t, dir)
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 4_000, Seed: seed + 1}
		got := explored(t, s, dir)
		for test := range got.ended {
			f := requireFound(t, got, test)
			needed, err := strconv.Atoi(test[len(test)-1:])
			require.NoError(t, err)
			require.Equal(t, needed, f.Preemptions, "%s, seed %d: shrunk from %d to %v", test, seed+1, f.FromPreemptions, f.Schedule)
			require.Positive(t, f.Fewer, "%s: there are more schedules with fewer preemptions than could be executed", test)
			require.Equal(t, f.Replays, f.Replayed, test)
		}
	}
}
