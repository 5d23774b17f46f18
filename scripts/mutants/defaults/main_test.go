package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

// Every hunk fits at exactly one place, as --plant requires.
func TestEveryPatchApplies(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(mutants), 25)
	for _, m := range mutants {
		text, err := os.ReadFile(m.path)
		require.NoError(t, err)
		files, _, err := gitdiff.Parse(bytes.NewReader(text))
		require.NoError(t, err, m.name)
		require.NotEmpty(t, files, m.name)
		for _, f := range files {
			source, err := os.ReadFile(filepath.Join("../../..", f.OldName))
			require.NoError(t, err, m.name)
			for _, hunk := range f.TextFragments {
				before := ""
				for _, l := range hunk.Lines {
					if l.Op != gitdiff.OpAdd {
						before += l.Line
					}
				}
				require.Equal(t, 1, bytes.Count(append([]byte("\n"), source...), []byte("\n"+before)), "%s: %s: %s does not fit exactly once", m.name, f.OldName, hunk.Header())
			}
		}
	}
}

// A table that lacks a bug, because the bug was added later, is stale.
func TestThePageHasARowForEachBug(t *testing.T) {
	t.Parallel()
	mutants, err := chooseFrom("", ".", "..", "../durability")
	require.NoError(t, err)
	names := []string{"(none)"}
	for _, m := range mutants {
		names = append(names, m.name)
	}
	slices.Sort(names)
	rows, err := pages.Rows("README.md", command)
	require.NoError(t, err)
	require.Equal(t, names, rows)
}

func TestABugThatIsFoundNoMoreMakesTheTableStale(t *testing.T) {
	t.Parallel()
	made, err := pages.Made("README.md", command)
	require.NoError(t, err)
	require.NoError(t, keep("", "README.md", made))
	changed := strings.Replace(made, "| yes |", "| no |", 1)
	require.NotEqual(t, made, changed)
	require.ErrorIs(t, keep("", "README.md", changed), pages.ErrStale)
}

// A piece of the table keeps what another piece has measured.
func TestThePageIsMadeInPieces(t *testing.T) {
	t.Parallel()
	const old = "| planted bug | explore | explore --crash | found | shown as |\n|---|---|---|---|---|\n" +
		"| (none) | - | - | no |  |\n| a | 5.4 s | | yes | Progress |\n| b | - | - | no |  |\n"
	piece := merged(old, "| planted bug | stress of 1 s | found | shown as |\n|---|---|---|---|\n| (none) | - | no |  |\n| b | 2.1 s | yes | TailLimit |\n| c | exit code 3 | no | |\n")
	require.Equal(t, "| planted bug | explore | explore --crash | stress of 1 s | found | shown as |\n|---|---|---|---|---|---|\n"+
		"| (none) | - | - | - | no |  |\n| a | 5.4 s |  |  | yes | Progress |\n| b | - | - | 2.1 s | yes | TailLimit |\n| c |  |  | exit code 3 | no |  |\n", piece)
	sooner := merged(piece, "| planted bug | explore --crash | stress of 1 s | found | shown as |\n|---|---|---|---|---|\n| a | 3.0 s | - | yes | Durability |\n| b | 9.0 s | - | yes | Durability |\n")
	require.Contains(t, sooner, "| a | 5.4 s | 3.0 s | - | yes | Progress |\n| b | - | 9.0 s | - | yes | Durability |")
	again := merged(piece, "| planted bug | explore | found | shown as |\n|---|---|---|---|\n| a | - | no |  |\n")
	require.Contains(t, again, "| a | - |  |  | no |  |")
}

func TestANameThatNoBugHasIsNoPass(t *testing.T) {
	t.Parallel()
	t.Run("none", func(t *testing.T) {
		_, err := chooseFrom("no-such-bug", ".")
		require.ErrorContains(t, err, "nothing was judged")
	})
	t.Run("one", func(t *testing.T) {
		mutants, err := chooseFrom("^committed-twice$", ".")
		require.NoError(t, err)
		require.Len(t, mutants, 1)
	})
}

func TestTheBugsOfTheOtherFoldersAreTakenToo(t *testing.T) {
	t.Parallel()
	mutants, err := chooseFrom(".", ".", "..", "../durability")
	require.NoError(t, err)
	require.Greater(t, len(mutants), 75)
	for _, m := range mutants {
		require.Empty(t, m.survives+m.equivalent, m.name)
	}
}
