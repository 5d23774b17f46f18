// Package examples is documented in README.md.
package examples

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/racewindow/racewindow/"

// allowed are what the examples may import of the project: what a stranger's tests and a stranger's code do.
var allowed = map[string]bool{
	module + "harness":                true, // in tests alone
	module + "failpoints":             true,
	module + "storage/disk":           true, // the type of Env.Disk
	module + "harness/examples/files": true, // what wal and unmarked/wal both have on their disks
}

func TestTheExamplesImportWhatAStrangerDoes(t *testing.T) {
	t.Parallel()
	looked := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			isTest := strings.HasSuffix(name, "_test.go")
			if strings.HasPrefix(name, "unmarked"+string(filepath.Separator)) && (imported == module+"failpoints" || strings.Contains(imported, "pingcap")) {
				t.Errorf("%s imports %s: what lies in unmarked has no marker", name, imported)
			}
			if strings.HasPrefix(imported, module) && (!allowed[imported] || !isTest && imported == module+"harness") {
				t.Errorf("%s imports %s: an example uses the harness through its public face", name, imported)
			}
			looked++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if looked == 0 {
		t.Fatal("no import was looked at")
	}
}
