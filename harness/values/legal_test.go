package values

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Stubs of what literals use, so that nothing of the standard library is compiled here.
var stubs = map[string]string{
	"math": `package math
		func NaN() float64
		func Inf(sign int) float64
		func Copysign(f, sign float64) float64`,
	"time": `package time
		type Duration int64
		const (Nanosecond Duration = 1; Microsecond; Millisecond; Second; Minute; Hour)
		type Time struct{}
		func Unix(seconds, nanoseconds int64) Time
		func (Time) UTC() Time`,
}

const declarations = `
	type (
		key string; digest [4]byte; blob []byte; flags map[key]bool; little int8
		point struct{ X, Y int }
		node struct{ Value int; Next *node; Kids []node }
	)`

type stubImporter struct {
	types.Importer
	known map[string]*types.Package
}

func (s stubImporter) Import(path string) (*types.Package, error) {
	if p := s.known[path]; p != nil {
		return p, nil
	}
	p, err := check(path, stubs[path], s)
	s.known[path] = p
	return p, err
}

func check(name, source string, from types.Importer) (*types.Package, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name+".go", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return (&types.Config{Importer: from, GoVersion: "go1.26"}).Check(name, set, []*ast.File{file}, nil)
}

// A literal can be pasted into a test of its type's package, except for types with type arguments, which are left out.
func TestLiteralsAreLegalGo(t *testing.T) {
	t.Parallel()
	known := stubImporter{importer.Default(), map[string]*types.Package{}}
	count := 0
	for seed := range int64(6) {
		source := strings.Builder{}
		source.WriteString("package legal\nimport (\"math\"; \"time\")\nvar _ = math.NaN\nvar _ time.Time\n" + declarations + "\n")
		drawOf(seed, func(v reflect.Value) {
			if kind := typeText(v.Type()); !strings.Contains(kind, "pair") && !strings.Contains(kind, "whole") {
				fmt.Fprintf(&source, "var _ %s = %s\n", kind, text(t, v))
				count++
			}
		})
		_, err := check("legal", source.String(), known)
		require.NoError(t, err)
	}
	require.Greater(t, count, 1000)
}

// The package is a leaf: everything of harness can import it.
func TestThePackageImportsNothingButTheStandardLibraryAndGopter(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	seen := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imported := range file.Imports {
			path, err := strconv.Unquote(imported.Path.Value)
			require.NoError(t, err)
			first, _, _ := strings.Cut(path, "/")
			require.True(t, !strings.Contains(first, ".") || path == "github.com/leanovate/gopter", "%s imports %s", name, path)
			seen++
		}
	}
	require.Greater(t, seen, 20)
}
