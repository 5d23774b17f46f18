package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
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

func TestThePageHasARowForEachPlantedBug(t *testing.T) {
	t.Parallel()
	var names []string
	require.NoError(t, planted.Read(filepath.Join("..", "mutants"), func(path, _ string) error {
		names = append(names, planted.Name(path))
		return nil
	}))
	stand, err := pages.Rows(filepath.Join("..", "..", "harness", "sched", "README.md"), config{planted: true}.made())
	require.NoError(t, err)
	require.Equal(t, names, stand)
	page, err := pages.Made(filepath.Join("..", "mutants", "README.md"), "make mutants")
	require.NoError(t, err)
	known := smallest(page)
	for _, name := range names {
		_, err := programOf(known[name])
		require.NoError(t, err, name)
	}
}
