package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/plain"
)

// copied returns the folder with the copy of a module. It makes the copy if there is none.
func (s *settings) copied(ctx context.Context, m subject, kind string) (dir string, err error) {
	dir = filepath.Join(s.folder, "modules", kind, m.name+"@"+m.version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	download := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.module+"@"+m.version)
	download.Dir, download.Env = os.TempDir(), append(os.Environ(), "GO111MODULE=on", "GOFLAGS=-mod=mod")
	told, err := download.Output()
	var at struct{ Dir, Error string }
	if json.Unmarshal(told, &at) != nil || at.Dir == "" {
		return "", fmt.Errorf("%s@%s cannot be downloaded: %v %s", m.module, m.version, err, at.Error)
	}
	half := dir + ".half"
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	if err := copyFolder(half, at.Dir); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(half, "go.mod")); err != nil { // the release is older than Go modules
		if err := os.WriteFile(filepath.Join(half, "go.mod"), []byte("module "+m.module+"\n\ngo 1.18\n"), 0o666); err != nil {
			return "", err
		}
	}
	tidy := exec.CommandContext(ctx, "go", "mod", "tidy")
	tidy.Dir = half
	if out, err := tidy.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the dependencies of the tests of %s cannot be downloaded: %w\n%s", m.module, err, out)
	}
	return dir, os.Rename(half, dir)
}

// copyFolder copies a folder. The copies are writable, unlike files in the module cache.
func copyFolder(to, from string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o777)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o666)
	})
}

// packages returns the packages of a copy that have tests.
func (s *settings) packages(ctx context.Context, dir string, patterns []string) (with []plain.Package, err error) {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	all, err := plain.List(ctx, dir, nil, nil, patterns)
	for _, p := range all {
		if len(p.Tests) > 0 {
			with = append(with, p)
		}
	}
	return with, err
}
