// The packages of one build, and the files in them that are changed for it.

package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A listedPackage is what go list says about a package.
type listedPackage struct {
	ImportPath, Name, Dir, ForTest                                 string
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles                   []string
	CFiles, CXXFiles, MFiles, HFiles, SFiles, SwigFiles, SysoFiles []string
	Deps, Imports, TestImports, XTestImports                       []string
	DepOnly, Standard                                              bool
	Module                                                         *listedModule
	Error                                                          *struct{ Err string }
}

// A listedModule is what go list says about the module of a package.
type listedModule struct {
	Path, Version, Dir, GoMod string
	Main                      bool
	Replace                   *listedModule
}

const listFields = "-json=ImportPath,Name,Dir,ForTest,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,CFiles,CXXFiles," +
	"MFiles,HFiles,SFiles,SwigFiles,SysoFiles,Imports,TestImports,XTestImports,DepOnly,Standard,Module,Error"

// A build is everything that one go command builds.
type build struct {
	g        *goCommand
	disk     disk
	packages []*listedPackage
	names    map[string]string // import path -> package name, for imports without a name of their own
	chosen   []*packageFiles
	moved    []*movedModule
	markers  []Marker // the spliced markers
	asBinary bool     // names the markers of a main package main/…, although the verb is test
	keepAPI  bool     // a stripped build keeps the uses of pingcap's package other than markers
	tree     bool     // the build is written as a tree, and not run
	deps     map[string][]string

	enables   []enabling // what the sources enable
	evaluates bool       // a spliced source evaluates failpoints without a marker
}

// A packageFiles is one package whose files are changed. Transforms change their content and add files.
type packageFiles struct {
	listed *listedPackage
	files  []*sourceFile
	edited bool         // a transform has changed a file or added one
	gofail bool         // it holds comment markers
	moved  *movedModule // set if the build reads the package from another folder than the one where it was found
}

// A sourceFile is one file of a package on its way into the build.
type sourceFile struct {
	path     string // the author's file; for an added file, where it would be
	unit     unit
	original []byte // nil for an added file
	content  []byte
	lines    []authoredLine // lines of a planted file, before markers are spliced; nil if no patch changes the file
}

// A unit is a part of a package that shares one package-level scope and one binding file.
type unit int

const (
	unitRegular      unit = iota
	unitInternalTest      // _test.go files of the same package
	unitExternalTest      // _test.go files of package foo_test
)

// load asks go list for everything that the command line builds, and returns it.
func (g *goCommand) load(ctx context.Context) (*build, error) {
	b := &build{g: g, names: map[string]string{}}
	if err := b.disk.adopt(g.dir, g.inv.flags["overlay"]); err != nil {
		return nil, err
	}
	args := []string{"list", "-e", "-deps"}
	if g.inv.verb == "test" {
		args = append(args, "-test")
	}
	args = append(args, g.inv.forList()...)
	if b.disk.file != "" {
		args = append(args, "-overlay="+b.disk.file)
	}
	args = append(args, listFields, "--")
	out, err := g.output(ctx, append(args, g.inv.listed()...)...)
	if err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &listedPackage{}
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			return b, nil
		} else if err != nil {
			return nil, fmt.Errorf("understand go list: %w", err)
		}
		b.addListed(p)
	}
}

// listDeps returns, for every package of the build, the packages that it needs, itself included. Tests are packages of their
// own.
func (b *build) listDeps(ctx context.Context) (map[string][]string, error) {
	args := []string{"list", "-e", "-deps"}
	if b.g.inv.verb == "test" {
		args = append(args, "-test")
	}
	args = append(args, b.g.inv.forList()...)
	if b.disk.file != "" {
		args = append(args, "-overlay="+b.disk.file)
	}
	out, err := b.g.output(ctx, append(append(args, "-json=ImportPath,Deps", "--"), b.g.inv.listed()...)...)
	if err != nil {
		return nil, err
	}
	deps := map[string][]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return deps, nil
		} else if err != nil {
			return nil, fmt.Errorf("understand go list: %w", err)
		}
		for _, path := range append(p.Deps, p.ImportPath) {
			path, _, _ = strings.Cut(path, " [")
			deps[p.ImportPath] = append(deps[p.ImportPath], path)
		}
	}
}

