// The spliced sources as a separate tree, for builds that read no -overlay (Bazel, for one). The tree holds the user's
// modules, with the spliced files in place of the originals, and builds with plain go. Other modules, such as included ones,
// go below the folder _racewindow, which go's patterns leave out.
//
// The tree is written beside its final place and then renamed, so it is there completely or not at all. Spliced files keep
// their authors' lines, so they need no //line directives; only planted files have some.

package overlay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

const foreignModules = "_racewindow"

// A tree is a tree of sources that is being written.
type tree struct {
	b    *build
	out  string            // its final place
	dir  string            // where it is written first
	root string            // the folder of go.work, or of the module
	from []string          // the folders to copy, except those inside another one
	to   map[string]string // folder -> its place in the tree
}

// WriteTree writes the spliced sources of a build into the folder out, which must be empty or not exist. It ignores the verb
// of the command; without packages it splices all packages of the module. It returns the spliced markers.
func WriteTree(ctx context.Context, c Command, out string) ([]Marker, error) {
	inv, err := parseInvocation("test", c.Args)
	switch {
	case err != nil:
		return nil, err
	case inv.fileList():
		return nil, usage("a tree holds packages, not single files: name packages")
	case inv.flags["modfile"] != "":
		return nil, usage("a tree has one go.mod: leave out -modfile")
	}
	b, err := loadSources(ctx, &c)
	if err != nil {
		return nil, err
	}
	b.tree = true
	changed, err := b.splice(ctx, c)
	if err != nil {
		return nil, err
	}
	if changed == 0 && len(c.Plant) == 0 {
		return nil, fmt.Errorf("no failpoint markers in %s: nothing to %s, so no tree is written", b.scope(), purpose(c.Strip))
	}
	t := &tree{b: b, to: map[string]string{}}
	if err := t.plan(out); err != nil {
		return nil, err
	}
	return b.markers, t.write(ctx)
}

// plan finds out what to copy, and refuses a place where the tree cannot be written.
func (t *tree) plan(out string) error {
	t.root = filepath.Dir(t.b.rootFile())
	if err := t.planModules(); err != nil {
		return err
	}
	place := absolute(t.b.g.dir, out)
	parent, err := filepath.EvalSymlinks(filepath.Dir(place))
	if err != nil {
		return usage("cannot write to %s: %v (mkdir -p %s)", out, err, filepath.Dir(out))
	}
	t.out = filepath.Join(parent, filepath.Base(place))
	switch info, err := os.Stat(t.out); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(t.out); err == nil {
			return usage("cannot write to %s: it is a link to nothing", out)
		}
	case err != nil:
		return usage("cannot write to %s: %v", out, err)
	case !info.IsDir():
		return usage("cannot write to %s: it is no folder", out)
	default:
		if t.out, err = filepath.EvalSymlinks(t.out); err != nil {
			return usage("cannot write to %s: %v", out, err)
		}
		if entries, err := os.ReadDir(t.out); err != nil || len(entries) > 0 {
			return usage("cannot write to %s: the folder is not empty; name one that is, or that does not exist", out)
		}
	}
	for _, from := range t.from {
		if beneath(from, t.out) {
			return usage("cannot write to %s: it holds the sources themselves (%s)", out, from)
		}
	}
	return nil
}

// planModules finds the folders to copy and their places in the tree.
func (t *tree) planModules() error {
	text, err := t.b.disk.read(t.b.rootFile())
	if err != nil {
		return fmt.Errorf("read %s: %w", t.b.rootFile(), err)
	}
	var replaces []*modfile.Replace
	if t.b.g.settings.GOWORK == "" {
		mod, err := modfile.Parse(t.b.rootFile(), text, nil)
		if err != nil {
			return fmt.Errorf("understand the module: %w", err)
		}
		t.to[t.root] = "."
		replaces = mod.Replace
	} else {
		work, err := modfile.ParseWork(t.b.rootFile(), text, nil)
		if err != nil {
			return fmt.Errorf("understand the workspace: %w", err)
		}
		for _, use := range work.Use {
			if err := t.planModule(use.Path, use.ModulePath); err != nil {
				return err
			}
		}
		replaces = work.Replace
	}
	for _, r := range replaces {
		if r.New.Version == "" {
			if err := t.planModule(r.New.Path, r.Old.Path); err != nil {
				return err
			}
		}
	}
	for _, dir := range sortedKeys(t.to) {
		copied := func(outer string) bool { return beneath(dir, outer) && t.inPlace(outer) && t.inPlace(dir) }
		if !slices.ContainsFunc(t.from, copied) {
			t.from = append(t.from, dir)
		}
	}
	return nil
}

