// Command racetobug measures how many schedules each strategy needs until it finds a bug: the median and the worst of a number of
// seeds. Beside them stand plain goroutines, and goroutines that sleep at random. The programs are those that show the known-bad
// hand-overs, and programs of published studies in which chance fails. It runs in the instrumented build:
//
//	go run ./harness/cmd/racewindow run ./scripts/racetobug [-seeds N] [-schedules N] [-free-seeds N] [-free-for TIME] [-only TEXT] [-readme FILE | -check FILE]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
	only, readme, check         string
}

func main() {
	var c config
	flag.IntVar(&c.seeds, "seeds", 100, "how many `SEEDS` each median is over")
	flag.IntVar(&c.schedules, "schedules", 5_000, "give up a search after `N` schedules")
	flag.IntVar(&c.freeSeeds, "free-seeds", 10, "how many `SEEDS` the median of plain goroutines is over; 0 leaves them out")
	flag.DurationVar(&c.freeFor, "free-for", 3*time.Second, "give plain goroutines up after this `TIME`, or after as many executions as schedules")
	flag.StringVar(&c.only, "only", "", "only programs whose name contains `TEXT`")
	flag.StringVar(&c.readme, "readme", "", "write the table into the page `FILE`")
	flag.StringVar(&c.check, "check", "", "fail unless the page `FILE` says the same of each strategy and program that is measured")
	flag.Parse()
	if c.seeds < 1 || c.schedules < 1 || c.freeSeeds < 0 || c.freeFor <= 0 || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "racetobug: -seeds %d -schedules %d -free-seeds %d -free-for %v %v: use at least 1 seed and 1 schedule, a time above 0, and no other arguments\n",
			c.seeds, c.schedules, c.freeSeeds, c.freeFor, flag.Args())
		os.Exit(2)
	}
	if c.readme != "" && (c.only != "" || c.check != "") {
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
		c, err := cases.Parse("v1 scenario=log handover=" + p.handover + "; " + p.program)
		if err != nil {
			return nil, err
		}
		scenario, err := c.Scenario()
		if err != nil {
			return nil, err
		}
		all = append(all, row{p.name, scenario, func(ctx context.Context, sleeps bool, seed uint64) (bool, error) {
			return logFreely(ctx, c, sleeps, seeded(seed))
		}})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no program has %q in its name", only)
	}
	return all, nil
}

func run(ctx context.Context, c config) error {
	if err := pages.Ready(command, c.readme, c.check); err != nil {
		return err
	}
	all, err := rows(c.only)
	if err != nil {
		return err
	}
	var table strings.Builder
	say := func(format string, words ...any) {
		fmt.Printf(format, words...)
		fmt.Fprintf(&table, format, words...)
	}
	say("Schedules until the bug is found: median, worst (seeds that found it, unless all of %d did).\n\n| program |", c.seeds)
	for _, name := range strategies {
		say(" %s |", title(name))
	}
	if c.freeSeeds > 0 {
		say(" goroutines | with sleeps |")
	}
	say("\n|---|%s\n", strings.Repeat("---|", len(strategies)+min(c.freeSeeds, 1)*2))
	var shares []float64 // portfolio / best, by row
	for _, r := range all {
		say("| %s |", r.name)
		best, portfolio := 0, 0
		for _, name := range strategies {
			m, err := searched(ctx, r, name, c)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			say(" %s |", m)
			switch median := m.median(); {
			case name == "":
				portfolio = median
			case best == 0 || median < best:
				best = median
			}
		}
		shares = append(shares, float64(portfolio)/float64(best))
		for _, sleeps := range []bool{false, true}[:2*min(c.freeSeeds, 1)] {
			m, err := ranFreely(ctx, r, sleeps, c)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			say(" %s |", m)
		}
		say("\n")
	}
	say("\nThe portfolio needs %.2f times as many schedules as the best single strategy of each row (geometric mean).\n", geometricMean(shares))
	if c.freeSeeds > 0 {
		say("Plain goroutines: executions, %d seeds, each given up after %v. With sleeps: each point sleeps with probability %.1f for up to %v.\n", c.freeSeeds, c.freeFor, sleepShare, sleepMost)
	}
	switch {
	case c.readme == "" && c.check == "":
		return nil
	case ctx.Err() != nil:
		return errors.New("interrupted: no page is written or checked")
	case c.check != "":
		return pages.Agree(c.check, command, table.String(), titles()...)
	}
	return pages.Write(c.readme, command, table.String())
}
