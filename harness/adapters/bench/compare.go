package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// compare measures the engine of this tree and that of another revision in turns. Each round is a process of each, so that both
// meet the same machine; the measuring code is that of this tree in both.
func compare(ctx context.Context, s settings, out, progress io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "racewindow-compare-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	then := filepath.Join(folder, "then")
	if err := unpack(ctx, s.compare, then); err != nil {
		return fmt.Errorf("--compare %s: %w", s.compare, err)
	}
	fmt.Fprintln(progress, "bench: building the engine of both")
	binaries, err := buildBoth(ctx, folder, then)
	if err != nil {
		return err
	}
	s.contestants = []contestant{{name: "then"}, {name: "now"}}
	var figures []figure
	for round := range s.rounds {
		for turn := range binaries {
			i := (turn + round) % len(binaries)
			fmt.Fprintf(progress, "bench: round %d of %d, %s\n", round+1, s.rounds, s.contestants[i].name)
			found, err := oneRound(ctx, binaries[i], filepath.Join(folder, "round.json"), s)
			if err != nil {
				return err
			}
			figures = add(figures, found, i)
		}
	}
	fmt.Fprint(out, table(figures, s))
	fmt.Fprintf(out, "\nnow, how many times as fast as %s (median of the rounds' ratios)\n", s.compare)
	for _, f := range figures {
		if f.faster != share {
			fmt.Fprintf(out, "%7d B  %-30s %.2f\n", f.value, f.name, f.ratio(1, 0))
		}
	}
	if s.json != "" {
		return writeJSON(s.json, figures, s)
	}
	return nil
}

// unpack writes the files of a revision into a new folder.
func unpack(ctx context.Context, revision, to string) error {
	if err := os.Mkdir(to, 0o777); err != nil {
		return err
	}
	archive := to + ".tar"
	if err := command(ctx, "git", "-C", "../..", "archive", "--format=tar", "-o", archive, revision); err != nil {
		return err
	}
	return command(ctx, "tar", "-xf", archive, "-C", to)
}

// buildBoth builds this command with the engine of the other revision and with that of this tree.
func buildBoth(ctx context.Context, folder, then string) ([2]string, error) {
	binaries := [2]string{filepath.Join(folder, "bench-then"), filepath.Join(folder, "bench-now")}
	for _, suffix := range []string{"mod", "sum"} {
		content, err := os.ReadFile("go." + suffix)
		if err != nil {
			return binaries, fmt.Errorf("--compare works in the folder harness/adapters, as make bench does: %w", err)
		}
		text := strings.Replace(string(content), "=> ../..\n", "=> "+then+"\n", 1)
		if err := os.WriteFile(filepath.Join(folder, "then."+suffix), []byte(text), 0o666); err != nil {
			return binaries, err
		}
	}
	modfile := "-modfile=" + filepath.Join(folder, "then.mod")
	if err := command(ctx, "go", "build", "-mod=mod", modfile, "-o", binaries[0], "./bench"); err != nil {
		return binaries, fmt.Errorf("build with the engine of that revision, which must have what this command calls: %w", err)
	}
	return binaries, command(ctx, "go", "build", "-o", binaries[1], "./bench")
}

// command runs a command, and interrupts it at the end of ctx, so that it can clean up.
func command(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = time.Minute
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

func oneRound(ctx context.Context, binary, file string, s settings) (r report, err error) {
	list := func(numbers []int) string {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ","), "[]")
	}
	err = command(ctx, binary, "--only", "engine", "--rows", s.rows, "--rounds", "1", "--json", file, "--dir", s.folder,
		"--value", list(s.values), "--readers", list(s.readers), "--logs", fmt.Sprint(s.logs),
		"--millis", fmt.Sprint(s.millis), "--megabytes", fmt.Sprint(s.megabytes))
	if err != nil {
		return r, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// add appends the figures of one side's round to the earlier ones. Reports have their rows in the order of the measurements.
func add(figures []figure, r report, side int) []figure {
	for k, found := range r.Figures {
		if k == len(figures) {
			figures = append(figures, figure{row: rowNamed(found), value: found.ValueBytes, rounds: make([][]float64, 2)})
		}
		figures[k].rounds[side] = append(figures[k].rounds[side], found.Rounds["engine"]...)
	}
	return figures
}

func rowNamed(found figureJSON) row {
	faster := map[string]direction{"%": share, "KiB": share, "ns": lower, "ms": lower}
	direction, is := faster[found.Unit]
	if !is {
		direction = higher
	}
	return row{name: found.Name, unit: found.Unit, faster: direction}
}
