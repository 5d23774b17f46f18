package plain

import (
	"flag"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

var studySeeds = flag.Uint64("studies.seeds", 1, "with how many `seeds` the programs of studies are explored")

// The bar is RFF's study, in which random walks, PCT and POS do not come there.
func TestProgramsOfStudiesAreFoundWithinAHundredSchedulesByDefault(t *testing.T) {
	dir := copied(t, "studies")
	s := session(t, dir)
	after := map[string][]uint64{}
	for seed := range *studySeeds {
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 2000, Seed: seed + 1}
		got := explored(t, s, dir)
		for _, test := range []string{"TestReorder100", "TestTwoStage100", "TestLostTokens100"} {
			end := got.ended[test]
			require.NotNil(t, end, test)
			require.Equal(t, drive.FoundSome, end.Verdict, "%s, seed %d: %s", test, seed+1, end.Because)
			require.LessOrEqual(t, end.Statistics.Schedules, uint64(100), "%s, seed %d", test, seed+1)
			after[test] = append(after[test], end.Statistics.Schedules)
		}
	}
	for test, n := range after {
		slices.Sort(n)
		t.Logf("%s: schedules until found: median %d, worst %d of %d seeds", test, n[len(n)/2], n[len(n)-1], len(n))
	}
}
