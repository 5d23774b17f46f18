package main

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
)

func good() config {
	return config{seeds: 1, schedules: 1, estimate: 1, parallel: 1, budget: time.Second, timeout: time.Second}
}

func TestANameThatNoBugHasIsNoPass(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	c := good()
	require.NoError(t, c.settle("abort-keeps", nil))
	require.NoError(t, c.matching(mutants))
	c.run = regexp.MustCompile("abort-kepes")
	err = c.matching(mutants)
	require.ErrorContains(t, err, "no planted bug matches, so nothing was judged; near are abort-keeps-index")
	require.Equal(t, 3, planted.ExitCode(err))
}

func TestAWrongCallEndsWithTwo(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*config){
		func(c *config) { c.seeds = 0 }, func(c *config) { c.schedules = -1 }, func(c *config) { c.parallel = 0 },
		func(c *config) { c.parallel = 1 << 30 }, func(c *config) { c.budget = 0 }, func(c *config) { c.timeout = -1 },
	} {
		c := good()
		change(&c)
		require.Equal(t, 2, planted.ExitCode(c.settle("", nil)))
	}
	c := good()
	require.Equal(t, 2, planted.ExitCode(c.settle("[", nil)))
	require.Equal(t, 2, planted.ExitCode(c.settle("", []string{"more"})))
	require.Equal(t, 1, planted.ExitCode(fmt.Errorf("%w: a", errSurvivor)))
	require.Equal(t, 0, planted.ExitCode(nil))
}
