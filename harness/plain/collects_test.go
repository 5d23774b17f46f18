package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// The collector's worker was taken for the goroutine of the test, and the process waited for it for ever.
func TestAFirstCollectionMayComeWhileAnExecutionBegins(t *testing.T) {
	dir := copied(t, "collects")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1}
	ended := explored(t, s, dir).ended["TestCollectsRight"]
	require.Equal(t, drive.HeldAll, ended.Verdict, ended.Because)
}
