// Command racetobug measures how many schedules each strategy needs until it finds a bug: the median and the worst of a number of
// seeds. Beside them stand plain goroutines, and goroutines that sleep at random. The programs are those that show the known-bad
// hand-overs, and programs of published studies in which chance fails. With -planted they are the smallest programs that show the
// planted bugs of scripts/mutants, each in a build of its own. It runs in the instrumented build, in the module's root:
//
//	go run ./harness/cmd/racewindow run ./scripts/racetobug [-planted] [-seeds N] [-schedules N] [-free-seeds N] [-free-for TIME] [-only TEXT] [-columns REGEXP] [-readme FILE | -check FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/scripts/pages"
)

// command makes the table of a page.
const command = "racewindow run ./scripts/racetobug -readme harness/sched/README.md"

// programs are the programs of the engine to search. The first two are larger than their bugs need, so a search has more to do.
var programs = []struct{ name, handover, program string }{
	{"stale, nine operations", "stale", "w0: append 1, flush, append 1, flush, append 1; r0: read - end, read last end; r1: read - end, read last end"},
	{"recheck, nine operations", "recheck", "w0: append 1, flush, append 1, flush, append 1; r0: read - end, read last end; r1: read - end, read last end"},
	{"stale", "stale", "w0: append 1, flush; r0: read - end"},
	{"recheck", "recheck", "w0: append 1, flush; r0: read - end"},
	{"recheckliteral", "recheckliteral", "w0: append 1, flush; r0: read - end"},
	{"fallback", "fallback", "w0: append 1, append 1, flush; r0: read - 1.+"},
}

// A row is a program with a bug.
type row struct {
	name     string
	scenario sched.Scenario
	// freely executes the program once with plain goroutines.
	freely func(ctx context.Context, sleeps bool, seed uint64) (shows bool, err error)
}

type config struct {
	seeds, schedules, freeSeeds int
	freeFor                     time.Duration
	planted                     bool
	only, readme, check         string
	own                         string // the case of the only row, whose name is only; "" if there is none
	columns                     *regexp.Regexp
}

// titles are the columns of the table, and those of them that are measured.
func (c config) titles() (all, now []string) {
	if all = titles(); c.freeSeeds > 0 {
		all = append(all, "goroutines", "with sleeps")
	}
	return all, slices.DeleteFunc(slices.Clone(all), func(title string) bool { return !c.measures(title) })
}

// measures says whether a column is measured.
func (c config) measures(title string) bool { return c.columns == nil || c.columns.MatchString(title) }

// made is the command that makes the table.
func (c config) made() string {
	if c.planted {
		return strings.Replace(command, "racetobug", "racetobug -planted", 1)
	}
	return command
}

func main() {
	var c config
	flag.IntVar(&c.seeds, "seeds", 100, "how many `SEEDS` each median is over")
	flag.IntVar(&c.schedules, "schedules", 5_000, "give up a search after `N` schedules")
	flag.IntVar(&c.freeSeeds, "free-seeds", 10, "how many `SEEDS` the median of plain goroutines is over; 0 leaves them out")
	flag.DurationVar(&c.freeFor, "free-for", 3*time.Second, "give plain goroutines up after this `TIME`, or after as many executions as schedules")
	flag.BoolVar(&c.planted, "planted", false, "the planted bugs of scripts/mutants instead; takes up to two minutes for each")
	flag.StringVar(&c.only, "only", "", "only programs whose name contains `TEXT`")
	flag.StringVar(&c.own, "case", "", "only the program of this `CASE`, called what -only says")
	columns := flag.String("columns", "", "measure only the columns whose titles match this `REGEXP`")
	flag.StringVar(&c.readme, "readme", "", "write the table into the page `FILE`; with -planted and -only, only these rows of it; with -columns, only these columns")
	flag.StringVar(&c.check, "check", "", "fail unless the page `FILE` says the same of each strategy and program that is measured")
	flag.Parse()
	if c.seeds < 1 || c.schedules < 1 || c.freeSeeds < 0 || c.freeFor <= 0 || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "racetobug: -seeds %d -schedules %d -free-seeds %d -free-for %v %v: use at least 1 seed and 1 schedule, a time above 0, and no other arguments\n",
			c.seeds, c.schedules, c.freeSeeds, c.freeFor, flag.Args())
		os.Exit(2)
	}
	if err := c.choose(*columns); err != nil {
		fmt.Fprintln(os.Stderr, "racetobug:", err)
		os.Exit(2)
	}
	if c.readme != "" && (c.only != "" && !c.planted || c.check != "") {
		fmt.Fprintln(os.Stderr, "racetobug: -readme writes the whole table: leave -only out, which makes a part of it, and -check, which writes nothing")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "racetobug:", err)
		os.Exit(3)
	}
}

