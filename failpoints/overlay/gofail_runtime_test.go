package overlay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Programs that tidy caches remove old files and leave the folders.
func TestAKeptFolderThatHasLostFilesIsMadeWhole(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"go.mod": []byte("module m\n"), "runtime/a.go": []byte("package runtime\n"), "runtime/b.go": []byte("package runtime\n\nvar B int\n")}
	to := filepath.Join(t.TempDir(), "m@v1")
	for _, lose := range [][]string{{}, {"runtime/a.go"}, {"runtime"}, {"go.mod", "runtime/b.go"}} {
		for _, name := range lose {
			require.NoError(t, os.RemoveAll(filepath.Join(to, name)))
		}
		require.NoError(t, keep(to, files))
		for name, content := range files {
			text, err := os.ReadFile(filepath.Join(to, filepath.FromSlash(name)))
			require.NoError(t, err)
			require.Equal(t, content, text)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(to, "runtime", "b.go"), []byte("cut"), 0o600))
	require.NoError(t, keep(to, files), "a file that was cut is made again")
	require.NoError(t, os.WriteFile(filepath.Join(to, "runtime", "c.go"), nil, 0o600))
	require.Error(t, keep(to, files), "a file of somebody else is not removed")
	left, err := os.ReadDir(filepath.Join(to, "runtime"))
	require.NoError(t, err)
	require.Len(t, left, 3, "nothing else is left")
}
