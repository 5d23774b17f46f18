// Where gofail's runtime comes from. If the build can import it, the build's own copy is used. Otherwise this package
// supplies a copy through a go.mod or go.work that exists in the overlay only, as for included modules, so users need not
// change go.mod before such a build, as etcd does. The copy lies in the go command's cache, under the same name in every
// call, so packages that import it stay cached.

package overlay

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/txtar"
)

//go:embed gofail.txtar
var gofailArchive []byte

// GofailVersion is the version of the runtime that this package supplies.
const GofailVersion = "v0.2.0"

// newFailpoint matches the function that the spliced code calls; runtimes before v0.1.0 do not have it in this form.
var newFailpoint = regexp.MustCompile(`(?m)^func NewFailpoint\(\w+ string\) `)

// provideGofail makes gofail's runtime importable for the spliced code.
func (b *build) provideGofail(ctx context.Context) error {
	var first *Marker
	for i, m := range b.markers {
		if m.Kind == KindGofail {
			first = &b.markers[i]
			break
		}
	}
	if first == nil {
		return nil
	}
	runtime, err := b.lookFor(ctx, gofailRuntime, "Dir,GoFiles,Module,Error")
	if err != nil {
		return err
	}
	switch {
	case runtime.Error == nil && runtime.Dir != "" && (b.g.settings.GOWORK != "" || b.requiresGofail()):
		return b.checkGofail(first, &runtime)
	case b.vendored():
		return Problems{{
			File: first.File, Line: first.Line, What: "this gofail marker needs " + gofailRuntime + ", which is not vendored",
			Remedy: "build with -mod=mod, or import it in a file of the module (import _ \"" + gofailRuntime + "\"), " +
				"then go get " + gofailRuntime + " && go mod vendor",
		}}.orNil(b.g.dir)
	}
	m := &movedModule{path: gofailModule, version: GofailVersion, brought: map[string][]byte{}}
	for _, pf := range b.chosen {
		main := pf.listed.Module == nil || pf.listed.Module.Main
		m.direct = m.direct || main && pf.gofail
	}
	for _, f := range txtar.Parse(gofailArchive).Files {
		m.brought[f.Name] = f.Data
	}
	b.moved = append(b.moved, m)
	return nil
}

// checkGofail refuses a runtime that does not have the function that the spliced code calls.
func (b *build) checkGofail(first *Marker, runtime *listedPackage) error {
	for _, name := range runtime.GoFiles {
		text, err := b.disk.read(absolute(runtime.Dir, name))
		if err != nil {
			return fmt.Errorf("read %s: %w", gofailRuntime, err)
		}
		if newFailpoint.Match(text) {
			return nil
		}
	}
	version := ""
	if runtime.Module != nil {
		version = " " + runtime.Module.Version
	}
	return Problems{{
		File: first.File, Line: first.Line,
		What:   fmt.Sprintf("this gofail marker needs %s %s or later, and the build has%s", gofailModule, "v0.1.0", version),
		Remedy: "go get " + gofailRuntime + "@" + GofailVersion,
	}}.orNil(b.g.dir)
}

// requiresGofail says whether the main module is gofail or requires it. The go command lets no package import a module that
// only a dependency's go.mod names.
func (b *build) requiresGofail() bool {
	text, err := b.disk.read(b.rootFile())
	if err != nil {
		return false
	}
	parsed, err := modfile.ParseLax(b.rootFile(), text, nil)
	return err == nil && (requires(parsed, gofailModule) || parsed.Module != nil && parsed.Module.Mod.Path == gofailModule)
}

// vendored says whether the go command reads dependencies from a vendor folder. It reads that folder from the disk only.
func (b *build) vendored() bool {
	if mode := b.g.inv.flags["mod"]; mode != "" {
		return mode == "vendor"
	}
	_, err := os.Stat(filepath.Join(filepath.Dir(b.rootFile()), "vendor", "modules.txt"))
	return err == nil
}

// bring writes the supplied module where the next call finds it too, or else into the stage.
func (s *stage) bring(b *build, m *movedModule) error {
	if cache := b.g.settings.GOCACHE; filepath.IsAbs(cache) {
		to := filepath.Join(cache, "racewindow", filepath.FromSlash(m.path)+"@"+m.version)
		if keep(to, m.brought) == nil {
			m.to = to
			return nil
		}
	}
	m.to = filepath.Join(s.dir, "module", filepath.FromSlash(m.path)+"@"+m.version)
	for _, name := range sortedKeys(m.brought) {
		if err := writeFile(filepath.Join(m.to, filepath.FromSlash(name)), m.brought[name]); err != nil {
			return err
		}
	}
	return nil
}

// keep makes a folder with exactly these files, at once or not at all. If it is there and has lost some, because somebody has removed old
// files from the cache, they are made again. An error says that the folder is not there.
func keep(to string, files map[string][]byte) error {
	if _, err := os.Stat(to); err == nil {
		if holdsExactly(to, files) == nil {
			return nil
		}
		return errors.Join(makeWhole(to, files), holdsExactly(to, files))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(to), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, content := range files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), content); err != nil {
			return err
		}
	}
	if os.Rename(dir, to) == nil {
		return nil
	}
	return holdsExactly(to, files) // another call was faster
}

// makeWhole writes the files of a folder that are missing or have another content, each at once: another call may read them.
func makeWhole(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if text, err := os.ReadFile(path); err == nil && bytes.Equal(text, content) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		fresh, err := os.CreateTemp(filepath.Dir(path), ".new-")
		if err != nil {
			return err
		}
		_, err = fresh.Write(content)
		if err = errors.Join(err, fresh.Close()); err == nil {
			err = os.Rename(fresh.Name(), path)
		}
		if err != nil {
			return errors.Join(err, os.Remove(fresh.Name()))
		}
	}
	return nil
}

func holdsExactly(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, e := range entries {
			rel, _ := filepath.Rel(dir, filepath.Join(filepath.Dir(path), e.Name()))
			if _, known := files[filepath.ToSlash(rel)]; !known && strings.HasSuffix(e.Name(), ".go") {
				return errors.New("a file too many")
			}
		}
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, content) {
			return errors.New("another content")
		}
	}
	return nil
}
