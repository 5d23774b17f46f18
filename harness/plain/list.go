// Which packages have plain tests, and which of their tests are of other kinds.

package plain

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// harnessPackage is the package that a test with a Check imports.
const harnessPackage = module + "/harness"

// A Package is a package that has tests.
type Package struct {
	ImportPath, Name, Dir string
	// Tests are the names of its plain tests, in the order of the source; Checks are those of tests that call
	// harness.Check. Of Tests, Strangers are those that name nothing of the harness but LosePower, so nothing that they
	// call can hold a Check of theirs; Losers are those that call harness.LosePower.
	Tests, Checks, Strangers, Losers []string
	// Fuzz are the names of fuzz targets, which are not explored.
	Fuzz []string
	// Left are plain tests that are not executed.
	Left []string
	// Foreign says why nothing may be written to the package's folder: it is Go's, or another module's, or its tests read all of
	// testdata. It is "" for other packages of the user's modules, and for one that a replace directive takes from a folder.
	Foreign string
}

// A ListError is what the go command said about packages that it could not list.
type ListError struct{ Said string }

func (e *ListError) Error() string { return "the packages cannot be listed: " + e.Said }

// List finds the tests of packages. flags are the go command's flags that decide which files a package has. env is its
// environment; nil is the process's own.
func List(ctx context.Context, dir string, env, flags, patterns []string) (all []Package, err error) {
	args := append([]string{"list", "-e", "-json=ImportPath,Name,Dir,Standard,Module,TestGoFiles,XTestGoFiles,Error"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(append(args, "--"), patterns...)...)
	cmd.Dir, cmd.Env = dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &ListError{strings.TrimSpace(stderr.String() + " " + err.Error())}
	}
	for decoder := json.NewDecoder(&stdout); ; {
		var p struct {
			Package
			Standard                  bool
			Module                    *listedModule
			TestGoFiles, XTestGoFiles []string
			Error                     *struct{ Err string }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("understand go list: %w", err)
		}
		if p.ImportPath == "command-line-arguments" { // the build is of the folder's package, whose tokens have another name
			return nil, &ListError{"files were named: name their package, " + p.Dir + ", and choose tests with -run"}
		}
		if p.Error != nil {
			return nil, &ListError{p.ImportPath + ": " + strings.TrimSpace(p.Error.Err) + meantFolder(dir, p.ImportPath)}
		}
		if err := p.read(append(p.TestGoFiles, p.XTestGoFiles...)); err != nil {
			return nil, err
		}
		p.Foreign = cmp.Or(p.Module.foreign(p.Dir), p.Foreign)
		if p.Standard {
			p.Foreign = "it is Go's"
		}
		all = append(all, p.Package)
	}
}

// A listedModule is what the go command says about a package's module.
type listedModule struct {
	Path, Version, Dir string
	Main               bool
	Replace            *listedModule
}

// foreign says whose the package in a folder of the module is; "" if it is the user's.
func (m *listedModule) foreign(dir string) string {
	vendored := slices.Contains(strings.Split(filepath.ToSlash(dir), "/"), "vendor")
	switch {
	case m != nil && m.Main && cached(m.Dir):
		return "it lies in a module cache"
	case m != nil && m.Main:
		return ""
	case m == nil || m.Replace != nil && m.Replace.Version == "":
		if vendored {
			return "it is vendored"
		}
		return ""
	}
	return "it belongs to the module " + m.Path + "@" + m.Version
}

// cached says whether a folder belongs to a module in a module cache: its name, or that of a folder above it, ends with
// the version.
func cached(dir string) bool {
	for name := range strings.SplitSeq(filepath.ToSlash(dir), "/") {
		if _, version, versioned := strings.Cut(name, "@"); versioned && semver.MatchString(version) {
			return true
		}
	}
	return false
}

var semver = regexp.MustCompile(`^v\d+\.\d+\.\d+`)

// Linked returns the import paths of the packages that tests are built from, Go's own included. dir, env and flags are as for
// List, to which the go command's errors are left.
func Linked(ctx context.Context, dir string, env, flags, patterns []string) ([]string, error) {
	args := append([]string{"list", "-e", "-deps", "-test", "-f", "{{with .ForTest}}{{.}}{{else}}{{.ImportPath}}{{end}}"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(append(args, "--"), patterns...)...)
	cmd.Dir, cmd.Env = dir, env
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what tests are built from: %w", err)
	}
	all := strings.Fields(string(said))
	slices.Sort(all)
	return slices.Compact(all), nil
}

