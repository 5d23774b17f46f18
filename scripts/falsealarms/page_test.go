package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

// The command fails on what is not expected, so a table with a row for each package says what the command says.
func TestThePageHasARowForEachPackage(t *testing.T) {
	t.Parallel()
	rows, err := pages.Rows("README.md", command)
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(slices.Values(packages)), rows)
}
