// Command defaults builds racewindow once for each planted bug, through the overlay, and looks for the bug as a user would who knows
// nothing of it: each detector with its defaults, no program that was made for the bug. It prints a table, and fails if the engine
// without a bug is called wrong. Run it in the module's root: make defaults.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
	"github.com/racewindow/racewindow/scripts/pages"
)

// folders hold planted bugs, this command's own first.
var folders = []string{"scripts/mutants/defaults", "scripts/mutants", "scripts/mutants/durability"}

// A detector is a command with its defaults. Only the seed is given, so that a run can be repeated; and how long and with how many
// goroutines a stress is, because what these bugs show comes at the end of a round; and how long the others go on that judge no programs.
type detector struct {
	name      string
	arguments []string
}

// everyDetector are all detectors, in the order of the columns.
var everyDetector = []detector{
	{"explore", []string{"explore", "--seed", "1"}},
	{"explore --faults 2", []string{"explore", "--faults", "2", "--seed", "1"}},
	{"explore --crash", []string{"explore", "--crash", "--seed", "1"}},
	{"stress of 1 s", []string{"stress", "--goroutines", "60", "--duration", "1s", "--seed", "1"}},
	{"stress --crash of 3 s", []string{"stress", "--crash", "--duration", "3s", "--seed", "1"}},
	{"kill, 40 times", []string{"kill", "--kills", "40", "--seed", "1"}},
}

// detectors are those that look.
var detectors = everyDetector

// A mutant is a patch and the first line of its header. Patches of the other folders have more lines, for the commands of these
// folders.
type mutant struct {
	name, path                                       string
	bug, resembles, find, survives, equivalent, hint string
}

func main() {
	only := flag.String("run", "", "look for the bugs whose names match this `REGEXP` only")
	with := flag.String("detectors", "", "only the detectors whose names match this `REGEXP`")
	all := flag.Bool("all", false, "look for the bugs of the other folders too")
	readme := flag.String("readme", "", "also put the cells that were measured into the table of this `FILE`, between its markers")
	check := flag.String("check", "", "fail unless the page `FILE` says the same about each bug that is looked for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := usage(*only, flag.Args())
	if err == nil {
		err = use(*with)
	}
	if err == nil {
		err = pages.Ready(command, *readme, *check)
	}
	if err == nil {
		err = run(ctx, *only, *readme, *check, *all)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "defaults:", err)
	}
	os.Exit(planted.ExitCode(err))
}

// use keeps only the detectors that the flag names.
func use(pattern string) error {
	asked, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("%w: -detectors: %w", planted.ErrUsage, err)
	}
	detectors = slices.DeleteFunc(slices.Clone(detectors), func(d detector) bool { return !asked.MatchString(d.name) })
	if len(detectors) == 0 {
		return fmt.Errorf("%w: -detectors %s: no detector has such a name", planted.ErrUsage, pattern)
	}
	return nil
}

func usage(only string, rest []string) error {
	if _, err := regexp.Compile(only); err != nil {
		return fmt.Errorf("%w: -run: %w", planted.ErrUsage, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: unexpected argument %q", planted.ErrUsage, rest[0])
	}
	return nil
}

// command makes a part of a page.
const command = "make defaults"

func run(ctx context.Context, only, readme, check string, all bool) error {
	mutants, err := choose(only, all)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "defaults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tool := filepath.Join(work, "racewindow")
	if err := build(ctx, tool); err != nil {
		return err
	}
	var page strings.Builder
	tell := func(line string) {
		fmt.Println(line)
		fmt.Fprintln(&page, line)
	}
	head, rule := "| planted bug |", "|---|"
	for _, d := range detectors {
		head, rule = head+" "+d.name+" |", rule+"---|"
	}
	tell(head + " found | shown as |")
	tell(rule + "---|---|")
	if clean := detectAll(ctx, tool, work, none); clean.err != nil || clean.found > 0 {
		return fmt.Errorf("without a bug: %s %w", clean.row, clean.err)
	} else {
		tell(clean.row)
	}
	var missed []string
	for _, m := range mutants {
		path := filepath.Join(work, m.name)
		if err := build(ctx, path, "--plant", m.path); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		r := detectAll(ctx, path, work, m.name)
		if err := errors.Join(r.err, os.Remove(path)); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if tell(r.row); r.found == 0 {
			missed = append(missed, m.name)
		}
	}
	tell("")
	tell(fmt.Sprintf("%d of %d planted bugs were found by a detector with its defaults; not found: %s.", len(mutants)-len(missed), len(mutants), listed(missed)))
	return keep(readme, check, page.String())
}

// keep writes the table into one page, and compares it with another. Times may differ, but the same bugs must be found.
func keep(readme, check, table string) error {
	if check != "" {
		if err := pages.Agree(check, command, table, "found"); err != nil {
			return err
		}
	}
	if readme == "" {
		return nil
	}
	old, err := pages.Made(readme, command)
	if err != nil {
		return err
	}
	return pages.Write(readme, command, merged(old, table))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// choose reads the patches of the bugs to look for.
func choose(only string, all bool) (mutants []mutant, err error) {
	if all {
		return chooseFrom(only, folders...)
	}
	return chooseFrom(only, folders[0])
}

func chooseFrom(only string, from ...string) (mutants []mutant, err error) {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	for _, folder := range from {
		more, err := readMutants(folder)
		if err != nil {
			return nil, err
		}
		mutants = append(mutants, more...)
	}
	mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return !chosen.MatchString(m.name) || m.equivalent != "" || m.survives != "" })
	if len(mutants) == 0 {
		return nil, fmt.Errorf("-run %s: no bug has such a name, so nothing was judged", only)
	}
	return mutants, nil
}

