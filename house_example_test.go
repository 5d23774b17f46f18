package racewindow_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutExample are the packages that no Example can show, and why.
var withoutExample = map[string]string{
	"failpoints/runtime/bubble":          "works only in a binary with the runtime with hooks",
	"harness/plain/driver":               "works only in a binary with the runtime with hooks",
	"harness/cmd/racewindow/results":     "belongs to the command, whose help has examples",
	"harness/cmd/racewindow/environment": "belongs to the command, whose help has examples",
	"harness/soak/fuzzcanary":            "has a fuzz target and nothing else",
	"harness/script":                     "needs a running test",
	"properties":                         "has properties, which are tests, and nothing else",
}

// A reader of a package's documentation sees code that runs.
func TestEveryPackageHasAnExampleThatRuns(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "list", "-f", "{{.Name}} {{.Dir}}", "./failpoints/...", "./harness/...", "./properties/...", "./storage/...").Output()
	require.NoError(t, err)
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	seen := 0
	for line := range strings.Lines(string(output)) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, err := filepath.Rel(root, folder)
		require.NoError(t, err)
		path = filepath.ToSlash(path)
		if name == "main" {
			continue
		}
		seen++
		runs := examplesThatRun(t, folder)
		if withoutExample[path] != "" {
			require.Zero(t, runs, "%s has an Example now: take it off the list", path)
			continue
		}
		assert.NotZero(t, runs, "%s has no Example with an output", path)
	}
	require.Greater(t, seen, len(withoutExample))
}

// examplesThatRun counts the Examples of a folder that have an output.
func examplesThatRun(t *testing.T, folder string) (runs int) {
	t.Helper()
	tests, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, test := range tests {
		file, err := parser.ParseFile(token.NewFileSet(), test, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	for _, example := range doc.Examples(files...) {
		if example.Output != "" || example.EmptyOutput {
			runs++
		}
	}
	return runs
}