// meantFolder suggests a folder that was named as if it were a package of the standard library.
func meantFolder(dir, path string) string {
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path))); path == "" || strings.HasPrefix(path, ".") || err != nil || !info.IsDir() {
		return ""
	}
	return "; did you mean ./" + path + "?"
}

// read finds the tests in the package's test files. A test that calls harness.Check, itself or through functions of these
// files, is a Check.
func (p *Package) read(files []string) error {
	var tests []string
	var broken error               // the last syntax error
	calls := map[string][]string{} // function -> names that it uses
	checks, names, loses := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, name := range files {
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		var syntax scanner.ErrorList
		switch {
		case errors.As(err, &syntax) && file != nil: // what precedes the error is enough: this package alone will fail to build
			broken = err
		case err != nil:
			return &ListError{err.Error()}
		}
		if where := walks(positions, file); where != "" {
			p.Foreign = "its tests read all of testdata (" + where + ")"
		}
		harness := importName(file)
		for _, declared := range file.Decls {
			f, is := declared.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			switch {
			case isTest(f):
				tests = append(tests, f.Name.Name)
			case strings.HasPrefix(f.Name.Name, "Fuzz") && takes(f, "F"):
				p.Fuzz = append(p.Fuzz, f.Name.Name)
			}
			names[f.Name.Name] = names[f.Name.Name] || harness == "."
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if pkg, is := n.X.(*ast.Ident); is && harness != "" && pkg.Name == harness {
						loses[f.Name.Name] = loses[f.Name.Name] || n.Sel.Name == "LosePower"
						names[f.Name.Name] = names[f.Name.Name] || n.Sel.Name != "LosePower"
						checks[f.Name.Name] = checks[f.Name.Name] || strings.HasPrefix(n.Sel.Name, "Check")
					}
				case *ast.Ident:
					calls[f.Name.Name] = append(calls[f.Name.Name], n.Name)
				}
				return true
			})
		}
	}
	if broken != nil && len(tests) == 0 {
		return &ListError{broken.Error()}
	}
	spread(checks, calls)
	spread(names, calls)
	spread(loses, calls)
	for _, name := range tests {
		if checks[name] {
			p.Checks = append(p.Checks, name)
			continue
		}
		p.Tests = append(p.Tests, name)
		if loses[name] {
			p.Losers = append(p.Losers, name)
		}
		if !names[name] {
			p.Strangers = append(p.Strangers, name)
		}
	}
	return nil
}

// spread adds every function that uses one of the set.
func spread(of map[string]bool, calls map[string][]string) {
	for again := true; again; {
		again = false
		for f, used := range calls {
			if !of[f] && slices.ContainsFunc(used, func(name string) bool { return of[name] }) {
				of[f], again = true, true
			}
		}
	}
}

// importName returns a file's name for the harness, "" if the file does not import it.
func importName(file *ast.File) string {
	for _, imported := range file.Imports {
		if strings.Trim(imported.Path.Value, `"`) != harnessPackage {
			continue
		}
		if imported.Name != nil {
			return imported.Name.Name
		}
		return "harness"
	}
	return ""
}

// isTest says whether go test runs a function as a test.
func isTest(f *ast.FuncDecl) bool {
	rest, is := strings.CutPrefix(f.Name.Name, "Test")
	if !is || f.Recv != nil || f.Type.TypeParams != nil || f.Name.Name == "TestMain" {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(rest); rest != "" && unicode.IsLower(first) {
		return false
	}
	return takes(f, "T")
}

// takes says whether a function has one parameter, a pointer to a type of that name.
func takes(f *ast.FuncDecl, name string) bool {
	params := f.Type.Params.List
	if len(params) != 1 || len(params[0].Names) > 1 {
		return false
	}
	pointer, is := params[0].Type.(*ast.StarExpr)
	if !is {
		return false
	}
	switch t := pointer.X.(type) {
	case *ast.SelectorExpr:
		return t.Sel.Name == name
	case *ast.Ident:
		return t.Name == name
	}
	return false
}
