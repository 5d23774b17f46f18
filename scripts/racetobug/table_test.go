package main

import (
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheShareComparesThePortfolioWithTheBestOfEachRow(t *testing.T) {
	t.Parallel()
	made := newTable(config{seeds: 3}, io.Discard)
	row := func(name string, cells ...string) {
		made.begin(name)
		for _, cell := range cells {
			made.cell(cell)
		}
		made.endRow()
	}
	row("found", "4, 9", "8 (2 of 3)", "over 50 (1 of 3)", "none in 50", "16, 16", "5", "4, 4", "8, 9")
	row("by the portfolio alone", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "25, 30")
	require.InDelta(t, 1, made.share(), 1e-9, "twice, and half")
	row("by nothing", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50", "none in 50")
	require.InDelta(t, 1, made.share(), 1e-9)
	require.Contains(t, made.end(), "1.00 times as many schedules")
}

func TestARowThatWasMeasuredAgainReplacesTheOldOne(t *testing.T) {
	t.Parallel()
	cells := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	measured := func(name, first string) *table {
		made := newTable(config{seeds: 3, planted: true}, io.Discard)
		made.begin(name)
		for i, cell := range cells {
			if i == 0 {
				cell = first
			}
			made.cell(cell)
		}
		made.endRow()
		return made
	}
	old := measured("b", "1").end()
	both := measured("a", "1").merged(old)
	require.Contains(t, both, "| a | 1 | 2 |")
	require.Contains(t, both, "| b | 1 | 2 |")
	require.Contains(t, measured("b", "9").merged(both), "| b | 9 | 2 |")
	require.NotContains(t, measured("b", "9").merged(both), "| b | 1 | 2 |")
	require.NotContains(t, measured("b", "9").merged("| program | other columns |\n|---|---|\n| a | 1 |"), "| a |", "measured in another way")
}

func TestAColumnThatIsNotMeasuredStays(t *testing.T) {
	t.Parallel()
	measured := func(columns string, names ...string) *table {
		c := config{seeds: 3}
		require.NoError(t, c.choose(columns))
		made := newTable(c, io.Discard)
		for _, name := range names {
			made.begin(name)
			for i, title := range titles() {
				cell := ""
				if c.measures(title) {
					cell = strconv.Itoa(10*len(columns) + i + 1)
				}
				made.cell(cell)
			}
			made.endRow()
		}
		return made
	}
	old := measured("", "b", "a").end()
	require.Contains(t, old, "| b | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |\n| a | 1 ")
	again := measured("^pct$|portfolio", "b", "a").merged(old)
	require.Contains(t, again, "| b | 1 | 152 | 3 | 4 | 5 | 6 | 7 | 158 |\n| a | 1 ", "in the order of the programs")
	require.Contains(t, again, "needs 158.00 times")
	require.NotContains(t, measured("portfolio", "b").end(), "times", "nothing stands beside it")
	require.ErrorContains(t, (&config{}).choose("none"), "no column has such a title: they are random, pct")
	require.ErrorContains(t, (&config{}).choose("("), "-columns")
}

func TestTheSmallestCasesAreReadFromThePageOfTheBugs(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"one": "v1 scenario=log; w0: flush"}, smallest(
		"text `v1 of no bug`\n- **one**: it has `a name`. Resembles this. `v1 scenario=log; w0: flush`\n- **none**: it was not found.\n"))
}

func TestTheProgramOfACaseHasNoSchedule(t *testing.T) {
	t.Parallel()
	c, err := programOf("v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ r0@read/metadata-loaded#1>w0")
	require.NoError(t, err)
	require.Empty(t, c.Switches)
	require.Len(t, c.Threads, 2)
	_, err = programOf("v1 scenario=log handover=none; w0: flush")
	require.ErrorContains(t, err, "none")
}
