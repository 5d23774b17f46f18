// Command falsealarms looks for false alarms of explore --race. It explores other people's modules that have no data race: their own
// tests, and small ones in testdata/others, which also pins the versions. It fails if a race is reported, because the scheduler or
// the runtime with hooks has then removed a happens-before edge, and if the race of TestControl is not found. It takes minutes.
//
//	go run ./scripts/falsealarms [-schedules N]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

// packages are the packages to explore; "." has the small tests.
var packages = []string{
	".", "golang.org/x/sync/errgroup", "golang.org/x/sync/singleflight", "golang.org/x/sync/semaphore", "github.com/sourcegraph/conc",
	"github.com/sourcegraph/conc/iter", "github.com/sourcegraph/conc/panics", "github.com/sourcegraph/conc/pool", "github.com/sourcegraph/conc/stream",
}

// control is the test that has a race.
const control = "TestControl"

func main() {
	schedules := flag.Int("schedules", 2000, "at most `N` schedules of each test")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	all, err := look(ctx, *schedules)
	if err != nil {
		fmt.Fprintln(os.Stderr, "falsealarms:", err)
		os.Exit(3)
	}
	fmt.Printf("%d tests of %d packages were explored, %d with something to choose; %d data races were reported\n", all.tests, len(packages), all.chose, all.races)
	switch {
	case all.races > 0:
		os.Exit(1)
	case !all.controlled:
		fmt.Fprintf(os.Stderr, "falsealarms: the race of %s was not reported, so the rest says nothing\n", control)
		os.Exit(3)
	case all.chose < len(packages):
		fmt.Fprintln(os.Stderr, "falsealarms: too few tests had something to choose")
		os.Exit(3)
	}
}

// total is the sum over all packages.
type total struct {
	tests, chose, races int
	controlled          bool
}

func look(ctx context.Context, schedules int) (all total, err error) {
	dir, err := filepath.Abs("scripts/falsealarms/testdata/others")
	if err != nil {
		return all, err
	}
	s, err := plain.Open(ctx, dir, nil)
	if err != nil {
		return all, err
	}
	s.Race, s.Again = true, 1
	s.Order = drive.Order{Mode: drive.Explore, Schedules: schedules, Seed: 1}
	s.Event = all.take
	listed, err := plain.List(ctx, dir, nil, nil, packages)
	if err != nil {
		return all, err
	}
	for _, p := range listed {
		if err := s.Explore(ctx, p); err != nil {
			return all, err
		}
	}
	return all, nil
}

// take counts and prints the result of each test. Findings other than races are printed, but do not count as false alarms.
func (all *total) take(p plain.Package, e drive.Event) {
	switch e.Event {
	case drive.Found:
		f := e.Finding.Failure
		fmt.Printf("%s %s: %s\n", p.ImportPath, e.Test, f.Class())
		if f.Kind != sched.DataRace {
			return
		}
		if e.Test == control {
			all.controlled = true
			return
		}
		all.races++
		fmt.Println(f.Stack)
	case drive.Ended:
		all.tests++
		if e.Plain.Verdict == drive.HeldAll || e.Plain.Verdict == drive.FoundSome {
			all.chose++
		}
		fmt.Printf("%s %s: %s, %d schedules, %d distinct: %s\n", p.ImportPath, e.Test, e.Plain.Verdict, e.Plain.Statistics.Schedules, e.Plain.Statistics.Distinct, firstLine(e.Plain.Because))
	}
}

func firstLine(text string) string {
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}
