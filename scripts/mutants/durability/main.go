// Command durability plants each durability bug of this folder in the engine through the overlay, and runs the search that the
// patch's header names. It prints a table. It fails if a bug is not found, or if the engine without a bug fails the same search.
// Run it in the module's root: make durability.
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

	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/scripts/mutants/planted"
	"github.com/racewindow/racewindow/scripts/pages"
)

const folder = "scripts/mutants/durability"

// A mutant is a patch and the fields of its first lines:
//
//	# bug: what is wrong, in one line
//	# resembles: the bug of which system, or the class of bugs, in one line
//	# find: the arguments of racewindow explore that find it; a program in single quotes must come last
//	# survives: why no search here shows it
type mutant struct {
	name, path                     string
	bug, resembles, find, survives string
}

// A summary holds what the table needs from racewindow explore --json.
type summary struct {
	Statistics struct {
		Schedules uint64 `json:"schedules"`
	} `json:"statistics"`
	Crashes struct {
		Distinct   uint64 `json:"distinct_disks"`
		Recoveries uint64 `json:"recoveries"`
		Faults     uint64 `json:"faults"`
	} `json:"crashes"`
	Programs int `json:"programs"`
	Findings []struct {
		Case   string `json:"case"`
		Report struct {
			Promise string `json:"promise"`
		} `json:"report"`
	} `json:"findings"`
}

func main() {
	only := flag.String("run", "", "look for the bugs whose names match this `REGEXP` only")
	drawn := flag.Duration("drawn", 0, "also look for each bug with drawn programs and faults, for at most this time")
	readme := flag.String("readme", "", "also put the table into this `FILE`, between its markers")
	check := flag.String("check", "", "fail unless the page `FILE` says the same of each bug that is looked for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := usage(*only, *drawn, flag.Args())
	if err == nil {
		err = pages.Ready(command, *readme, *check)
	}
	if err == nil {
		err = run(ctx, *only, *readme, *check, *drawn)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "durability:", err)
	}
	os.Exit(planted.ExitCode(err))
}

func usage(only string, drawn time.Duration, rest []string) error {
	_, err := regexp.Compile(only)
	switch {
	case err != nil:
		return fmt.Errorf("%w: -run: %w", planted.ErrUsage, err)
	case drawn < 0:
		return fmt.Errorf("%w: -drawn %v: must not be negative", planted.ErrUsage, drawn)
	case len(rest) > 0:
		return fmt.Errorf("%w: unexpected argument %q", planted.ErrUsage, rest[0])
	}
	return nil
}

