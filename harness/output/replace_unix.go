//go:build !windows

package output

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// replace writes a temporary file beside path, syncs it and renames it to path. An existing file keeps its mode, and its
// owner if the user may change owners.
func replace(path string, content []byte) error {
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if _, err := file.Write(content); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = file.Chown(int(owner.Uid), int(owner.Gid))
		}
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync() // if the system supports it
		_ = folder.Close()
	}
	return nil
}

// writable returns why the user may not write an existing file, or nil.
func writable(name string) error {
	if err := unix.Access(name, unix.W_OK); err != nil {
		return refused(name, err)
	}
	return nil
}
