// Coverage. Even with an overlay, the go command gives the cover tool the names of the files on disk, so a covered package
// would run uninstrumented. Therefore every tool is started through a small script that gives the staged files to the cover
// tool. The binding files, which no author wrote, bypass the cover tool and go to the compiler, so they appear in no
// profile, percentage or counter.

package overlay

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// coverScript finds everything it needs in its own folder. It finds a file by its path, or by package and base name: Go 1.26
// gives the cover tool absolute names, and later versions give names relative to a folder.
//
//go:embed cover.sh
var coverScript []byte

func (s *stage) coverTool() string { return filepath.Join(s.dir, "tool.sh") }

func (s *stage) stageCoverTool(b *build) error {
	if !b.g.inv.covers() {
		return nil
	}
	if strings.Contains(s.dir, "'") {
		return usage("-cover needs a temporary folder without a quote in its name, not %s: set TMPDIR", s.dir)
	}
	for _, pf := range b.chosen {
		for _, f := range pf.files {
			if err := s.indexByPackage(pf, f); err != nil {
				return fmt.Errorf("prepare the files for the cover tool: %w", err)
			}
		}
	}
	return writeFile(s.coverTool(), coverScript)
}

// indexByPackage lets the script find a staged file by package and base name.
func (s *stage) indexByPackage(pf *packageFiles, f *sourceFile) error {
	target, err := pf.target(f)
	if err != nil {
		return err
	}
	staged, ok := s.replace[target]
	if !ok || !f.changed() {
		return nil
	}
	dir := filepath.Join(s.dir, "package", filepath.FromSlash(pf.listed.ImportPath))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Symlink(staged, filepath.Join(dir, filepath.Base(target)))
}
