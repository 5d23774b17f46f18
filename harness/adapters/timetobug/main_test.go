package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

func page(t *testing.T, tables ...string) string {
	var text strings.Builder
	for i, command := range commands {
		begin, end := pages.Marks(command)
		text.WriteString(begin + "\n\n" + tables[i] + "\n" + end + "\n")
	}
	path := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

func TestACurveCountsTheProgramsOfBothTables(t *testing.T) {
	t.Parallel()
	path := page(t,
		"| program | random | portfolio |\n|---|---|---|\n| a | 9, 12 | 3 (8 of 9) |\n| b | none in 5000 | over 5000 (1 of 9) |\n",
		"| program | random | portfolio |\n|---|---|---|\n| c | 4, 5 | 7, 8 |\n")
	all, programs, err := read(path)
	require.NoError(t, err)
	require.Equal(t, 3, programs)
	require.Equal(t, []series{{"random", []int{4, 9}}, {"portfolio", []int{3, 7}}}, all)
	file := filepath.Join(t.TempDir(), "plot.svg")
	require.NoError(t, run(path, file))
	drawn, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "Bugs found, of 3")
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestAPageWithoutATableIsNoPlot(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(page(t, "", ""), filepath.Join(t.TempDir(), "x.svg")), "run make race-to-bug")
}
