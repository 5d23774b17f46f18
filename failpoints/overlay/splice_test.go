// Splices as a table: every file of testdata/splice is one input and what each of the three directions makes of it.

package overlay

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the splicer does now")

// directions are the three things that can be done to a file.
var directions = []struct {
	name string
	do   func(path string, text []byte) ([]byte, error)
}{
	{"pingcap", func(path string, text []byte) ([]byte, error) { return spliceMarkers(path, text, &binding{}) }},
	{"context", func(path string, text []byte) ([]byte, error) { return spliceMarkers(path, text, &binding{own: true}) }},
	{"strip", func(path string, text []byte) ([]byte, error) {
		return stripMarkers(path, text, true, false, func(path string) string { return filepath.Base(path) })
	}},
}

func TestSplicesAreTheGoldenOnes(t *testing.T) {
	files, err := filepath.Glob("testdata/splice/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			in := section(archive, "in.go")
			if strings.Contains(string(archive.Comment), "no newline") || file == "testdata/splice/imports.txtar" {
				in = bytes.TrimSuffix(in, []byte("\n"))
			}
			for _, d := range directions {
				out, err := d.do("in.go", in)
				if err != nil {
					out = []byte(err.Error() + "\n")
				} else {
					requireSameLines(t, d.name, in, out)
				}
				if *update {
					setSection(archive, d.name, out)
					continue
				}
				require.Equal(t, strings.TrimSpace(string(section(archive, d.name))), strings.TrimSpace(string(out)), d.name)
			}
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			}
		})
	}
}

// requireSameLines checks the splicer's promise: the output parses, has as many lines, and what was not changed is where it
// was.
func requireSameLines(t testing.TB, direction string, in, out []byte) {
	t.Helper()
	inFile, inSet := parse(t, in)
	outFile, outSet := parse(t, out)
	ends := "\n"
	if !bytes.HasSuffix(in, []byte("\n")) {
		ends = ""
	}
	if ends == "\n" {
		require.Equal(t, bytes.Count(in, []byte("\n")), bytes.Count(out, []byte("\n")), "%s: number of lines\n%s", direction, out)
	}
	require.Equal(t, marks(inSet, inFile), marks(outSet, outFile), "%s: lines of functions and comments\n%s", direction, out)
}

func parse(t testing.TB, text []byte) (*ast.File, *token.FileSet) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", text, parser.ParseComments)
	require.NoError(t, err, "%s", text)
	return file, fset
}

// marks returns the lines of all function declarations, and of the comments that must stay on their lines.
func marks(fset *token.FileSet, file *ast.File) map[int]string {
	found := map[int]string{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			found[fset.PositionFor(f.Pos(), false).Line] = f.Name.Name
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Text == "// stays" {
				found[fset.PositionFor(c.Pos(), false).Line] += c.Text
			}
		}
	}
	return found
}

func section(archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setSection(archive *txtar.Archive, name string, data []byte) {
	for i, f := range archive.Files {
		if f.Name == name {
			archive.Files[i].Data = data
			return
		}
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
}

func TestSplicingTwiceGivesTheSameBytes(t *testing.T) {
	text := []byte("package p\n\nimport \"github.com/pingcap/failpoint\"\n\nfunc f() { failpoint.InjectCall(\"a\") }\n")
	first, err := spliceMarkers("a.go", text, &binding{own: true})
	require.NoError(t, err)
	second, err := spliceMarkers("a.go", text, &binding{own: true})
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
}

func functionBodies(file *ast.File) []*ast.BlockStmt {
	var bodies []*ast.BlockStmt
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				bodies = append(bodies, n.Body)
			}
		case *ast.FuncLit:
			bodies = append(bodies, n.Body)
		}
		return true
	})
	return bodies
}
