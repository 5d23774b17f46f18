package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

func TestThePageHasARowForEachProgram(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range studies {
		names = append(names, s.name)
	}
	for _, p := range programs {
		names = append(names, p.name)
	}
	slices.Sort(names)
	stand, err := pages.Rows(filepath.Join("..", "..", "harness", "sched", "README.md"), command)
	require.NoError(t, err)
	require.Equal(t, names, stand)
}
