package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

func TestThePageHasARowForEachBug(t *testing.T) {
	t.Parallel()
	var links []string
	for _, b := range bugs {
		links = append(links, b.link())
	}
	slices.Sort(links)
	rows, err := pages.Rows("README.md", command)
	require.NoError(t, err)
	require.Equal(t, links, rows)
}

// What the bugs are follows from bugs.go alone.
func TestThePageSaysWhatTheBugsAre(t *testing.T) {
	t.Parallel()
	made, err := pages.Made("README.md", listCommand)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(list()), strings.TrimSpace(made), "make history README=scripts/history/README.md writes it")
}

// A run of one bug replaces its row, and leaves the others where they are.
func TestRowsOfBugsThatWereNotRunStay(t *testing.T) {
	t.Parallel()
	page := t.TempDir() + "/README.md"
	begin, end := pages.Marks(command)
	row := func(b bug, verdict string) string { return "| " + b.link() + " | " + verdict + " |" }
	first, second, third := bugs[0], bugs[1], bugs[2]
	require.NoError(t, writeFile(page, begin+"\n"+header+row(first, "old")+"\n"+row(third, "old")+"\n"+end+"\n"))
	require.NoError(t, write(page, []string{row(third, "new"), row(second, "new")}))
	made, err := pages.Made(page, command)
	require.NoError(t, err)
	require.Equal(t, header+row(first, "old")+"\n"+row(second, "new")+"\n"+row(third, "new"), strings.TrimSpace(made))
}