// addListed adds a package once. With -test, go list also names the test binary and the tested package mixed with its test
// files; both are left out. It also names packages that are compiled anew because they import the tested package; go list
// may name these in no other form, so they are added.
func (b *build) addListed(p *listedPackage) {
	path, _, variant := strings.Cut(p.ImportPath, " [")
	if strings.HasSuffix(path, ".test") && p.Name == "main" || variant && (path == p.ForTest || path == p.ForTest+"_test") {
		return
	}
	p.ImportPath = path
	for _, known := range b.packages {
		if known.ImportPath == path && known.Dir == p.Dir {
			known.DepOnly = known.DepOnly && p.DepOnly
			return
		}
	}
	b.packages = append(b.packages, p)
	b.names[path] = p.Name
}

// read reads the files of a chosen package.
func (b *build) read(p *listedPackage) (*packageFiles, error) {
	pf := &packageFiles{listed: p}
	lists := []struct {
		unit  unit
		names []string
	}{{unitRegular, p.GoFiles}, {unitRegular, p.CgoFiles}}
	if b.g.inv.verb == "test" && !p.DepOnly {
		lists = append(lists, []struct {
			unit  unit
			names []string
		}{{unitInternalTest, p.TestGoFiles}, {unitExternalTest, p.XTestGoFiles}}...)
	}
	for _, list := range lists {
		for _, name := range list.names {
			path := absolute(p.Dir, name)
			content, err := b.disk.read(path)
			if err != nil {
				return nil, fmt.Errorf("read %s of package %s: %w", path, p.ImportPath, err)
			}
			pf.files = append(pf.files, &sourceFile{path: path, unit: list.unit, original: content, content: content})
		}
	}
	return pf, nil
}

// apply runs the transforms over every chosen package, and returns how many files they changed or added, not counting
// planted patches. It reports all problems together: a user who must repair ten markers wants to hear of all ten.
func (b *build) apply(steps []transform) (changed int, err error) {
	var problems Problems
	for _, pf := range b.chosen {
		before := map[*sourceFile][]byte{}
		for _, f := range pf.files {
			before[f] = f.content
		}
		for _, step := range steps {
			if err := step(pf); err != nil && !problems.collect(err) {
				return 0, err
			}
		}
		for _, f := range pf.files {
			if was, known := before[f]; !known || !bytes.Equal(was, f.content) {
				changed++
				pf.edited = true
			}
		}
	}
	return changed, problems.orNil(b.g.dir)
}

func (f *sourceFile) changed() bool {
	return f.original == nil || !bytes.Equal(f.original, f.content)
}

// staged returns the text that the build reads. Its //line directive makes every tool name the author's file and line. For
// an overlaid file the compiler would do that by itself; vet, and race traces of moved modules, would not.
func (f *sourceFile) staged(lineName string) []byte {
	if f.original == nil {
		return f.content
	}
	const byteOrderMark = "\ufeff"
	text := bytes.TrimPrefix(f.content, []byte(byteOrderMark))
	if f.lines != nil {
		return f.directed(lineName, text)
	}
	return append([]byte("//line "+lineName+":1:1\n"), text...)
}

// lineName returns the file name for a //line directive. With -trimpath the go command shortens the names of files in the
// folders that it builds. The files of a moved module are in none of these folders, so their names are shortened here.
func (b *build) lineName(path string, moved *movedModule) string {
	trim := b.g.inv.flags["trimpath"]
	if moved == nil || trim == "" || trim == "false" {
		return path
	}
	rel, err := filepath.Rel(moved.from, path)
	if err != nil {
		return path
	}
	return moved.path + "@" + moved.version + "/" + filepath.ToSlash(rel)
}

// scope names the packages that were searched, for messages.
func (b *build) scope() string {
	return strings.Join(b.g.inv.listed(), " ")
}

// A disk is the file system as the user's build sees it: with the replacements of the user's -overlay.
type disk struct {
	file    string            // the user's overlay file, or empty
	replace map[string]string // absolute path -> file to read instead; "" is a deleted file
}

// adopt reads the overlay file that the user gave.
func (d *disk) adopt(dir, file string) error {
	d.replace = map[string]string{}
	if file == "" {
		return nil
	}
	d.file = absolute(dir, file)
	text, err := os.ReadFile(d.file)
	if err != nil {
		return usage("cannot read the file of -overlay: %v", err)
	}
	var parsed struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &parsed); err != nil {
		return usage("the file of -overlay, %s, is no overlay: %v", d.file, err)
	}
	for from, to := range parsed.Replace {
		if to != "" {
			to = absolute(dir, to)
		}
		d.replace[absolute(dir, from)] = to
	}
	return nil
}

func (d *disk) read(path string) ([]byte, error) {
	if to, replaced := d.replace[path]; replaced {
		if to == "" {
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
		}
		path = to
	}
	return os.ReadFile(path)
}

// beneath says whether path is dir or inside it.
func beneath(path, dir string) bool {
	if dir == "" {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