// pattern is what choose was given.
func (c config) pattern() string {
	if c.columns == nil {
		return ""
	}
	return c.columns.String()
}

// choose sets the columns that are measured.
func (c *config) choose(columns string) (err error) {
	if columns == "" {
		return nil
	}
	if c.columns, err = regexp.Compile(columns); err != nil {
		return fmt.Errorf("-columns: %w", err)
	}
	if all, now := c.titles(); len(now) == 0 {
		return fmt.Errorf("-columns %s: no column has such a title: they are %s", columns, strings.Join(all, ", "))
	}
	return nil
}

// rows returns the programs whose name contains a text.
func rows(only string) (all []row, err error) {
	for _, s := range studies {
		if !strings.Contains(s.name, only) {
			continue
		}
		all = append(all, row{s.name, func(x *sched.Execution) { s.program(scheduled{x}) }, func(_ context.Context, sleeps bool, seed uint64) (bool, error) {
			return runFreely(s.program, sleeps, seeded(seed)), nil
		}})
	}
	for _, p := range programs {
		if !strings.Contains(p.name, only) {
			continue
		}
		r, err := rowOf(p.name, "v1 scenario=log handover="+p.handover+"; "+p.program)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no program has %q in its name", only)
	}
	return all, nil
}

// rowOf is a row for the program of a case of the log, without its schedule.
func rowOf(name, text string) (row, error) {
	c, err := programOf(text)
	if err != nil {
		return row{}, err
	}
	scenario, err := c.Scenario()
	return row{name, scenario, func(ctx context.Context, sleeps bool, seed uint64) (bool, error) {
		return logFreely(ctx, c, sleeps, seeded(seed))
	}}, err
}

// programOf is a case without its schedule.
func programOf(text string) (cases.Case, error) {
	c, err := cases.Parse(text)
	c.Delays, c.Switches = nil, nil
	return c, err
}

func run(ctx context.Context, c config) error {
	if err := pages.Ready(c.made(), c.readme, c.check); err != nil {
		return err
	}
	t := newTable(c, os.Stdout)
	if err := measureAll(ctx, c, t); err != nil {
		return err
	}
	made := t.end()
	switch {
	case c.readme == "" && c.check == "":
		return nil
	case ctx.Err() != nil:
		return errors.New("interrupted: no page is written or checked")
	case c.check != "":
		return pages.Agree(c.check, c.made(), made, slices.DeleteFunc(titles(), func(title string) bool { return !c.measures(title) })...)
	case c.only != "" || c.columns != nil:
		old, err := pages.Made(c.readme, c.made())
		if err != nil {
			return err
		}
		made = t.merged(old)
	}
	return pages.Write(c.readme, c.made(), made)
}

// measureAll adds each row to the table when it has been measured.
func measureAll(ctx context.Context, c config, t *table) error {
	if c.planted {
		return plantedRows(ctx, c, t)
	}
	all, err := rows(c.only)
	if c.own != "" {
		all = make([]row, 1)
		all[0], err = rowOf(c.only, c.own)
	}
	if err != nil {
		return err
	}
	for _, r := range all {
		t.begin(r.name)
		if err := measure(ctx, c, r, t.cell); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		t.endRow()
	}
	return nil
}

// measure measures the cells of a row, from left to right.
func measure(ctx context.Context, c config, r row, cell func(string)) error {
	all, _ := c.titles()
	for i, title := range all {
		var m measured
		var err error
		switch {
		case !c.measures(title):
			cell("")
			continue
		case i < len(strategies):
			m, err = searched(ctx, r, strategies[i], c)
		default:
			m, err = ranFreely(ctx, r, i > len(strategies), c)
		}
		if err != nil {
			return err
		}
		cell(m.String())
	}
	return nil
}
