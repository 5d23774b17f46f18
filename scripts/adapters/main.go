// Command adapters tries each engine of harness/adapters in every way that racewindow has, and prints the table of
// harness/adapters/README.md:
//
//	make adapters [RUN=REGEXP] [README=harness/adapters/README.md] [CHECK=1]
//
// Each row ends as it is expected to (cells.go): it holds, it finds what a page below findings describes, or racewindow refuses it by
// name. If anything else happens, the command ends with 1. -readme writes the rows of what was tried into a page, and leaves the others;
// -check ends with 1 if the page says that something else came of what was tried.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

func main() {
	run := flag.String("run", ".", "only the rows whose first cell matches `REGEXP`, such as 'bbolt, crash'")
	readme := flag.String("readme", "", "write the rows into the page `FILE`")
	check := flag.String("check", "", "fail if something else came than the page `FILE` says")
	flag.Parse()
	selected, err := regexp.Compile(*run)
	if err != nil || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "adapters: use flags only, and a regular expression for -run: %v\n", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := try(ctx, selected, *readme, *check); err != nil {
		fmt.Fprintf(os.Stderr, "adapters: %v\n", err)
		os.Exit(1)
	}
}

func try(ctx context.Context, selected *regexp.Regexp, readme, check string) error {
	if err := pages.Ready(command, readme, check); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "racewindow-adapters-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	t, err := prepare(ctx, folder)
	if err != nil {
		return err
	}
	var rows []string
	tried := 0
	for _, c := range cells {
		if !selected.MatchString(c.name()) {
			continue
		}
		tried++
		row, failed := t.try(ctx, c)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", c.name(), failed))
			continue
		}
		fmt.Println(row)
		rows = append(rows, row)
	}
	if tried == 0 {
		return errors.New("-run selects nothing")
	}
	if check != "" && len(rows) > 0 {
		err = errors.Join(err, pages.Agree(check, command, header+strings.Join(rows, "\n")+"\n", "came"))
	}
	if readme != "" && len(rows) > 0 {
		err = errors.Join(err, write(readme, rows))
	}
	return err
}

// A trial is the command and a copy of the module of adapters, so that kept findings stay out of the source tree.
type trial struct{ folder, module, command, root string }

func prepare(ctx context.Context, folder string) (*trial, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	t := &trial{folder, filepath.Join(folder, "adapters"), filepath.Join(folder, "racewindow"), root}
	if err := t.copy(ctx, t.module); err != nil {
		return nil, err
	}
	_, err = run(ctx, root, "go", "build", "-o", t.command, "./harness/cmd/racewindow")
	return t, err
}

// copy makes a copy of the module, without the findings that earlier runs have kept.
func (t *trial) copy(ctx context.Context, to string) error {
	if err := os.CopyFS(to, os.DirFS(filepath.Join("harness", "adapters"))); err != nil {
		return fmt.Errorf("run it in the root of the repository: %w", err)
	}
	kept, _ := filepath.Glob(filepath.Join(to, "*", "testdata", "racewindow")) // the pattern is well formed
	for _, name := range kept {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	_, err := run(ctx, to, "go", "mod", "edit", "-replace", "github.com/racewindow/racewindow="+t.root)
	return err
}
