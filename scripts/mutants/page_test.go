package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

// The command fails if a bug is not caught, so a table with a row for each bug says what the command says.
func TestThePageHasARowForEachBug(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	names := []string{control}
	for _, m := range mutants {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	rows, err := pages.Rows("README.md", command)
	require.NoError(t, err)
	require.Equal(t, names, rows)
	made, err := pages.Made("README.md", command)
	require.NoError(t, err)
	require.NotContains(t, made, "SURVIVED")
	require.NotContains(t, made, "not measured")
}
