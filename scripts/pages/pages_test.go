package pages

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func pageOf(t *testing.T, made string) (path string) {
	t.Helper()
	begin, end := Marks("make something")
	path = filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(path, []byte("before\n"+begin+"\n"+made+"\n"+end+"\nafter\n"), 0o600))
	return path
}

func TestThePageKeepsWhatIsNotGenerated(t *testing.T) {
	t.Parallel()
	path := pageOf(t, "old")
	begin, end := Marks("make something")
	for range 2 {
		require.NoError(t, Write(path, "make something", "new\n"))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"\n\nnew\n\n"+end+"\nafter\n", string(text))
	require.NoError(t, os.WriteFile(path, []byte("no marks"), 0o600))
	require.ErrorContains(t, Write(path, "make something", "new"), "no lines")
	require.ErrorContains(t, Check(path, "make something", "new", false), "no lines")
	require.ErrorContains(t, Ready("make something", "", path), "no lines")
	require.NoError(t, Ready("make something", "", pageOf(t, "old")))
	require.ErrorIs(t, Ready("make something", filepath.Join(t.TempDir(), "none")), os.ErrNotExist)
}

func TestAPageThatHoldsSomethingElseIsStale(t *testing.T) {
	t.Parallel()
	path := pageOf(t, "| a | 1 |\n| b | 2 |")
	require.NoError(t, Check(path, "make something", "| a | 1 |\n| b | 2 |\n", false))
	require.NoError(t, Check(path, "make something", "| b | 2 |\n", true), "a run of one row")
	require.ErrorIs(t, Check(path, "make something", "| b | 2 |\n", false), ErrStale, "a row that is made no more")
	for _, part := range []bool{false, true} {
		err := Check(path, "make something", "| a | 1 |\n| b | 3 |\n", part)
		require.ErrorIs(t, err, ErrStale)
		require.ErrorContains(t, err, "| b | 3 |\nwhich is what 'make something' measures now; write it there with -readme "+path)
	}
	require.ErrorIs(t, Check(filepath.Join(t.TempDir(), "none"), "x", "y", false), os.ErrNotExist)
}
