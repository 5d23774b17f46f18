// The stage: a private temporary folder with everything that the build reads instead of the files on disk. Its paths mirror
// the paths that they replace; for the wrapper around the cover tool, they also mirror the packages.

package overlay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/gofrs/flock"
)

// A stage is the temporary folder of one call.
type stage struct {
	dir        string
	file       string            // the overlay file; empty if the build reads the disk only
	replace    map[string]string // path -> file to read instead
	addedFiles []string          // binding files that must be named on the command line
	deliveries []delivery        // outputs to pass on after the go command has ended
	lock       *flock.Flock      // held while the stage is in use
	watcher    *watcher
}

func newStage() (*stage, error) {
	removeStale(os.TempDir())
	dir, err := os.MkdirTemp("", stagePrefix)
	if err != nil {
		return nil, fmt.Errorf("make the temporary folder for spliced sources: %w", err)
	}
	lock, err := own(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("make the temporary folder for spliced sources: %w", err)
	}
	return &stage{dir: dir, replace: map[string]string{}, lock: lock, watcher: watch(dir)}, nil
}

// remove removes the folder. What cannot be removed stays in the system's temporary folder, which the system cleans.
func (s *stage) remove() {
	_ = s.lock.Unlock() // first, because some systems cannot remove an open file
	_ = os.RemoveAll(s.dir)
	s.watcher.farewell()
}

// holdWork puts the temporary folder of the go command into the stage, because a go command that SIGTERM ends leaves it
// behind. The setting goes through the go command's own settings file: a variable would reach the tests, and their temporary
// folders and cached results depend on it.
func (s *stage) holdWork(g *goCommand) error {
	if g.inv.set("work") || g.settings.GOTMPDIR != "" {
		return nil // the user wants to find it
	}
	work, file := filepath.Join(s.dir, "work"), filepath.Join(s.dir, "goenv")
	text, err := os.ReadFile(g.settings.GOENV) // "off" and a missing file are no settings
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the settings of the go command: %w", err)
	}
	if err := os.MkdirAll(work, 0o700); err != nil {
		return fmt.Errorf("make the go command's temporary folder: %w", err)
	}
	if err := writeFile(file, fmt.Appendf(nil, "%s\nGOTMPDIR=%s\n", text, work)); err != nil {
		return err
	}
	g.env = append(g.env[:len(g.env):len(g.env)], "GOENV="+file)
	return nil
}

// mirror returns the file in the stage that replaces path.
func (s *stage) mirror(path string) string {
	volume := filepath.VolumeName(path)
	return filepath.Join(s.dir, "src", strings.TrimSuffix(volume, ":"), path[len(volume):])
}

// overlay makes the build read content instead of path.
func (s *stage) overlay(path string, content []byte) error {
	file := s.mirror(path)
	if err := writeFile(file, content); err != nil {
		return err
	}
	s.replace[path] = file
	return nil
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write a spliced source: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write a spliced source: %w", err)
	}
	return nil
}

// write writes a build to the stage, after its transforms have run.
func (s *stage) write(b *build) error {
	for from, to := range b.disk.replace {
		s.replace[from] = to
	}
	if err := s.stageMoved(b); err != nil {
		return err
	}
	for _, pf := range b.chosen {
		for _, f := range pf.files {
			if !f.changed() {
				continue
			}
			if err := s.writeSource(b, pf, f); err != nil {
				return err
			}
		}
	}
	if len(s.replace) == 0 {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": s.replace}, "", "\t")
	if err != nil {
		return fmt.Errorf("write the overlay: %w", err)
	}
	s.file = filepath.Join(s.dir, "overlay.json")
	if err := writeFile(s.file, text); err != nil {
		return err
	}
	return s.stageCoverTool(b)
}

func (s *stage) writeSource(b *build, pf *packageFiles, f *sourceFile) error {
	target, err := pf.target(f)
	if err != nil {
		return err
	}
	if f.original == nil && pf.listed.ImportPath == "command-line-arguments" && b.g.inv.fileList() {
		// Such a package consists of the named files, which must all name the same folder.
		s.addedFiles = append(s.addedFiles, filepath.Join(filepath.Dir(b.g.inv.packages[0]), filepath.Base(target)))
	}
	return s.overlay(target, f.staged(b.lineName(f.path, pf.moved)))
}

// flags returns the flags that the go command gets in addition to the user's.
func (s *stage) flags(inv *invocation) []string {
	var flags []string
	if s.file != "" {
		flags = append(flags, "-overlay="+s.file)
		if inv.covers() {
			flags = append(flags, "-toolexec=/bin/sh '"+s.coverTool()+"'")
		}
	}
	return flags
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
