package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

func TestTheFigureOfAWholeTableIsTheMedianOfItsRounds(t *testing.T) {
	t.Parallel()
	of := func(schedules uint64) figure { return figure{schedules, schedules * 10, time.Second} }
	require.Equal(t, of(3), figures{all: []figure{of(9), of(3), of(1)}}.result())
	require.InDelta(t, 3, of(3).rate(), 0)
}

// The slower processes of both kinds say nothing, and the start of a process is left out.
func TestTheFigureOfAPointIsADifferenceOfTheFastest(t *testing.T) {
	t.Parallel()
	few := []figure{{20, 200, 5 * time.Second}, {20, 200, 3 * time.Second}}
	all := []figure{{100, 1000, 11 * time.Second}, {100, 1000, 19 * time.Second}}
	require.Equal(t, figure{80, 800, 8 * time.Second}, figures{few, all}.result())
}

func TestAWrongCallIsRefused(t *testing.T) {
	t.Parallel()
	for _, wrong := range []struct {
		s              settings
		run, mode, why string
	}{
		{settings{rounds: 0, schedules: 1000}, ".", "", "use at least 1 round"},
		{settings{rounds: 1, schedules: 1000}, "(", "", "-run:"},
		{settings{rounds: 1, schedules: 1000}, ".", "fast", "-mode fast: use plain"},
	} {
		require.ErrorContains(t, wrong.s.check(wrong.run, wrong.mode), wrong.why)
	}
}

func TestTheFigureOfReplaysIsTheMedianOfEachKind(t *testing.T) {
	t.Parallel()
	fresh, again := medians([]replay{{9, 1}, {3, 2}, {1, 7}})
	require.Equal(t, []time.Duration{3, 2}, []time.Duration{fresh, again})
}

// The figures depend on the machine; which tests have figures does not.
func TestThePageHasARowForEachMeasuredTest(t *testing.T) {
	t.Chdir("../..")
	var names []string
	for _, one := range (&settings{run: regexp.MustCompile(measured)}).tests() {
		names = append(names, one.name)
	}
	slices.Sort(names)
	rows, err := pages.Rows("scripts/benchexplore/README.md", "make bench-explore")
	require.NoError(t, err)
	require.Equal(t, names, rows)
	rows, err = pages.Rows("scripts/benchexplore/README.md", "make bench-explore, points")
	require.NoError(t, err)
	require.Equal(t, slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "TestPoints") }), rows)
}

// Both modules are measured, each test in a process of its own, and the last round leaves a profile.
func TestEachTestIsExploredAsOftenAsItIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds test binaries with the runtime with hooks")
	}
	t.Chdir("../..")
	s := settings{run: regexp.MustCompile("^TestLogRight$|^TestPointsOfLocks$"), schedules: 1000, rounds: 1, strategy: "pos", profile: t.TempDir(), modes: []mode{{"plain", false}}}
	folder := t.TempDir()
	require.NoError(t, s.build(t.Context(), folder))
	tests := s.tests()
	require.Len(t, tests, 2)
	for i, schedules := range []uint64{1000, 20} {
		var got figures
		require.NoError(t, s.once(t.Context(), s.modes[0], tests[i], folder, "", &got))
		require.Len(t, got.all, 1)
		require.Equal(t, schedules, got.all[0].schedules)
		require.Positive(t, got.all[0].used)
		require.Len(t, got.few, i, "a test of points is measured by a difference")
		_, err := s.row(t.Context(), s.modes[0], tests[i], []string{folder, folder})
		require.NoError(t, err)
		profile, err := os.Stat(filepath.Join(s.profile, tests[i].name+".plain.pprof"))
		require.NoError(t, err)
		require.Positive(t, profile.Size())
	}
	r, err := replayed(t.Context(), test{modules[0], "TestLockOrder"}, folder)
	require.NoError(t, err)
	require.Positive(t, r.fresh)
	_, err = replayed(t.Context(), test{modules[0], "TestLockOrderRight"}, folder)
	require.ErrorContains(t, err, "does not fail")
}
