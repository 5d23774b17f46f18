// Command adapters tries each engine of harness/adapters in every way that racewindow has, and prints the table of
// harness/adapters/README.md:
//
//	make adapters [RUN=REGEXP] [README=harness/adapters/README.md] [CHECK=1]
//
// Each row ends as it is expected to (cells.go): it holds, it finds what a page below findings describes, or racewindow refuses it by
// name. A second table has bugs that others have published, most of them in older releases (published.go). If anything else happens, the
// command ends with 1. -readme writes the rows of what was tried into a page, and leaves the others; -check ends with 1 if the page says
// that something else came of what was tried.
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
	if err := errors.Join(pages.Ready(command, readme, check), pages.Ready(publishedCommand, readme, check)); err != nil {
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
	now, tried, err := attempt(cells, selected, func(c cell) (string, error) { return t.try(ctx, c) })
	old, triedOld, errOld := attempt(published, selected, func(k known) (string, error) { return t.tryPublished(ctx, k) })
	if tried+triedOld == 0 {
		return errors.New("-run selects nothing")
	}
	return errors.Join(err, errOld,
		finish(table{command, header, names(cells), []string{"came"}}, now, readme, check),
		finish(table{publishedCommand, publishedHeader, names(published), []string{"release", "published", "came"}}, old, readme, check))
}

// A row of a table has a name, in its first cell.
type named interface{ name() string }

func names[T named](all []T) (names []string) {
	for _, each := range all {
		names = append(names, each.name())
	}
	return names
}

// attempt tries those whose names are selected, and prints and returns the rows of those that ended as expected.
func attempt[T named](all []T, selected *regexp.Regexp, try func(T) (string, error)) (rows []string, tried int, err error) {
	for _, each := range all {
		if !selected.MatchString(each.name()) {
			continue
		}
		tried++
		row, failed := try(each)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", each.name(), failed))
			continue
		}
		fmt.Println(row)
		rows = append(rows, row)
	}
	return rows, tried, err
}

// A table is what a command puts into the page: its header, the names of its rows in their order, and the columns that must not change.
type table struct {
	command, header string
	names, same     []string
}

// finish compares rows with those of a page, or writes them there.
func finish(t table, rows []string, readme, check string) (err error) {
	if len(rows) == 0 {
		return nil
	}
	if check != "" {
		err = pages.Agree(check, t.command, t.header+strings.Join(rows, "\n")+"\n", t.same...)
	}
	if readme != "" {
		err = errors.Join(err, write(readme, t, rows))
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
