// Dependencies in the module cache. The go command refuses an overlay there, so an included module gets another place: a
// go.mod (or go.work) that exists in the overlay only replaces the module by a folder that exists in the overlay only.
// Nothing is copied; and because the folder has the same name in every call, the build cache serves. If a tool must run
// inside the folder (a C compiler, vet) or reads the disk (cover), the module is copied to the temporary folder instead.
// That costs compiling it, and what imports it, in every call.

package overlay

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A movedModule is a dependency that the build reads from another folder.
type movedModule struct {
	path, version string
	from, to      string
	goMod         []byte
	copied        bool              // to is a real folder, in the temporary folder
	brought       map[string][]byte // the files of a module that this package supplies; from is then empty
	direct        bool              // a package of the main module imports the supplied module
}

// move returns the new place for the module of p, and makes one if there is none yet.
func (b *build) move(p *listedPackage) (*movedModule, error) {
	source := p.Module
	if source.Replace != nil {
		source = source.Replace
	}
	for _, m := range b.moved {
		if m.path == p.Module.Path {
			m.copied = m.copied || hasForeignFiles(p)
			return m, nil
		}
	}
	if source.Dir == "" {
		return nil, usage("--include %s: its sources are not on this machine (go mod download)", p.Module.Path)
	}
	m := &movedModule{path: p.Module.Path, version: p.Module.Version, from: source.Dir, copied: hasForeignFiles(p)}
	text, err := os.ReadFile(source.GoMod)
	if err != nil { // a module from before go.mod
		text = []byte("module " + p.Module.Path + "\n")
	}
	m.goMod = text
	b.moved = append(b.moved, m)
	return m, nil
}

func hasForeignFiles(p *listedPackage) bool {
	return len(p.CgoFiles)+len(p.CFiles)+len(p.CXXFiles)+len(p.MFiles)+len(p.HFiles)+len(p.SFiles)+
		len(p.SwigFiles)+len(p.SysoFiles) > 0
}

// rootFile returns the go.work or go.mod that decides where modules come from.
func (b *build) rootFile() string {
	switch {
	case b.g.settings.GOWORK != "":
		return b.g.settings.GOWORK
	case b.g.inv.flags["modfile"] != "":
		return absolute(b.g.dir, b.g.inv.flags["modfile"])
	}
	return b.g.settings.GOMOD
}

// replaceMoved returns the root file with a replacement for every moved module; name gives the name of its folder.
func (b *build) replaceMoved(name func(dir string) string) (path string, content []byte, err error) {
	path = b.rootFile()
	text, err := b.disk.read(path)
	if err != nil {
		return "", nil, fmt.Errorf("read %s to replace the included modules: %w", path, err)
	}
	if b.g.settings.GOWORK != "" {
		work, err := modfile.ParseWork(path, text, nil)
		if err != nil {
			return "", nil, fmt.Errorf("replace the included modules: %w", err)
		}
		for _, m := range b.moved {
			add := func() error { return work.AddReplace(m.path, m.version, name(m.to), "") }
			if m.brought != nil { // nothing in a workspace must require a module that the workspace uses
				add = func() error { return work.AddUse(name(m.to), m.path) }
			}
			if err := add(); err != nil {
				return "", nil, fmt.Errorf("replace %s in %s: %w", m.path, path, err)
			}
		}
		return path, modfile.Format(work.Syntax), nil
	}
	mod, err := modfile.Parse(path, text, nil)
	if err != nil {
		return "", nil, fmt.Errorf("replace the included modules: %w", err)
	}
	for _, m := range b.moved {
		version := m.version
		if m.brought != nil {
			version = "" // whichever version the module graph has
			if !requires(mod, m.path) {
				mod.AddNewRequire(m.path, m.version, !m.direct) // with -mod=mod the // indirect comment must be right
			}
		}
		if err := mod.AddReplace(m.path, version, name(m.to), ""); err != nil {
			return "", nil, fmt.Errorf("replace %s in %s: %w", m.path, path, err)
		}
	}
	content, err = mod.Format()
	return path, content, err
}

func requires(mod *modfile.File, path string) bool {
	return slices.ContainsFunc(mod.Require, func(r *modfile.Require) bool { return r.Mod.Path == path })
}

// stageMoved gives every moved module its place and its replacement.
func (s *stage) stageMoved(b *build) error {
	if len(b.moved) == 0 {
		return nil
	}
	for _, m := range b.moved {
		if m.brought != nil {
			if err := s.bring(b, m); err != nil {
				return fmt.Errorf("give %s a place: %w", m.path, err)
			}
			continue
		}
		// The cover tool reads the disk, and go test runs vet inside the folder of every package.
		m.copied = m.copied || b.g.inv.covers() || b.g.inv.verb == "test"
		m.to = filepath.Join(filepath.Dir(b.rootFile()), ".racewindow", m.path+"@"+m.version)
		if m.copied {
			m.to = filepath.Join(s.dir, "module", filepath.FromSlash(m.path)+"@"+m.version)
		}
		if err := s.place(b, m); err != nil {
			return fmt.Errorf("give the included module %s another place: %w", m.path, err)
		}
	}
	path, content, err := b.replaceMoved(func(dir string) string { return dir })
	if err != nil {
		return err
	}
	return s.overlay(path, content)
}

// place adds the files of a module to the overlay, or copies them.
func (s *stage) place(b *build, m *movedModule) error {
	err := filepath.WalkDir(m.from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(m.from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(m.to, rel)
		if !m.copied && !strings.HasSuffix(path, ".go") {
			s.replace[target] = path
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".go") { // so that traces name the file in the module cache
			text = (&sourceFile{path: path, original: text, content: text}).staged(b.lineName(path, m))
		}
		if m.copied {
			return writeFile(target, text)
		}
		return s.overlay(target, text)
	})
	if err != nil {
		return err
	}
	if m.copied {
		return writeFile(filepath.Join(m.to, "go.mod"), m.goMod)
	}
	return s.overlay(filepath.Join(m.to, "go.mod"), m.goMod)
}

// target returns the path at which the build reads a file of the package.
func (pf *packageFiles) target(f *sourceFile) (string, error) {
	if pf.moved == nil {
		return f.path, nil
	}
	rel, err := filepath.Rel(pf.moved.from, f.path)
	if err != nil {
		return "", fmt.Errorf("place %s of the included module %s: %w", f.path, pf.moved.path, err)
	}
	return filepath.Join(pf.moved.to, rel), nil
}
