// Command history shows that racewindow's default commands find bugs that popular Go modules really had, and hold once these are mended:
//
//	make history [RUN=REGEXP] [SHORT=1] [README=scripts/history/README.md] [CHECK=1]
//
// bugs.go pins, for each bug, the last version that has it and the first one that does not. The go command fetches both; nothing of
// them is in this repository. A test in testdata, written as a user of the module would write it, is explored with each version. The
// command ends with 1 if a bug is not found although it should be, or if a mended version does not end as bugs.go says. -readme writes
// the rows into a page and leaves the others; -check ends with 1 if the page says that something else came of a bug that was run.
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
	"syscall"

	"github.com/racewindow/racewindow/scripts/pages"
)

// errOther is wrapped if something else came than bugs.go says.
var errOther = errors.New("not as scripts/history/bugs.go says")

type settings struct {
	run           *regexp.Regexp
	short         bool
	readme, check string
	folder, root  string
	command       string // the built racewindow
}

func main() {
	s := settings{}
	run := flag.String("run", ".", "only the bugs whose name matches `REGEXP`")
	flag.BoolVar(&s.short, "short", false, "leave the mended versions out, each of which takes half a minute; without -readme and -check")
	flag.StringVar(&s.readme, "readme", "", "write the rows into `PAGE`")
	flag.StringVar(&s.check, "check", "", "end with 1 if `PAGE` says something else about a bug that was run")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "history finds bugs that Go modules really had, and holds their mended versions. It needs the network.\n\n")
		flag.PrintDefaults()
		fmt.Fprint(flag.CommandLine.Output(), "\nExit codes: 0 all came as bugs.go says, 1 something else came, 2 wrong usage, 3 something could not be fetched or had no verdict.\n")
	}
	flag.Parse()
	var err error
	if s.run, err = regexp.Compile(*run); err == nil {
		err = s.usable(flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.all(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		stop()
		os.Exit(code(err))
	}
}

// code is the exit code for an error. What could not be tried says nothing, so it weighs less than what came otherwise.
func code(err error) int {
	if errors.Is(err, errOther) || errors.Is(err, pages.ErrStale) {
		return 1
	}
	return 3
}

func (s *settings) usable(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: use flags only", rest[0])
	case s.short && (s.readme != "" || s.check != ""):
		return errors.New("-short makes no whole rows: leave -readme and -check out")
	case !slices.ContainsFunc(bugs, func(b bug) bool { return s.run.MatchString(b.name) }):
		return fmt.Errorf("-run %v selects no bug", s.run)
	}
	return nil
}

// all tries the bugs, and writes or compares their rows.
func (s *settings) all(ctx context.Context) (err error) {
	for _, command := range []string{command, listCommand} {
		if err := pages.Ready(command, s.readme, s.check); err != nil {
			return err
		}
	}
	if s.root, err = os.Getwd(); err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "racewindow-history-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	s.command = filepath.Join(s.folder, "racewindow")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", s.command, "./harness/cmd/racewindow").CombinedOutput(); err != nil {
		return fmt.Errorf("build racewindow, in the root of the repository: %w\n%s", err, out)
	}
	fmt.Print(header)
	var rows []string
	var problems []error
	for _, b := range bugs {
		if !s.run.MatchString(b.name) || ctx.Err() != nil {
			continue
		}
		row, err := s.try(ctx, b)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", b.name, err))
			continue
		}
		fmt.Println(row)
		rows = append(rows, row)
	}
	if ctx.Err() != nil {
		problems = append(problems, errors.New("interrupted"))
	}
	return errors.Join(append(problems, s.finish(rows))...)
}

// try tries one bug and returns its row.
func (s *settings) try(ctx context.Context, b bug) (row string, err error) {
	before, err := s.version(ctx, b, b.before, false)
	if err != nil {
		return "", err
	}
	if err := b.judge(before, false); err != nil {
		return "", err
	}
	after := result{}
	if !s.short {
		if after, err = s.version(ctx, b, b.after, true); err != nil {
			return "", err
		}
		if err := b.judge(after, true); err != nil {
			return "", err
		}
	}
	return b.row(before, after), nil
}