// inPlace says whether a folder has the same place in the tree as in the sources.
func (t *tree) inPlace(dir string) bool {
	return !strings.HasPrefix(t.to[dir], foreignModules)
}

// planModule gives one local module its place: the same as in the sources if it is below the root.
func (t *tree) planModule(path, modulePath string) error {
	dir, err := filepath.EvalSymlinks(absolute(t.root, path))
	if err != nil {
		return fmt.Errorf("find the module that %s names: %w", t.b.rootFile(), err)
	}
	if _, known := t.to[dir]; known {
		return nil
	}
	if rel, err := filepath.Rel(t.root, dir); err == nil && beneath(dir, t.root) {
		t.to[dir] = rel
		return nil
	}
	if modulePath == "" {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			return fmt.Errorf("find the module that %s names: %w", t.b.rootFile(), err)
		}
		modulePath = modfile.ModulePath(text)
	}
	t.to[dir] = filepath.Join(foreignModules, filepath.FromSlash(modulePath))
	return nil
}

// target returns the place of a source file in the tree that is being written.
func (t *tree) target(path string) (string, bool) {
	longest := ""
	for dir := range t.to {
		if beneath(path, dir) && len(dir) > len(longest) {
			longest = dir
		}
	}
	if longest == "" {
		return "", false
	}
	rel, err := filepath.Rel(longest, path)
	return filepath.Join(t.dir, t.to[longest], rel), err == nil
}

func (t *tree) write(ctx context.Context) error {
	t.dir = fmt.Sprintf("%s.racewindow-%d", t.out, os.Getpid())
	if err := os.Mkdir(t.dir, 0o777); err != nil {
		return fmt.Errorf("make the tree: %w", err)
	}
	err := t.fill(ctx)
	if err == nil {
		err = t.check(ctx)
	}
	if err == nil {
		if err = os.Remove(t.out); err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(t.dir, t.out)
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the tree %s: %w", t.out, err), os.RemoveAll(t.dir))
	}
	return nil
}

// fill copies the modules, and replaces the files that were spliced.
func (t *tree) fill(ctx context.Context) error {
	for _, from := range t.from {
		if err := t.copyModule(ctx, from, filepath.Join(t.dir, t.to[from])); err != nil {
			return err
		}
	}
	for _, path := range sortedKeys(t.b.disk.replace) { // the user's own overlay
		target, inside := t.target(path)
		if !inside {
			continue
		}
		text, err := t.b.disk.read(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = os.RemoveAll(target)
		} else if err == nil {
			err = replaceFile(target, text)
		}
		if err != nil {
			return err
		}
	}
	if err := t.fillForeign(ctx); err != nil {
		return err
	}
	for _, pf := range t.b.chosen {
		for _, f := range pf.files {
			if !f.changed() {
				continue
			}
			if err := t.writeSource(pf, f); err != nil {
				return err
			}
		}
	}
	return t.rewriteRoot()
}

func (t *tree) writeSource(pf *packageFiles, f *sourceFile) error {
	target, inside := t.target(f.path)
	if pf.moved != nil {
		rel, err := filepath.Rel(pf.moved.from, f.path)
		if err != nil {
			return err
		}
		target, inside = filepath.Join(t.dir, foreignPlace(pf.moved), rel), true
	}
	if !inside {
		return fmt.Errorf("%s is in no module that the tree holds", f.path)
	}
	text := f.content
	if f.lines != nil {
		text = f.directed(filepath.Base(f.path), bytes.TrimPrefix(text, []byte("\ufeff")))
	}
	return replaceFile(target, text)
}

// replaceFile writes a file of the tree; it replaces a link and never follows it.
func replaceFile(path string, text []byte) error {
	mode := fs.FileMode(0o666)
	if info, err := os.Lstat(path); err == nil {
		mode = info.Mode().Perm() | 0o200
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, mode)
}

func foreignPlace(m *movedModule) string {
	return filepath.Join(foreignModules, filepath.FromSlash(m.path)+"@"+m.version)
}

