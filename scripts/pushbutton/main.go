// The command pushbutton explores the unedited tests of modules that other people wrote, in pinned releases.
//
// It copies each module from the module cache and downloads the dependencies of its tests. It runs 'racewindow explore' on one package
// after another and keeps the results in a folder, so that an interrupted run can go on where it stopped. Existing tests seldom make
// operations overlap, so there are two more kinds: bugs that are planted in the copy as edits, and small tests of a module's main type,
// written only from the guarantees in its documentation. The tables go to standard output as Markdown; FINDINGS.md says what people
// checked by hand.
package main

import (
	"context"
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
	"syscall"
	"time"
)

// The kinds of tests to explore.
const (
	existing = "existing"
	planted  = "planted"
	promises = "promises"
)

var kinds = []string{existing, planted, promises}

type settings struct {
	folder, kind string
	schedules    int
	perTest      time.Duration
	perPackage   time.Duration
	memory       int // MiB of address space
	steps        int // most choices of a schedule, 0 for the default of explore
	seed         uint64
	command      string
}

func main() {
	var s settings
	pattern := flag.String("run", "", "only the modules that match `REGEXP`")
	flag.StringVar(&s.kind, "what", "existing", "`WHAT`: existing (tests, unedited), planted (bugs, found by a plain test), or promises (small tests of what the documentation says)")
	flag.StringVar(&s.folder, "folder", "out/pushbutton", "the `FOLDER` for copies and results; a later run skips what is there already")
	flag.IntVar(&s.schedules, "schedules", 0, "most schedules of one test, `N` (default 200 of existing tests, otherwise the default of explore)")
	flag.DurationVar(&s.perTest, "per-test", 10*time.Second, "how `long` one existing test is explored")
	flag.DurationVar(&s.perPackage, "per-package", 10*time.Minute, "how `long` one package is explored, its build included; what is left is counted")
	flag.IntVar(&s.memory, "memory", 8192, "the address space of each process, in `MIB`")
	flag.IntVar(&s.steps, "step-limit", 0, "most choices of one schedule, `N` (default that of explore); with fewer, schedules that never end are shrunk faster")
	flag.Uint64Var(&s.seed, "seed", 1, "the `SEED` of the searches")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "pushbutton explores the tests of modules that other people wrote, and prints the results.\n\nmodules:\n")
		for _, m := range subjects {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-16s %s %s\n", m.name, m.module, m.version)
		}
		fmt.Fprint(flag.CommandLine.Output(), "\n")
		flag.PrintDefaults()
		fmt.Fprint(flag.CommandLine.Output(), "\nExit codes: 0 everything was explored, 1 a planted bug was not found, 2 wrong usage, 3 something could not be downloaded or was cut short.\n")
	}
	flag.Parse()
	selected, err := regexp.Compile(*pattern)
	if err == nil {
		err = s.check(flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pushbutton:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = s.run(ctx, selected)
	switch {
	case errors.Is(err, errMissed):
		fmt.Fprintln(os.Stderr, "pushbutton:", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "pushbutton:", err)
		os.Exit(3)
	}
}

func (s *settings) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: use flags only", rest[0])
	case !slices.Contains(kinds, s.kind):
		return fmt.Errorf("-what %q: choose one of %s", s.kind, strings.Join(kinds, ", "))
	case s.schedules < 0 || s.steps < 0 || s.perTest <= 0 || s.perPackage <= 0 || s.memory < 1024:
		return errors.New("-schedules and -step-limit must be at least 1, -per-test and -per-package longer than 0, and -memory at least 1024")
	}
	if s.schedules == 0 && s.kind == existing {
		s.schedules = 200
	}
	return nil
}

func (s *settings) run(ctx context.Context, selected *regexp.Regexp) error {
	var err error
	if s.folder, err = filepath.Abs(s.folder); err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return err
	}
	s.command = filepath.Join(s.folder, "racewindow")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", s.command, "./harness/cmd/racewindow").CombinedOutput(); err != nil {
		return fmt.Errorf("build racewindow, in the root of the repository: %w\n%s", err, out)
	}
	var rows []row
	var problems []error
	for _, m := range subjects {
		if !selected.MatchString(m.name) || ctx.Err() != nil {
			continue
		}
		more, err := s.explore(ctx, m)
		rows = append(rows, more...)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	if ctx.Err() != nil {
		problems = append(problems, errors.New("interrupted: call it again to go on"))
	}
	if len(rows) == 0 && len(problems) == 0 {
		return fmt.Errorf("-run selects no module with anything to explore for -what %s", s.kind)
	}
	s.print(os.Stdout, rows)
	return errors.Join(problems...)
}

// explore explores one module and returns its rows.
func (s *settings) explore(ctx context.Context, m subject) (rows []row, err error) {
	switch s.kind {
	case planted:
		return s.plants(ctx, m)
	case promises:
		return s.promises(ctx, m)
	}
	dir, err := s.copied(ctx, m, existing)
	if err != nil {
		return nil, err
	}
	packages, err := s.packages(ctx, dir, m.packages)
	r := row{subject: m}
	for _, p := range packages {
		if ctx.Err() != nil {
			break
		}
		args := []string{"--schedules", fmt.Sprint(s.schedules), "--budget", s.perTest.String()}
		failed := s.package1(ctx, &r, dir, p, args)
		err = errors.Join(err, failed)
	}
	return []row{r}, err
}
