package storage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// A mark is a failpoint as the source names it.
type mark struct {
	name     string
	kind     failpoints.Kind
	position string
}

// markers are the calls that make a failpoint of the engine, with the argument that holds its name. Any other call of
// pingcap's package fails the test: it would be a failpoint that the declarations cannot describe.
var markers = map[string]struct {
	kind     failpoints.Kind
	argument int
}{
	"failpoint.InjectCall":    {failpoints.KindYield, 0},
	"failpoint.InjectContext": {failpoints.KindFault, 1},
	"failpoints.WaitPoint":    {failpoints.KindWait, 1},
}

// marksOf parses the storage engine's source and returns every marker in it.
func marksOf(t *testing.T) (marks []mark) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if m, ok := markOf(t, set, call); ok {
					marks = append(marks, m)
				}
			}
			return true
		})
	}
	return marks
}

func markOf(t *testing.T, set *token.FileSet, call *ast.CallExpr) (mark, bool) {
	t.Helper()
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return mark{}, false
	}
	of, ok := function.X.(*ast.Ident)
	if !ok || of.Name != "failpoint" && of.Name != "failpoints" {
		return mark{}, false
	}
	marker, known := markers[of.Name+"."+function.Sel.Name]
	position := set.Position(call.Pos()).String()
	if !known {
		require.NotEqual(t, "failpoint", of.Name, "%s: failpoint.%s is no marker that this test knows", position, function.Sel.Name)
		return mark{}, false
	}
	require.Less(t, marker.argument, len(call.Args), position)
	name, ok := call.Args[marker.argument].(*ast.BasicLit)
	require.True(t, ok && name.Kind == token.STRING, "%s: a failpoint of the engine has a literal name", position)
	text, err := strconv.Unquote(name.Value)
	require.NoError(t, err)
	return mark{text, marker.kind, position}, true
}

func TestDeclarationsAndMarkersInTheSourceAreTheSame(t *testing.T) {
	t.Parallel()
	marked := map[string]mark{}
	for _, m := range marksOf(t) {
		if before, twice := marked[m.name]; twice {
			require.Equal(t, before.kind, m.kind, "%s and %s call %s by different kinds", before.position, m.position, m.name)
		}
		marked[m.name] = m
		i := slices.IndexFunc(declarations, func(d failpoints.Declaration) bool { return d.Name == m.name })
		require.GreaterOrEqual(t, i, 0, "%s: %s is not declared (storage/points.go)", m.position, m.name)
		require.Equal(t, declarations[i].Kind, m.kind, "%s: %s is a %v point here and declared as another kind", m.position, m.name, m.kind)
	}
	for _, e := range Points() {
		require.Contains(t, marked, e.Name, "%s is declared and no marker has that name", e.Name)
	}
	require.Len(t, marked, len(Points()))
	require.Greater(t, len(marked), 27, "the test has looked at something")
}

func TestEveryDeclarationSaysWhy(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	resources := map[string]bool{
		"committed": true, "view": true, "metadata": true, "tail": true, "file": true, "index": true, "log": true,
		"round": true, "store": true, "wake": true, "folder": true,
	}
	for _, e := range Points() {
		require.False(t, seen[e.Name], "%s is listed twice", e.Name)
		seen[e.Name] = true
		require.NotEmpty(t, e.Reason, e.Name)
		require.True(t, resources[e.Resource], "%s: resource %q is not one that points.go describes", e.Name, e.Resource)
		for _, also := range e.Also {
			require.True(t, resources[also.Resource], "%s: resource %q is not one that points.go describes", e.Name, also.Resource)
			require.NotEqual(t, failpoints.Nothing, also.Access, "%s says neither read nor write of %s", e.Name, also.Resource)
			require.NotEqual(t, e.Resource, also.Resource, "%s names %s twice", e.Name, e.Resource)
		}
		require.NotEqual(t, failpoints.Nothing, e.Access, "%s says neither read nor write", e.Name)
		topic, moment, ok := strings.Cut(e.Name, "/")
		require.True(t, ok && topic != "" && moment != "", "%s: a name is topic/moment", e.Name)
	}
}

func TestTheDeclarationsCannotBeChangedByTheirReaders(t *testing.T) {
	t.Parallel()
	name := Points()[0].Name
	Points()[0].Name = "changed"
	require.Equal(t, name, Points()[0].Name)
	require.Equal(t, failpoints.Declarations(Package), Points())
}

func TestThePointsAreOfThePackagesImportPath(t *testing.T) {
	t.Parallel()
	require.Equal(t, Package, reflect.TypeFor[Store]().PkgPath())
}
