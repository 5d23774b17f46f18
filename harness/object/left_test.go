package object

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFolderThatCouldNotBeRemovedIsTriedAgain(t *testing.T) {
	t.Parallel()
	var l leftFolders
	still := filepath.Join(t.TempDir(), "still")
	require.NoError(t, os.MkdirAll(filepath.Join(still, "file"), 0o700))
	l.all = []string{still}
	next := filepath.Join(t.TempDir(), "next")
	require.NoError(t, os.Mkdir(next, 0o700))
	l.remove(next)
	require.NoDirExists(t, still)
	require.NoDirExists(t, next)
	require.Empty(t, l.all)

	refused := "a\x00b" // no file has such a name
	for range 2 * mostLeft {
		l.remove(refused)
	}
	require.Len(t, l.all, mostLeft)
}
