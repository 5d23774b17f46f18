package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
	"github.com/racewindow/racewindow/scripts/pages"
)

// Every hunk fits at exactly one place, as --plant requires.
func TestEveryPatchApplies(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(mutants), 12)
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

func TestTheLastWordMayBeQuoted(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"--crash", "--program", "w0: append 1, flush; ! disk sync * #1 = EIO"}, words("--crash --program 'w0: append 1, flush; ! disk sync * #1 = EIO'"))
}

func TestThePageHasARowForEachBugThatIsSearchedFor(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	rows, err := pages.Rows("README.md", command)
	require.NoError(t, err)
	require.Equal(t, searchable(mutants), rows)
}

func TestATableThatSaysSomethingElseIsStale(t *testing.T) {
	t.Parallel()
	made, err := pages.Made("README.md", command)
	require.NoError(t, err)
	require.NoError(t, keep("", "README.md", made))
	changed := strings.Replace(made, "| NoCorruption |", "| **not found** |", 1)
	require.NotEqual(t, made, changed)
	require.ErrorIs(t, keep("", "README.md", changed), pages.ErrStale)
}

func TestANameThatNoBugHasIsNoPass(t *testing.T) {
	t.Chdir("../../..")
	err := run(t.Context(), "sync-nothing", "", "", 0)
	require.ErrorContains(t, err, "nothing was judged; near are ")
	require.Equal(t, 3, planted.ExitCode(err))
	require.Equal(t, 2, planted.ExitCode(usage("[", 0, nil)))
	require.Equal(t, 2, planted.ExitCode(usage("", -1, nil)))
	require.Equal(t, 2, planted.ExitCode(usage("", 0, []string{"x"})))
	require.NoError(t, usage("", 0, nil))
}
