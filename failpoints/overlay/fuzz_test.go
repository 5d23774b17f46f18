// The splicer with arbitrary Go sources. A source that parses must parse again after splicing, with every function on the same
// line, or the splicer must refuse it with problems.

package overlay

import (
	"errors"
	gobuild "go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

func FuzzSplicedSourceParsesWithTheSameLines(f *testing.F) {
	files, err := filepath.Glob("testdata/splice/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(f, err)
		f.Add(section(archive, "in.go"))
	}
	f.Add([]byte("package p\nimport \"github.com/pingcap/failpoint\"\nfunc f(){for{failpoint.Label(`a`)\n/*;\n*/;{}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := parser.ParseFile(token.NewFileSet(), "x.go", text, parser.ParseComments); err != nil {
			t.Skip()
		}
		spliceEveryWay(t, text)
	})
}

func spliceEveryWay(t testing.TB, text []byte) {
	t.Helper()
	for _, d := range directions {
		out, err := d.do("x.go", text)
		var problems Problems
		if errors.As(err, &problems) {
			require.NotEmpty(t, problems)
			continue
		}
		require.NoError(t, err)
		requireSameLines(t, d.name, text, out)
	}
}

// Real code has constructions that no test author thinks of. The standard library has no markers, so the test puts one at the start
// of every function body.
func TestStandardLibraryWithAMarkerInEveryFunctionStaysInPlace(t *testing.T) {
	t.Parallel()
	count := 0
	for _, dir := range []string{"net/http", "go/types"} {
		files, err := filepath.Glob(filepath.Join(gobuild.Default.GOROOT, "src", dir, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			count += spliceSown(t, text)
		}
	}
	require.Greater(t, count, 3000, "too few functions to mean anything")
}

// spliceSown puts a marker into every function of text, splices it, and returns how many there were.
func spliceSown(t *testing.T, text []byte) int {
	src, err := parseSource("x.go", text)
	require.NoError(t, err)
	s := &splicer{source: src, bind: &binding{}}
	s.insert(src.file.Name.End(), `; import "github.com/pingcap/failpoint"`)
	bodies := functionBodies(src.file)
	for i, body := range bodies {
		marker := []string{
			`failpoint.InjectCall("n", ctx, 1); `, `failpoint.Inject("n", func(v failpoint.Value) { failpoint.Return() }); `,
			`failpoint.InjectContext(a.b, "n", nil); `,
		}[i%3]
		s.insert(body.Lbrace+1, marker)
	}
	sown, err := s.result()
	require.NoError(t, err)
	spliceEveryWay(t, sown)
	return len(bodies)
}
