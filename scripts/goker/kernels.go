// Reads the kernels of the Go tree, and the leaks that are expected of each.

package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Where they are, below GOROOT/src.
const (
	kernelFolder = "runtime/testdata/testgoroutineleakprofile/goker"
	expectedFile = "runtime/goroutineleakprofile_test.go"
)

// A kernel is a bug of a real program, in a few lines: a function that leaks goroutines in some schedules.
type kernel struct {
	name, file string
	source     []byte // reduced to one copy
	leaks      []*regexp.Regexp
	wrappers   map[string][]string
}

// readKernels reads the kernels of a toolchain, and reduces each to one copy.
func readKernels(goroot string) (all []kernel, err error) {
	folder := filepath.Join(goroot, "src", filepath.FromSlash(kernelFolder))
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	expected, err := os.ReadFile(filepath.Join(goroot, "src", filepath.FromSlash(expectedFile)))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if filepath.Base(file) == "main.go" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := registered.FindSubmatch(text)
		if name == nil {
			return nil, fmt.Errorf("%s registers no kernel", file)
		}
		k := kernel{name: string(name[1]), file: filepath.Base(file)}
		if k.source, err = reduced(k.name, text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if k.wrappers, err = wrappers(text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if k.leaks, err = expectedLeaks(string(expected), k.name); err != nil {
			return nil, fmt.Errorf("%s: %w", expectedFile, err)
		}
		all = append(all, k)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there are no kernels in %s", folder)
	}
	return all, nil
}

// wrappers returns the compiler's names for the functions that it makes of go statements with arguments, by the function
// that these call. Go's own test names a goroutine in this way: after the function that contains the statement.
func wrappers(text []byte) (all map[string][]string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	all = map[string][]string{}
	names := map[string][]string{} // of functions and methods, by their last part
	for _, declared := range file.Decls {
		if f, is := declared.(*ast.FuncDecl); is {
			names[f.Name.Name] = append(names[f.Name.Name], fullName(f))
		}
	}
	for _, declared := range file.Decls {
		f, is := declared.(*ast.FuncDecl)
		if !is {
			continue
		}
		n := 0
		ast.Inspect(f, func(node ast.Node) bool {
			statement, is := node.(*ast.GoStmt)
			if !is {
				return true
			}
			called := ""
			switch fun := statement.Call.Fun.(type) {
			case *ast.SelectorExpr:
				called = fun.Sel.Name
			case *ast.Ident:
				called = fun.Name
			}
			n++
			for _, name := range names[called] {
				all[name] = append(all[name], fmt.Sprintf("%s.gowrap%d", fullName(f), n))
			}
			return true
		})
	}
	return all, nil
}

// fullName returns the compiler's name for a function or a method of a pointer, without its package.
func fullName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	if pointer, is := f.Recv.List[0].Type.(*ast.StarExpr); is {
		return fmt.Sprintf("(*%v).%s", pointer.X, f.Name.Name)
	}
	return fmt.Sprintf("%v.%s", f.Recv.List[0].Type, f.Name.Name)
}

var registered = regexp.MustCompile(`register\("(\w+)", \w+\)`)

// expectedLeaks returns the patterns that Go's own test has for a kernel. They match the function that a goroutine runs,
// and why it waits. One of them is commented out there, because its program may also panic.
func expectedLeaks(test, name string) (all []*regexp.Regexp, err error) {
	_, rest, found := strings.Cut(test, `"`+name+`"`)
	if !found {
		return nil, fmt.Errorf("it has no leaks of %s", name)
	}
	rest = strings.TrimPrefix(rest, "}")
	for {
		more := pattern.FindStringSubmatch(rest)
		if more == nil {
			break
		}
		re, err := regexp.Compile(more[1])
		if err != nil {
			return nil, err
		}
		all, rest = append(all, re), rest[len(more[0]):]
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("it has no leaks of %s", name)
	}
	return all, nil
}

var pattern = regexp.MustCompile("^,?(?:\\s|//[^`\n]*)*`([^`]*)`")

// restless are kernels whose goroutines never come to rest, because they have timers of a nanosecond, or sleep in loops.
// The value is the time after which the kernel's test ends.
var restless = map[string]string{"Istio18454": "0", "Cockroach2448": "time.Millisecond"}

// A splice replaces bytes of a file.
type splice struct {
	from, to int
	with     string
}

