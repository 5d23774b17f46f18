package main

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// Each hunk of every patch fits at exactly one place, as --plant requires, and the engine still compiles with the patch.
func TestEveryPatchApplies(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(mutants), 24, "the measure needs that many bugs")
	checker := newTypeChecker(t)
	require.NoError(t, checker.check(nil), "the engine as it is")
	for _, m := range mutants {
		text, err := os.ReadFile(m.path)
		require.NoError(t, err)
		files, err := apply(text)
		require.NoError(t, err, m.Name)
		require.NoError(t, checker.check(files), "%s: with the patch the engine does not compile", m.Name)
		for name := range files {
			require.True(t, strings.HasPrefix(name, "storage/") && !strings.HasSuffix(name, "_test.go"), "%s changes %s: plant bugs in storage/", m.Name, name)
		}
	}
}

func TestPatchesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	mutants, err := readMutants(".")
	require.NoError(t, err)
	known := map[string]string{}
	for _, m := range mutants {
		require.Empty(t, known[m.Bug], "%s and %s say the same of themselves", m.Name, known[m.Bug])
		known[m.Bug] = m.Name
		require.LessOrEqual(t, len(m.Bug), 160, m.Name)
		require.False(t, strings.HasSuffix(m.Bug, ".") || strings.HasSuffix(m.Resembles, "."), "%s: no full stop at the end", m.Name)
		require.Regexp(t, `^[a-z0-9-]+$`, m.Name)
	}
}

func TestHeadersAreHeldAgainstTheirForm(t *testing.T) {
	t.Parallel()
	m, err := parseMutant("x/some-bug.patch", "# bug: b\n# resembles: r\n# equivalent: because\n# hint: w0: flush\ndiff --git a/x b/x\n# bug: not a header\n")
	require.NoError(t, err)
	require.Equal(t, mutant{Name: "some-bug", Bug: "b", Resembles: "r", Equivalent: "because", Hint: "w0: flush", path: "x/some-bug.patch"}, m)
	for _, bad := range []string{
		"", "diff\n", "# bug: b\ndiff\n", "# resembles: r\n", "# bug: b\n# bug: b\n# resembles: r\n", "# bug:\n# resembles: r\n", "# bugs: b\n# resembles: r\n",
	} {
		_, err := parseMutant("x.patch", bad)
		require.Error(t, err, "%q", bad)
		require.Contains(t, err.Error(), "x.patch")
	}
}

// planted returns the changed text of each file that a patch changes.
func apply(patch []byte) (map[string][]byte, error) {
	files, _, err := gitdiff.Parse(bytes.NewReader(patch))
	if err != nil || len(files) == 0 {
		return nil, errorOr(err, "the patch is empty")
	}
	after := map[string][]byte{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, f.OldName))
		if err != nil {
			return nil, err
		}
		for _, fragment := range f.TextFragments {
			var old, new string
			for _, l := range fragment.Lines {
				if l.Op != gitdiff.OpAdd {
					old += l.Line
				}
				if l.Op != gitdiff.OpDelete {
					new += l.Line
				}
			}
			if n := places(string(text), old); n != 1 {
				return nil, errorOr(nil, f.OldName+": "+fragment.Header()+" fits at "+[]string{"no place", "one", "more than one place"}[min(n, 2)]+": make the change again, and git diff -U4")
			}
			text = []byte(strings.Replace("\n"+string(text), "\n"+old, "\n"+new, 1))[1:]
		}
		after[f.OldName] = text
	}
	return after, nil
}

// places counts the places of a text at which these whole lines occur.
func places(text, lines string) int { return strings.Count("\n"+text, "\n"+lines) }

type plainError string

func (e plainError) Error() string { return string(e) }

func errorOr(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return plainError(otherwise)
}

// A typeChecker checks the types of package storage with some files replaced, without building anything.
type typeChecker struct {
	fset     *token.FileSet
	names    []string
	importer types.Importer
	parsed   map[string]*ast.File
}

func newTypeChecker(t *testing.T) *typeChecker {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./storage")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	require.NoError(t, err)
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = file
	}
	names := exec.Command("go", "list", "-f", `{{join .GoFiles "\n"}}`, "./storage")
	names.Dir, names.Stderr = root, os.Stderr
	out, err = names.Output()
	require.NoError(t, err)
	c := &typeChecker{fset: token.NewFileSet(), names: strings.Fields(string(out)), parsed: map[string]*ast.File{}}
	c.importer = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	return c
}

func (c *typeChecker) check(replaced map[string][]byte) error {
	var files []*ast.File
	for _, name := range c.names {
		name = "storage/" + name
		text, planted := replaced[name]
		f := c.parsed[name]
		if planted || f == nil {
			var source any
			if planted {
				source = text
			}
			var err error
			if f, err = parser.ParseFile(c.fset, filepath.Join(root, name), source, parser.SkipObjectResolution); err != nil {
				return err
			}
			if !planted {
				c.parsed[name] = f
			}
		}
		files = append(files, f)
	}
	config := types.Config{Importer: c.importer}
	_, err := config.Check("github.com/racewindow/racewindow/storage", c.fset, files, nil)
	return err
}
