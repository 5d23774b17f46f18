// The cache for builds with the runtime.

package runtime

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Cache is a folder that holds a build cache and links to toolchains.
type Cache struct{ Dir string }

// DefaultCache is in the user's cache folder.
func DefaultCache() (Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return Cache{}, fmt.Errorf("there is no folder for a build cache: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return Cache{filepath.Join(dir, "racewindow", "runtime")}, nil
}

// build is the folder that GOCACHE names.
func (c Cache) build() string { return filepath.Join(c.Dir, "build") }

// Empty says that nothing was built yet, so the next build also builds the standard library.
func (c Cache) Empty() bool {
	entries, err := os.ReadDir(c.build())
	return err != nil || len(entries) == 0
}

// make makes the folders, accessible only to their owner, because what lies there is executed.
func (c Cache) make() error {
	if err := os.MkdirAll(c.build(), 0o700); err != nil {
		return fmt.Errorf("make the build cache: %w", err)
	}
	for _, dir := range []string{c.Dir, c.build()} {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("make the build cache: %w", err)
		}
	}
	return nil
}

// Size is how many bytes the cache takes; 0 if there is none.
func (c Cache) Size() (bytes int64, err error) {
	err = filepath.WalkDir(c.Dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process removes files meanwhile
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes, err
}

// Clean removes the cache. It returns how many bytes the cache took.
func (c Cache) Clean() (bytes int64, err error) {
	if bytes, err = c.Size(); err != nil {
		return 0, err
	}
	return bytes, os.RemoveAll(c.Dir)
}
