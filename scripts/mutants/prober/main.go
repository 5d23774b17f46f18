// Command prober searches for a bug that was planted in the engine. With each seed, each strategy goes through the same course
// of programs until a promise is broken. The prober minimises what was found, then executes the smallest program under random
// schedules to see how often these show the bug. It prints a line of JSON for each event as it happens, because a planted bug
// may end the process. 'make mutants' builds the prober once for each planted bug.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/scripts/mutants/told"
)

func write(e told.Event) error { return json.NewEncoder(os.Stdout).Encode(e) }

// A search is one strategy with one seed.
type search struct {
	told.Search
	found cases.Case
}

// hang is how long a step may take. After that the process ends with exit code 3, because the engine loops for ever.
const hang = 5 * time.Second

// A config holds the values of the flags.
type config struct {
	strategies []string
	seeds      int
	skip       int
	schedules  int
	budget     time.Duration
	estimate   int
	estimateIn time.Duration
	hint       string
	smallest   bool
	without    int
}

func main() {
	var c config
	strategies := flag.String("strategies", "random,pct,pos,surw,guided,bounded,portfolio", "comma-separated")
	flag.IntVar(&c.seeds, "seeds", 3, "searches of each strategy")
	flag.IntVar(&c.skip, "skip", 0, "leave out the first `N` searches")
	flag.IntVar(&c.schedules, "schedules", 60_000, "give up a search after `N` schedules")
	flag.DurationVar(&c.budget, "budget", 10*time.Second, "give up a search after this time")
	flag.IntVar(&c.estimate, "estimate", 100_000, "random schedules of the smallest program")
	flag.DurationVar(&c.estimateIn, "estimate-budget", 10*time.Second, "give up the estimate after this time")
	flag.StringVar(&c.hint, "hint", "", "search this `PROGRAM` alone")
	flag.BoolVar(&c.smallest, "smallest", true, "also look for the smallest case, and how many random schedules show it")
	flag.IntVar(&c.without, "without", 0, "leave out the `N` smallest of the cases from which the smallest case is looked for")
	known := flag.String("known", "", "a `CASE` that searches before the skipped ones have found")
	flag.Parse()
	c.strategies = strings.Split(*strategies, ",")
	if c.seeds < 1 || c.schedules < 1 || c.skip < 0 || c.without < 0 || c.estimate < 1 {
		fmt.Fprintf(os.Stderr, "prober: --seeds %d --schedules %d --skip %d --without %d --estimate %d: at least 1, 1, 0, 0 and 1\n", c.seeds, c.schedules, c.skip, c.without, c.estimate)
		os.Exit(2)
	}
	if err := c.run(context.Background(), *known); err != nil {
		fmt.Fprintln(os.Stderr, "prober:", err)
		os.Exit(2)
	}
}

func (c config) run(ctx context.Context, known string) error {
	var found []cases.Case
	for text := range strings.Lines(known) {
		// The minimisation leaves out a case that cannot be parsed.
		if k, err := cases.Parse(strings.TrimSpace(text)); err == nil {
			found = append(found, k)
		}
	}
	for i := c.skip; i < len(c.strategies)*c.seeds; i++ {
		s := c.search(ctx, c.strategies[i/c.seeds], uint64(i%c.seeds))
		if err := write(told.Event{Search: &s.Search}); err != nil {
			return err
		}
		if s.Found {
			found = append(found, s.found)
		}
	}
	found = beginnings(found, c.without)
	if len(found) == 0 || !c.smallest {
		return nil
	}
	best, err := minimize(ctx, found)
	if err != nil {
		return err
	}
	program := cases.Of(best.Case.Bare())
	if err := write(told.Event{Smallest: &told.Smallest{
		Case: best.Case.String(), Program: program.String(), Class: best.Failure.Class(), Message: best.Failure.Error(),
		Preemptions: best.Preemptions, Operations: operations(best), Minimal: best.Minimal,
	}}); err != nil {
		return err
	}
	e, err := c.sample(ctx, program)
	if err != nil {
		return err
	}
	return write(told.Event{Estimate: e})
}

// beginnings are the cases to minimise: the smallest three, after as many were left out as the flag says.
func beginnings(found []cases.Case, without int) []cases.Case {
	slices.SortStableFunc(found, func(a, b cases.Case) int { return size(a) - size(b) })
	const most = 3
	found = found[min(without, len(found)):]
	return found[:min(most, len(found))]
}

// minimize minimises the cases, and returns the smallest result.
func minimize(ctx context.Context, found []cases.Case) (best shrink.Minimized, err error) {
	for i, c := range found {
		m, err := shrink.Minimize(ctx, c.General(), shrink.Limits{Budget: 8 * time.Second})
		if err != nil {
			return best, err
		}
		if a, b := operations(m), operations(best); i == 0 || a < b || a == b && m.Preemptions < best.Preemptions {
			best = m
		}
	}
	return best, nil
}

// operations counts the operations of the minimised case.
func operations(m shrink.Minimized) (n int) {
	for _, t := range m.Case.Threads {
		n += len(t.Operations)
	}
	return n
}

func size(c cases.Case) (operations int) {
	for _, t := range c.Threads {
		operations += len(t.Operations)
	}
	return operations
}

// search goes through the course until it finds something or reaches a limit. A program gets 200 schedules in the first round, and
// in each later round four times as many, up to the seventh.
func (c config) search(ctx context.Context, strategy string, seed uint64) search {
	s := search{Search: told.Search{Strategy: strategy, Seed: seed}}
	way := newCourse(seed, c.hint)
	for until := time.Now().Add(c.budget); int(s.Schedules) < c.schedules && time.Now().Before(until); {
		program, round, err := way.next()
		if err == nil {
			err = write(told.Event{At: &s.Search})
		}
		if err == nil {
			err = s.try(ctx, program, sched.Options{
				Strategy: strategy, Preemptions: 2, Workers: 1, RepeatEvery: -1, Hang: hang, Seed: seed<<32 | uint64(s.Programs),
				Schedules: min(200<<(2*min(round, 6)), c.schedules-int(s.Schedules)), Budget: max(time.Until(until), time.Millisecond),
			})
		}
		if err != nil {
			s.Error = err.Error()
		}
		if s.Found || err != nil {
			return s
		}
	}
	return s
}

// try searches one program.
func (s *search) try(ctx context.Context, program cases.Case, o sched.Options) error {
	if o.Strategy == "portfolio" {
		o.Strategy = ""
	}
	s.Programs++
	scenario, err := program.Scenario()
	if err != nil {
		return err
	}
	r, err := sched.Search(ctx, scenario, o)
	for _, f := range r.Findings {
		s.Found, s.Class = true, f.Failure.Class()
		s.Schedules += f.After
		s.found = program.Clone()
		s.found.Switches = f.Schedule
		s.Case = s.found.String()
		return nil
	}
	s.Schedules += r.Schedules
	if errors.Is(err, sched.ErrUnjudged) {
		return nil // nothing was judged here; the next program may give a verdict
	}
	return err
}

// sample executes the program under random walks and counts those that fail.
func (c config) sample(ctx context.Context, program cases.Case) (*told.Estimate, error) {
	scenario, err := program.Scenario()
	if err != nil {
		return nil, err
	}
	r, err := sched.Search(ctx, scenario, sched.Options{
		Strategy: "random", Schedules: c.estimate, Budget: c.estimateIn, Seed: 0x5eed, Workers: 1, RepeatEvery: -1, All: true, Hang: hang,
	})
	e := &told.Estimate{Schedules: r.Schedules}
	for _, f := range r.Findings {
		e.Failed += f.Count
	}
	return e, err
}
