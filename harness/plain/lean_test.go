package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

func TestAnExecutionCostsLittleMoreThanTheTestDoes(t *testing.T) {
	dir := copied(t, "lean")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Strategy: "random", Schedules: 1000, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestLooks", "TestLooksAfterManyPoints"} {
		end := got.ended[test]
		for _, f := range got.findings[test] {
			t.Error(f.Finding.Failure)
		}
		require.Equal(t, drive.HeldAll, end.Verdict, end.Because)
		require.Empty(t, end.Apart, "all executions were in one process")
		require.EqualValues(t, 1000, end.Statistics.Schedules)
	}
}
