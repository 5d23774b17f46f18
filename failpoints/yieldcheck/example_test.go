package yieldcheck_test

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/racewindow/racewindow/failpoints/yieldcheck"
)

const source = `package counter

import "sync/atomic"

var n atomic.Int64

func Add() { n.Add(1) }
`

// An operation that other goroutines notice has no failpoint before it.
func Example() {
	folder, err := os.MkdirTemp("", "yieldcheck-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	for name, text := range map[string]string{"go.mod": "module example.com/counter\n\ngo 1.26\n", "counter.go": source} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax, Dir: folder, Env: append(os.Environ(), "GOWORK=off", "GOFLAGS=")}, ".")
	fmt.Println(len(loaded), err)
	found, err := checker.Analyze([]*analysis.Analyzer{yieldcheck.Analyzer}, loaded, nil)
	fmt.Println(err)
	for _, root := range found.Roots {
		for _, d := range root.Diagnostics {
			fmt.Println(root.Package.Fset.Position(d.Pos).Line, d.Message)
		}
	}
	// Output:
	// 1 <nil>
	// <nil>
	// 7 no failpoint before n.Add (an atomic operation) on some path: pass one first, or say //racewindow:atomic because …
}
