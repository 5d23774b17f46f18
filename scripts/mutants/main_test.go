package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
)

func good() config {
	return config{seeds: 1, schedules: 1, estimate: 1, parallel: 1, budget: time.Second, timeout: time.Second, strategies: []string{"pct"}}
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
		func(c *config) { c.strategies = []string{"pct", "guidde"} },
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

// A column can be made again alone. What is kept must have been made with the same settings.
func TestTheOtherColumnsAndRowsAreKept(t *testing.T) {
	t.Parallel()
	c := good()
	require.NoError(t, c.settle("^a-bug$", nil))
	c.out, c.keep = t.TempDir(), true
	r := someResults()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(c.out, "mutants.json"), text, 0o666))
	_, err = c.before()
	require.ErrorContains(t, err, "the earlier measurement has --seeds 3 --schedules 1000 --budget 1s: give the same")
	require.Equal(t, 2, planted.ExitCode(err))

	c.seeds, c.schedules = r.Seeds, r.Schedules
	before, err := c.before()
	require.NoError(t, err)
	require.Equal(t, []string{control, "a-bug", "b-bug", "c-bug"}, names(before), "d-bug was never measured")
	bug := before.Mutants[1]
	require.False(t, bug.has([]string{"pct"}))
	require.True(t, bug.has([]string{"random", "pos", "bounded"}))
	require.NotNil(t, bug.Smallest, "random had found it too")

	require.NoError(t, c.settle("", nil))
	c.strategies = []string{"random", "pct", "pos", "bounded"}
	before, err = c.before()
	require.NoError(t, err)
	require.Empty(t, before.Mutants)
	c.strategies = []string{"random"}
	before, err = c.before()
	require.NoError(t, err)
	require.Equal(t, []string{control, "a-bug"}, names(before), "the engine without a bug has the column, and is not measured again")
}

func names(r results) (all []string) {
	for _, m := range r.Mutants {
		all = append(all, m.Name)
	}
	return all
}
