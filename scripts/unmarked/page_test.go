package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

// The command fails if a verdict is not the expected one, so a table with a row for each hand-over says what the command says.
func TestThePageHasARowForEachHandover(t *testing.T) {
	t.Parallel()
	var names []string
	for _, h := range handovers {
		names = append(names, h.name)
	}
	slices.Sort(names)
	rows, err := pages.Rows("README.md", "make unmarked")
	require.NoError(t, err)
	require.Equal(t, names, rows)
}