// fillForeign copies the modules from the module cache, and those that this package supplies.
func (t *tree) fillForeign(ctx context.Context) error {
	for _, m := range t.b.moved {
		to := filepath.Join(t.dir, foreignPlace(m))
		m.to = filepath.Join(t.root, foreignPlace(m))
		for _, name := range sortedKeys(m.brought) {
			if err := replaceFile(filepath.Join(to, filepath.FromSlash(name)), m.brought[name]); err != nil {
				return err
			}
		}
		if m.brought != nil {
			continue
		}
		if err := t.copyModule(ctx, m.from, to); err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(to, "go.mod"), m.goMod); err != nil {
			return err
		}
	}
	return nil
}

// rewriteRoot writes the go.work or go.mod of the tree; every folder that it names lies in the tree.
func (t *tree) rewriteRoot() error {
	path, content, err := t.b.replaceMoved(func(dir string) string {
		if rel, err := filepath.Rel(t.root, dir); err == nil && beneath(dir, t.root) {
			return "./" + filepath.ToSlash(rel)
		}
		return dir
	})
	if err != nil {
		return err
	}
	place := func(name string) string {
		dir, err := filepath.EvalSymlinks(absolute(t.root, name))
		if to, known := t.to[dir]; err == nil && known {
			return "./" + filepath.ToSlash(to)
		}
		return name
	}
	if t.b.g.settings.GOWORK == "" {
		mod, err := modfile.Parse(path, content, nil)
		if err != nil {
			return err
		}
		for _, r := range slices.Clone(mod.Replace) {
			if r.New.Version != "" {
				continue
			}
			if err := mod.AddReplace(r.Old.Path, r.Old.Version, place(r.New.Path), ""); err != nil {
				return err
			}
		}
		if content, err = mod.Format(); err != nil {
			return err
		}
		return replaceFile(filepath.Join(t.dir, "go.mod"), content)
	}
	work, err := modfile.ParseWork(path, content, nil)
	if err != nil {
		return err
	}
	for _, use := range slices.Clone(work.Use) {
		if to := place(use.Path); to != use.Path {
			if err := errors.Join(work.DropUse(use.Path), work.AddUse(to, use.ModulePath)); err != nil {
				return err
			}
		}
	}
	for _, r := range slices.Clone(work.Replace) {
		if r.New.Version != "" {
			continue
		}
		if err := work.AddReplace(r.Old.Path, r.Old.Version, place(r.New.Path), ""); err != nil {
			return err
		}
	}
	work.Cleanup()
	sums, err := os.ReadFile(filepath.Join(t.root, "go.work.sum"))
	if err == nil {
		err = replaceFile(filepath.Join(t.dir, "go.work.sum"), sums)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFile(filepath.Join(t.dir, "go.work"), modfile.Format(work.Syntax))
}

// check asks go list whether the tree is complete.
func (t *tree) check(ctx context.Context) error {
	work := "GOWORK=off"
	dir := t.dir
	if t.b.g.settings.GOWORK != "" {
		work = "GOWORK=" + filepath.Join(t.dir, "go.work")
	}
	if to, inside := t.target(t.b.g.dir); inside {
		dir = to
	}
	g := &goCommand{inv: t.b.g.inv, dir: dir, env: append(slices.Clone(t.b.g.env), work, "PWD="+dir)}
	args := append([]string{"list", "-deps", "-test", "-buildvcs=false"}, t.b.g.inv.forList()...)
	_, err := g.output(ctx, append(append(args, "-f={{with .Error}}{{.}}{{end}}", "--"), t.b.g.inv.listed()...)...)
	return err
}

// versionControl are the folders and files that belong to the history of the sources, not to the sources.
var versionControl = names(".git .hg .svn .bzr _svn")

// copyModule copies a folder, except the tree itself and whatever is no source.
func (t *tree) copyModule(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case versionControl[entry.Name()] && path != from, path == t.dir, path == t.out:
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch entry.Type() {
		case fs.ModeDir:
			return os.MkdirAll(target, 0o777)
		case fs.ModeSymlink:
			return copyLink(from, path, target)
		case 0:
			return copyFile(path, target, entry)
		}
		return nil // a device, a pipe or a socket is no source
	})
}

// copyLink copies a link. A link that leads out of the module leads to the same place from the tree.
func copyLink(from, path, target string) error {
	leads, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(leads) && !beneath(filepath.Join(filepath.Dir(path), leads), from) {
		leads = filepath.Join(filepath.Dir(path), leads)
	}
	return os.Symlink(leads, target)
}

func copyFile(path, target string, entry fs.DirEntry) (err error) {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Close())
}
