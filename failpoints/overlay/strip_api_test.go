// Stripping what uses pingcap's package for more than markers.

package overlay

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

const usesAPI = `package main

import (
	"fmt"
	"net/http"

	"github.com/pingcap/failpoint"
)

func enabled(v failpoint.Value) bool { b, _ := v.(bool); return b }

func main() {
	failpoint.Inject("x", func(v failpoint.Value) { fmt.Println(enabled(v)) })
	fmt.Println(failpoint.Enable("x", "panic"))
	_ = failpoint.Disable("x")
	http.Handle("/fail/", new(failpoint.HttpHandler))
	failpoint.Inject("x", nil)
}
`

func TestStripNamesEveryUseThatKeepsTheImport(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "uses/uses.go", usesAPI)
	r := m.runCommand(Command{Verb: "build", Strip: true, Args: []string{"-o", m.temp() + "/x", "./uses"}})
	require.Equal(t, ExitProblem, r.code, "%s", r)
	for _, use := range []string{"14: failpoint.Enable", "15: failpoint.Disable", "16: failpoint.HttpHandler"} {
		require.ErrorContains(t, r.err, "uses/uses.go:"+use+" is no marker")
	}
	require.NotContains(t, r.err.Error(), "failpoint.Value", "it can be stripped")
}

func TestStripMakesValueTheInterfaceThatItIs(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "value/value.go", "package value\n\nimport \"github.com/pingcap/failpoint\"\n\n"+
		"func Is(v failpoint.Value, more map[string]failpoint.Value) bool { b, _ := v.(bool); return b }\n")
	m.write(t, "value/value_test.go", "package value\n\nimport (\n\t\"testing\"\n\n\t\"github.com/pingcap/failpoint\"\n)\n\n"+
		"func TestIs(t *testing.T) {\n\tvar f func(failpoint.Value, map[string]failpoint.Value) bool = Is\n"+
		"\tif !f(true, nil) {\n\t\tt.Error(\"no\")\n\t}\n}\n")
	r := m.runCommand(Command{Verb: "test", Strip: true, Args: []string{"./value"}})
	require.Zero(t, r.code, "%s", r)
	r = m.runCommand(Command{Verb: "build", Strip: true, Args: []string{"./value"}})
	require.Zero(t, r.code, "%s", r)
}

func TestStripKeepsTheAPIAndNothingBehindIt(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "uses/uses.go", usesAPI)
	before := m.hash(t)
	binary := filepath.Join(m.temp(), "x")
	build := func(keep bool, mode, pkg string) result {
		return m.runCommand(Command{Verb: "build", Strip: true, KeepAPI: keep, Args: []string{"-mod=" + mode, "-o", binary, pkg}})
	}
	check := func() {
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), "GO_FAILPOINTS=this is bad", "GO_FAILPOINTS_HTTP=nowhere")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "the environment was read: %s", out)
		require.Equal(t, "failpoint: this binary has no failpoints: they were stripped (racewindow build --strip)\n", string(out))
	}
	r := build(true, "readonly", "./uses")
	require.Zero(t, r.code, "%s", r)
	check()
	require.Equal(t, before, m.hash(t), "the source tree was touched")

	// Without a use of the handler nothing links net/http.
	m.write(t, "less/less.go", "package main\n\nimport \"github.com/pingcap/failpoint\"\n\nfunc main() { println(failpoint.Enable(\"x\", \"panic\") != nil) }\n")
	require.NoError(t, os.RemoveAll(filepath.Join(m.dir, "uses")))
	r = build(true, "readonly", "./less")
	require.Zero(t, r.code, "%s", r)
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	require.NoError(t, err)
	require.Contains(t, string(symbols), "main.main")
	require.NotContains(t, string(symbols), "net/http")

	m.write(t, "uses/uses.go", usesAPI)
	m.goCommand(t, "mod", "vendor")
	r = build(true, "vendor", "./uses")
	require.Zero(t, r.code, "%s", r)
	check()

	tree := m.temp() + "/tree"
	require.NoError(t, os.RemoveAll(filepath.Join(m.dir, "vendor")))
	_, err = WriteTree(t.Context(), Command{Dir: m.dir, Env: m.env, Strip: true, KeepAPI: true, Args: []string{"./uses"}}, tree)
	require.NoError(t, err)
	out, err := m.goIn(tree, nil, "build", "-o", binary, "./uses")
	require.NoError(t, err, "%s", out)
	check()
}

// The package that replaces pingcap's must have all of its names. Otherwise the builds of some users break.
func TestPackageInThePlaceOfPingcapsHasItsNames(t *testing.T) {
	t.Parallel()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", pingcapModule).Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "*.go"))
	require.NoError(t, err)
	wants, got := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			exported(t, text, wants)
		}
	}
	for _, f := range txtar.Parse(inertArchive).Files {
		exported(t, f.Data, got)
	}
	require.Greater(t, len(wants), 40)
	require.Equal(t, sortedKeys(wants), sortedKeys(got))
}

// exported adds the exported names of a file, with the names of their receivers.
func exported(t *testing.T, text []byte, into map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	require.NoError(t, err)
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name := decl.Name.Name
			if decl.Recv != nil {
				receiver := decl.Recv.List[0].Type
				if star, ok := receiver.(*ast.StarExpr); ok {
					receiver = star.X
				}
				if !receiver.(*ast.Ident).IsExported() {
					continue
				}
				name = receiver.(*ast.Ident).Name + "." + name
			}
			if decl.Name.IsExported() {
				into[name] = true
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						into[spec.Name.Name] = true
					}
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						if id.IsExported() {
							into[id.Name] = true
						}
					}
				}
			}
		}
	}
}
