// Command strategies measures how many schedules each strategy needs until it finds each known-bad hand-over: the median over
// a number of seeds. It runs in the instrumented build:
//
//	go run ./harness/cmd/racewindow run ./scripts/strategies --seeds 100
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// programs are the programs of the engine to search. The first two are larger than their bugs need, so a search has more to do.
var programs = []struct{ handover, program string }{
	{"stale", "w0: append 1, flush, append 1, flush, append 1; r0: read - end, read last end; r1: read - end, read last end"},
	{"recheck", "w0: append 1, flush, append 1, flush, append 1; r0: read - end, read last end; r1: read - end, read last end"},
	{"stale", "w0: append 1, flush; r0: read - end"},
	{"recheck", "w0: append 1, flush; r0: read - end"},
	{"recheckliteral", "w0: append 1, flush; r0: read - end"},
	{"fallback", "w0: append 1, append 1, flush; r0: read - 1.+"},
}

func main() {
	seeds := flag.Int("seeds", 100, "how many `seeds` each median is over")
	limit := flag.Int("schedules", 20_000, "give up a search after `N` schedules")
	only := flag.String("only", "", "only programs whose line contains `TEXT`")
	flag.Parse()
	if *seeds < 1 || *limit < 1 || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "strategies: --seeds %d --schedules %d %v: use at least 1 of each, and no other arguments\n", *seeds, *limit, flag.Args())
		os.Exit(2)
	}
	if err := run(*seeds, *limit, *only); err != nil {
		fmt.Fprintln(os.Stderr, "strategies:", err)
		os.Exit(3)
	}
}

func run(seeds, limit int, only string) error {
	names := []string{"random", "pct", "pos", "surw", "guided", "bounded", "delay-bounded", ""}
	fmt.Printf("schedules to the first violation, median and worst of %d seeds (found/seeds); one worker\n\n| program |", seeds)
	for _, name := range names {
		if name == "" {
			name = "portfolio"
		}
		fmt.Printf(" %s |", name)
	}
	fmt.Printf("\n|---|%s\n", strings.Repeat("---|", len(names)))
	all := studies
	for _, p := range programs {
		c, err := cases.Parse("v1 scenario=log handover=" + p.handover + "; " + p.program)
		if err != nil {
			return err
		}
		scenario, err := c.Scenario()
		if err != nil {
			return err
		}
		all = append(all, study{p.handover + ": " + p.program, scenario})
	}
	for _, p := range all {
		if !strings.Contains(p.name, only) {
			continue
		}
		fmt.Printf("| %s |", p.name)
		for _, name := range names {
			cell, err := measure(p.scenario, name, seeds, limit)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Printf(" %s |", cell)
		}
		fmt.Println()
	}
	return nil
}

func measure(scenario sched.Scenario, strategy string, seeds, limit int) (string, error) {
	var after []int
	if strategy == "bounded" || strategy == "delay-bounded" {
		seeds = 1 // it makes no random choice, so every seed gives the same result
	}
	for seed := range seeds {
		o := sched.Options{Strategy: strategy, Preemptions: 2, Schedules: limit, Seed: uint64(seed), Workers: 1, RepeatEvery: -1}
		r, err := sched.Search(context.Background(), scenario, o)
		if err != nil {
			return "", err
		}
		if len(r.Findings) > 0 {
			after = append(after, int(r.Findings[0].After)+1)
		}
	}
	if len(after) == 0 {
		return fmt.Sprintf("none in %d", limit), nil
	}
	slices.Sort(after)
	worst := strconv.Itoa(after[len(after)-1])
	if len(after) < seeds {
		worst = "-"
	}
	return fmt.Sprintf("%d, %s (%d/%d)", after[len(after)/2], worst, len(after), seeds), nil
}