func run(ctx context.Context, only, readme, check string, drawn time.Duration) error {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	mutants, err := readMutants(folder)
	if err != nil {
		return err
	}
	known := searchable(mutants)
	survivors := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !chosen.MatchString(m.name) || m.survives == "" })
	mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return !chosen.MatchString(m.name) || m.find == "" })
	if len(mutants) == 0 {
		return fmt.Errorf("-run %s: no bug has such a name and a search, so nothing was judged; near are %s", only, strings.Join(spelling.Near(only, known, 3), ", "))
	}
	work, err := os.MkdirTemp("", "durability-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tool := filepath.Join(work, "racewindow")
	if err := build(ctx, "go", []string{"run", "./harness/cmd/racewindow"}, tool); err != nil {
		return err
	}
	var failed []string
	var page strings.Builder
	tell := func(lines ...string) {
		for _, line := range lines {
			fmt.Println(line)
			fmt.Fprintln(&page, line)
		}
	}
	tell("| bug | found by `racewindow explore` | promise | schedules | disks | recoveries | smallest case | by drawn programs |", "|---|---|---|---|---|---|---|---|")
	searched := map[string]bool{}
	for _, m := range mutants {
		if !searched[m.find] {
			searched[m.find] = true
			if s, err := explore(ctx, tool, m.find); err != nil {
				return fmt.Errorf("without a bug, explore %s: %w", m.find, err)
			} else if len(s.Findings) > 0 {
				return fmt.Errorf("without a bug, explore %s fails too: %s", m.find, s.Findings[0].Case)
			}
		}
		row, found, err := measure(ctx, tool, work, m, drawn)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if tell(row); !found {
			failed = append(failed, m.name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%w: %d of %d bugs: %s", planted.ErrSurvivor, len(failed), len(mutants), strings.Join(failed, ", "))
	}
	tell("", fmt.Sprintf("All %d bugs were found, and the engine without them held in each of the %d searches.", len(mutants), len(searched)))
	if len(survivors) > 0 {
		tell("", "Not searched for, and why:", "")
	}
	for _, m := range survivors {
		tell(fmt.Sprintf("- %s: %s. %s.", m.name, m.bug, m.survives))
	}
	return keep(readme, check, page.String())
}

// checked are the columns that the seed determines, so that they can be compared.
var checked = []string{"found by `racewindow explore`", "promise", "schedules", "smallest case"}

// keep writes the table into one page, and compares it with another.
func keep(readme, check, table string) error {
	if check != "" {
		if err := pages.Agree(check, command, table, checked...); err != nil {
			return err
		}
	}
	if readme == "" {
		return nil
	}
	return pages.Write(readme, command, table)
}

// searchable returns the names of the bugs that have a search.
func searchable(mutants []mutant) (names []string) {
	for _, m := range mutants {
		if m.find != "" {
			names = append(names, m.name)
		}
	}
	return names
}

// command is the command that makes the part of the page.
const command = "make durability"

// measure builds the engine with one planted bug, and runs the search for it.
func measure(ctx context.Context, tool, work string, m mutant, drawn time.Duration) (row string, found bool, err error) {
	planted := filepath.Join(work, m.name)
	if err := build(ctx, tool, nil, planted, "--plant", m.path); err != nil {
		return "", false, err
	}
	defer os.Remove(planted)
	s, err := explore(ctx, planted, m.find)
	if err != nil {
		return "", false, err
	}
	promise, smallest := "**not found**", ""
	if found = len(s.Findings) > 0; found {
		promise, smallest = s.Findings[0].Report.Promise, "`"+strings.ReplaceAll(s.Findings[0].Case, "|", `\|`)+"`"
	}
	byDrawn, err := lookFurther(ctx, planted, drawn)
	return fmt.Sprintf("| %s | `%s` | %s | %d | %d | %d | %s | %s |", m.name, strings.ReplaceAll(m.find, "|", `\|`), promise,
		s.Statistics.Schedules, s.Crashes.Distinct, s.Crashes.Recoveries, smallest, byDrawn), found, err
}

// lookFurther searches with drawn programs instead of one that was made for the bug.
func lookFurther(ctx context.Context, planted string, budget time.Duration) (string, error) {
	if budget == 0 {
		return "not tried", nil
	}
	s, err := explore(ctx, planted, fmt.Sprintf("--crash --model weak --faults 2 --per-program 100 --seed 1 --budget %v", budget))
	switch {
	case err != nil:
		return "", err
	case len(s.Findings) == 0:
		return fmt.Sprintf("not in %d programs, %d schedules", s.Programs, s.Statistics.Schedules), nil
	}
	return fmt.Sprintf("%s in program %d, schedule %d", s.Findings[0].Report.Promise, s.Programs, s.Statistics.Schedules), nil
}

func build(ctx context.Context, command string, before []string, out string, more ...string) error {
	arguments := append(append(before, "build"), more...)
	c := exec.CommandContext(ctx, command, append(arguments, "-o", out, "./harness/cmd/racewindow")...)
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, output)
	}
	return nil
}

// explore runs a search. A finding is not an error.
func explore(ctx context.Context, tool, find string) (s summary, err error) {
	c := exec.CommandContext(ctx, tool, append([]string{"explore", "--json", "-"}, words(find)...)...)
	var errs strings.Builder
	c.Stderr = &errs
	output, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
		return s, fmt.Errorf("explore %s: %w\n%s", find, err, errs.String())
	}
	return s, json.Unmarshal(output, &s)
}

// words splits arguments at spaces. The last one may be in single quotes.
func words(find string) []string {
	plain, quoted, has := strings.Cut(strings.TrimSpace(find), "'")
	all := strings.Fields(plain)
	if has {
		all = append(all, strings.TrimSuffix(quoted, "'"))
	}
	return all
}

// readMutants reads all patches of a folder, in order of their names.
func readMutants(folder string) (all []mutant, err error) {
	err = planted.Read(folder, func(path, text string) error {
		m := mutant{name: planted.Name(path), path: path}
		err := planted.Header(path, text, map[string]*string{"bug": &m.bug, "resembles": &m.resembles, "find": &m.find, "survives": &m.survives})
		if err == nil && (m.bug == "" || m.resembles == "" || (m.find == "") == (m.survives == "")) {
			err = fmt.Errorf("%s: the header says '# bug:', '# resembles:', and one of '# find:' and '# survives:'", path)
		}
		all = append(all, m)
		return err
	})
	return all, err
}