// readMutants reads all patches of a folder, in order of their names.
func readMutants(folder string) (all []mutant, err error) {
	err = planted.Read(folder, func(path, text string) error {
		m := mutant{name: planted.Name(path), path: path}
		err := planted.Header(path, text, map[string]*string{
			"bug": &m.bug, "resembles": &m.resembles, "find": &m.find, "survives": &m.survives, "equivalent": &m.equivalent, "hint": &m.hint,
		})
		if err == nil && (m.bug == "" || m.resembles == "") {
			err = fmt.Errorf("%s: the patch must begin with '# bug: ...' and '# resembles: ...'", path)
		}
		all = append(all, m)
		return err
	})
	return all, err
}

func build(ctx context.Context, out string, more ...string) error {
	arguments := append([]string{"run", "./harness/cmd/racewindow", "build"}, more...)
	c := exec.CommandContext(ctx, "go", append(arguments, "-o", out, "./harness/cmd/racewindow")...)
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, output)
	}
	return nil
}

// A result is a row of the table, with the number of detectors that have found something.
type result struct {
	row   string
	found int
	err   error
}

// detectAll runs each detector.
func detectAll(ctx context.Context, tool, work, name string) (r result) {
	r.row = "| " + name + " |"
	shown := ""
	for _, d := range detectors {
		began := time.Now()
		found, class, err := detect(ctx, tool, work, d)
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit) && exit.ExitCode() > 0 && name != none:
			r.row += fmt.Sprintf(" exit code %d |", exit.ExitCode())
			continue
		case err != nil:
			r.err = fmt.Errorf("%s: %w", d.name, err)
			return r
		case !found:
			r.row += " - |"
			continue
		}
		r.found++
		r.row += fmt.Sprintf(" %.1f s |", time.Since(began).Seconds())
		if shown == "" {
			shown = class
		}
	}
	found := "no"
	if r.found > 0 {
		found = "yes"
	}
	r.row += " " + found + " | " + shown + " |"
	return r
}

// A summary is what the table needs of --json.
type summary struct {
	Findings []struct {
		Class string `json:"class"`
	} `json:"findings"`
	Violation struct {
		Promise string `json:"promise"`
	} `json:"violation"` // of stress
}

// detect runs one detector. Exit code 1 means a finding, 0 means none, and any other code is an error, which is no verdict.
func detect(ctx context.Context, tool, work string, d detector) (found bool, class string, err error) {
	file := filepath.Join(work, "summary.json")
	c := exec.CommandContext(ctx, tool, append(slices.Clone(d.arguments), "--json", file)...)
	output, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false, "", nil
	case !errors.As(err, &exit) || exit.ExitCode() != 1:
		return false, "", fmt.Errorf("%w\n%s", err, output)
	}
	var s summary
	if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &s) == nil {
		if class = s.Violation.Promise; len(s.Findings) > 0 {
			class = s.Findings[0].Class
		}
	}
	return true, class, nil
}
