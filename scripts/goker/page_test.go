package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

func TestThePageHasARowForEachKernelAndEachFix(t *testing.T) {
	t.Parallel()
	kernels, err := readKernels(goroot(t))
	require.NoError(t, err)
	var names, fixed []string
	for _, k := range kernels {
		names = append(names, k.name)
	}
	for _, f := range fixes {
		fixed = append(fixed, f.kernel)
	}
	slices.Sort(names)
	slices.Sort(fixed)
	for command, want := range map[string][]string{leakCommand: names, fixCommand: fixed} {
		rows, err := pages.Rows("README.md", command)
		require.NoError(t, err)
		require.Equal(t, want, rows, command)
		made, err := pages.Made("README.md", command)
		require.NoError(t, err)
		require.NotContains(t, made, "**", "a row in bold is a failure")
	}
}
