package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheFigureOfAWholeTableIsTheMedianOfItsRounds(t *testing.T) {
	t.Parallel()
	of := func(schedules uint64) figure { return figure{schedules, schedules * 10, time.Second} }
	require.Equal(t, of(3), median([]figure{of(9), of(3), of(1)}))
	require.InDelta(t, 3, of(3).rate(), 0)
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

// Both modules are measured, each test in a process of its own, and a profile comes of the last round.
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
		f, err := s.once(t.Context(), s.modes[0], tests[i], folder, "")
		require.NoError(t, err)
		require.Equal(t, schedules, f.schedules)
		require.Positive(t, f.used)
		_, err = s.row(t.Context(), s.modes[0], tests[i], []string{folder, folder})
		require.NoError(t, err)
		profile, err := os.Stat(filepath.Join(s.profile, tests[i].name+".plain.pprof"))
		require.NoError(t, err)
		require.Positive(t, profile.Size())
	}
}
