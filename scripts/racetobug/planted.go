package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
	"github.com/racewindow/racewindow/scripts/pages"
)

// mutants is the folder of the planted bugs. Its page has the smallest case of each.
const mutants = "scripts/mutants"

// smallest reads the smallest cases of the planted bugs from the page of their folder, by name.
func smallest(page string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(page) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "- **"), "**: ")
		_, text, quoted := strings.Cut(rest, " `v1 ")
		if text, _, ends := strings.Cut(text, "`"); strings.HasPrefix(line, "- **") && ok && quoted && ends {
			all[name] = "v1 " + text
		}
	}
	return all
}

// plantedRows measures each planted bug whose name contains a text. A process of its own measures it, because the bug is in its engine.
func plantedRows(ctx context.Context, c config, t *table) error {
	page, err := pages.Made(filepath.Join(mutants, "README.md"), "make mutants")
	if err != nil {
		return fmt.Errorf("%w: go to the module's root", err)
	}
	known := smallest(page)
	work, err := os.MkdirTemp("", "racetobug-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	err = planted.Read(mutants, func(path, _ string) error {
		name := planted.Name(path)
		if !strings.Contains(name, c.only) {
			return nil
		}
		if known[name] == "" {
			return fmt.Errorf("%s: the page of %s has no smallest case of it: run make mutants", name, mutants)
		}
		cells, err := plantedRow(ctx, c, filepath.Join(work, name), path, known[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.begin(name)
		for _, cell := range cells {
			t.cell(cell)
		}
		t.endRow()
		return nil
	})
	if err == nil && len(t.names) == 0 {
		err = fmt.Errorf("no planted bug has %q in its name", c.only)
	}
	return err
}

// plantedRow builds this command with a bug, as the program tool, and returns the row that it prints for a case.
func plantedRow(ctx context.Context, c config, tool, patch, text string) (cells []string, err error) {
	if _, err := output(ctx, "go", "run", "./harness/cmd/racewindow", "build", "--plant", patch, "-o", tool, "./scripts/racetobug"); err != nil {
		return nil, err
	}
	defer os.Remove(tool)
	name := filepath.Base(tool)
	row := func(freeSeeds int) (cells []string, err error) {
		table, err := output(ctx, tool, "-only", name, "-case", text, "-seeds", strconv.Itoa(c.seeds), "-schedules", strconv.Itoa(c.schedules),
			"-free-seeds", strconv.Itoa(freeSeeds), "-free-for", c.freeFor.String(), "-columns", c.pattern())
		if err != nil {
			return nil, err
		}
		_, rows := pages.Table(table)
		if len(rows[name]) < 2 {
			return nil, fmt.Errorf("it printed no row: %s", table)
		}
		return rows[name][1:], nil
	}
	cells, err = row(c.freeSeeds)
	if err != nil && c.freeSeeds > 0 && strings.Contains(err.Error(), "panic: ") { // of a goroutine of the engine's, which nobody recovers from
		if cells, err = row(0); err == nil {
			cells = append(cells, panics, panics)
		}
	}
	return cells, err
}

// panics is the cell of a program that ends its process with plain goroutines, so that nobody counts.
const panics = "the process panics"

// output runs a program. The error has what it printed to its standard error.
func output(ctx context.Context, name string, arguments ...string) (string, error) {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, name, arguments...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}
