package rounds

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/soak"
)

func TestExploreFindsShrinksAndSaysWhatItSaw(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	spec := counted("explore", "stale", 7, 600)
	first, err := Explore(nil).Run(t.Context(), spec)
	require.NoError(t, err)
	requireKnownCounts(t, first)
	require.NotEmpty(t, first.Found)
	require.EqualValues(t, 600, first.Counts[soak.CountSchedules])
	require.Equal(t, "stale", first.Handover)
	require.Positive(t, first.Points["read/metadata-loaded"])
	require.Contains(t, strings.Join(first.Behaviour, "\n"), soak.PairPrefix+"read/metadata-loaded > ")
	require.True(t, first.Found[0].Report.Shrink != nil && first.Found[0].Report.Replayed == 5)
	again, err := Explore(nil).Run(t.Context(), spec)
	require.NoError(t, err)
	for _, name := range []string{soak.CountSchedules, soak.CountPrograms} {
		require.Equal(t, first.Counts[name], again.Counts[name], "the same round does the same")
	}
	require.Equal(t, classes(first), classes(again))
	if shrunk(first) && shrunk(again) { // time ends what a slow machine does not get done
		require.Len(t, again.Found, len(first.Found))
		for i, f := range first.Found {
			require.Equal(t, f.Case, again.Found[i].Case)
		}
	}
}

// classes are what was found, each once.
func classes(r soak.RoundResult) map[string]bool {
	all := map[string]bool{}
	for _, f := range r.Found {
		all[f.Class] = true
	}
	return all
}

// shrunk says whether nothing can be taken away from any case.
func shrunk(r soak.RoundResult) bool {
	return !slices.ContainsFunc(r.Found, func(f soak.Found) bool { return !f.Report.Shrink.Minimal })
}

func TestEveryKnownBugIsFoundByExploringDrawnPrograms(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	requireCanaries(t, Explore(nil))
	blind, err := soak.RoundCanary(Explore(nil), "snapshot", 50, time.Nanosecond).Run(t.Context(), 3)
	require.NoError(t, err)
	require.False(t, blind.Passed)
}

func TestStressFindsTheKnownBugAndItsSmallestCase(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	requireCanaries(t, Stress{Minimal: 5 * time.Second})
	r, err := Stress{}.Run(t.Context(), counted("stress", "snapshot", 4, 2000))
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Empty(t, r.Found)
	require.Empty(t, r.Inconclusive)
	require.GreaterOrEqual(t, r.Counts[soak.CountOperations], uint64(2000))
	require.NotEmpty(t, r.Behaviour)
}

func TestTheSettingsOfAStressRoundFollowFromItsSeed(t *testing.T) {
	t.Parallel()
	spec := soak.RoundSpec{Kind: "stress", Variant: "snapshot", Seed: 9, For: 5 * time.Second}
	c, o, disk := Stress{}.settings(spec)
	c2, o2, disk2 := Stress{}.settings(spec)
	require.Equal(t, []any{c, o, disk}, []any{c2, o2, disk2})
	spec.Seed = 10
	c3, o3, _ := Stress{}.settings(spec)
	require.NotEqual(t, []any{c, o}, []any{c3, o3})
}

func TestACrashRoundRecoversFromDisks(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	require.Equal(t, []string{"ordered", "weak"}, Crash().Variants())
	if sched.UnderRaceDetector() {
		_, err := Crash().Run(t.Context(), counted("crash", "weak", 1, 5))
		require.ErrorContains(t, err, "needs a build without -race")
		return
	}
	for i, variant := range Crash().Variants() {
		r, err := Crash().Run(t.Context(), counted("crash", variant, uint64(101+i), 8))
		require.NoError(t, err)
		requireKnownCounts(t, r)
		require.Empty(t, r.Inconclusive)
		require.EqualValues(t, 8, r.Counts[soak.CountSchedules])
		require.Positive(t, r.Counts[soak.CountCrashes])
		require.NotEmpty(t, r.Behaviour)
	}
	_, err := Crash().Run(t.Context(), counted("crash", "none", 1, 5))
	require.ErrorIs(t, err, disks.ErrModel)
}