// reduced removes what Go added to a kernel to meet its leak by chance: copies of it, yields, and the profile at the end. Lines and
// the numbers of closures stay the same.
func reduced(name string, text []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	var edits []splice
	blank := func(n ast.Node, with string) {
		from, to := at(n.Pos()), at(n.End())
		edits = append(edits, splice{from, to, with + strings.Repeat("\n", strings.Count(string(text[from:to]), "\n"))})
	}
	for _, declared := range file.Decls {
		f, is := declared.(*ast.FuncDecl)
		if !is || f.Body == nil {
			continue
		}
		top := f.Recv == nil && f.Name.Name == name
		if f.Recv == nil && f.Name.Name == "init" {
			blank(f, "")
			continue
		}
		for _, s := range f.Body.List {
			switch s := s.(type) {
			case *ast.AssignStmt:
				if top && strings.Contains(string(text[at(s.Pos()):at(s.End())]), "pprof.Lookup") {
					blank(s, "")
				}
			case *ast.DeferStmt:
				if top && strings.Contains(string(text[at(s.Pos()):at(s.End())]), "prof.WriteTo") {
					blank(s, "defer func() {}()")
				}
			}
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ExprStmt:
				if string(text[at(n.Pos()):at(n.End())]) == "runtime.Gosched()" {
					blank(n, "")
				}
			case *ast.ForStmt:
				if bound := boundOf(n); bound != nil {
					if count, err := strconv.Atoi(bound.Value); err == nil && count >= manyCopies || top && slices.Contains(f.Body.List, ast.Stmt(n)) {
						edits = append(edits, splice{at(bound.Pos()), at(bound.End()), copies(n, top && slices.Contains(f.Body.List, ast.Stmt(n)))})
					}
				}
			}
			return true
		})
	}
	slices.SortFunc(edits, func(a, b splice) int { return a.from - b.from })
	return unimported(spliced(text, edits))
}

// manyCopies is the count from which a loop only makes the leak likelier.
const manyCopies = 100

// boundOf returns the number to which a loop counts; nil if it does not count.
func boundOf(loop *ast.ForStmt) *ast.BasicLit {
	condition, is := loop.Cond.(*ast.BinaryExpr)
	if !is || condition.Op != token.LSS && condition.Op != token.LEQ {
		return nil
	}
	bound, _ := condition.Y.(*ast.BasicLit)
	return bound
}

// copies returns the new bound of a loop: one copy of a whole kernel, or two of what is repeated inside it.
func copies(loop *ast.ForStmt, whole bool) string {
	n := 2
	if whole {
		n = 1
	}
	if loop.Cond.(*ast.BinaryExpr).Op == token.LEQ {
		n--
	}
	return strconv.Itoa(n)
}

func spliced(text []byte, edits []splice) (out []byte) {
	last := 0
	for _, e := range edits {
		if e.from < last {
			continue // inside of what is already removed
		}
		out = append(append(out, text[last:e.from]...), e.with...)
		last = e.to
	}
	return append(out, text[last:]...)
}

// unimported makes imports blank that are no longer used.
func unimported(text []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is {
			if x, is := s.X.(*ast.Ident); is {
				used[x.Name] = true
			}
		}
		return true
	})
	var edits []splice
	for _, imported := range file.Imports {
		path := strings.Trim(imported.Path.Value, `"`)
		if from := set.Position(imported.Pos()).Offset; imported.Name == nil && !used[path[strings.LastIndexByte(path, '/')+1:]] {
			edits = append(edits, splice{from, from, "_ "})
		}
	}
	return spliced(text, edits), nil
}

// module writes a module with each kernel as a test. A test gives its kernel some time and then ends, as Go's own program does before
// it looks for leaks.
func module(folder, version string, all []kernel) error {
	files := map[string][]byte{"go.mod": []byte("module example.com/goker\n\ngo " + version + "\n"), "main.go": []byte("package main\n\nfunc main() {}\n")}
	var tests strings.Builder
	tests.WriteString("package main\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n")
	for _, k := range all {
		files[k.file] = k.source
		fmt.Fprintf(&tests, "\nfunc Test%s(t *testing.T) {\n\t%s()\n\ttime.Sleep(%s)\n}\n", k.name, k.name, cmp.Or(restless[k.name], "100*time.Millisecond"))
	}
	files["kernels_test.go"] = []byte(tests.String())
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(folder, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
