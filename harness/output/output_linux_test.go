package output

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A folder that the user may not write to is reported before the run, by name.
func TestAFolderWithoutPermissionIsToldBefore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o755)) // others may come here
	require.NoError(t, os.Chmod(folder, 0o555))
	said := make(chan [2]error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		if os.Geteuid() == 0 {
			_, _ = unix.SetfsuidRetUid(65534)
		}
		said <- [2]error{Check(filepath.Join(folder, "file")), CheckFolder(filepath.Join(folder, "new", "folder"))}
	}()
	for _, err := range <-said {
		require.ErrorIs(t, err, ErrPlace)
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, "no file can be made in "+folder)
	}
}
