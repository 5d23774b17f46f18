// Command benchexplore measures how many schedules of plain tests are executed in a second of processor time, and what a point costs,
// with and without the race detector:
//
//	make bench-explore [AGAINST=REVISION] [RUN=REGEXP]
//
// With another revision of this repository, the test binaries of both take turns. Other work on the machine changes the figures of
// both, so only their ratio within one run means something. A figure is the median of the rounds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

// measured matches the tests that are measured by default; the page has a row for each.
const measured = "Right$|^TestPoints"

type settings struct {
	run       *regexp.Regexp
	schedules int
	rounds    int
	strategy  string
	against   string
	profile   string
	modes     []mode
}

// A mode says whether the race detector is on.
type mode struct {
	name string
	race bool
}

func main() {
	s := settings{modes: []mode{{"plain", false}, {"race", true}}}
	run := flag.String("run", measured, "only the tests that match this regular expression")
	flag.IntVar(&s.schedules, "schedules", 40_000, "schedules of each test in each round; a quarter with the race detector, and a fiftieth for tests of points")
	flag.IntVar(&s.rounds, "rounds", 5, "how often each test is measured")
	flag.StringVar(&s.strategy, "strategy", "pos", "the strategy: random, pct, pos or surw")
	flag.StringVar(&s.against, "against", "", "another revision of the repository, which takes turns with this one")
	flag.StringVar(&s.profile, "profile", "", "a folder for a profile of each test's last round, for go tool pprof")
	only := flag.String("mode", "", "plain or race (default both)")
	build := flag.String("build", "", "only build the test binaries, in this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := s.check(*run, *only)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchexplore:", err)
		os.Exit(2)
	case *build != "":
		err = s.build(ctx, *build)
	default:
		err = s.measure(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchexplore:", err)
		os.Exit(1)
	}
}

func (s *settings) check(run, only string) (err error) {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: there are only flags", flag.Arg(0))
	}
	if s.rounds < 1 || s.schedules < 1000 {
		return errors.New("use at least 1 round and 1,000 schedules: fewer say nothing")
	}
	if s.run, err = regexp.Compile(run); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	for _, m := range s.modes {
		if m.name == only {
			s.modes = []mode{m}
			return nil
		}
	}
	if only != "" {
		return fmt.Errorf("-mode %s: use plain or race", only)
	}
	return nil
}

// measure builds the test binaries, runs them in turns, and prints a table for each mode.
func (s *settings) measure(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "racewindow-benchexplore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	builds := []string{folder + "/this"}
	if err := s.build(ctx, builds[0]); err != nil {
		return err
	}
	if s.against != "" {
		builds = append(builds, folder+"/other")
		if err := buildOther(ctx, s.against, folder, builds[1]); err != nil {
			return err
		}
	}
	fmt.Println("load " + load())
	for _, m := range s.modes {
		fmt.Printf("\n%s\n", s.head(m))
		for _, t := range s.tests() {
			row, err := s.row(ctx, m, t, builds)
			if err != nil {
				return err
			}
			fmt.Println(row)
		}
	}
	if err := s.replays(ctx, builds); err != nil {
		return err
	}
	fmt.Println("\nload " + load())
	return nil
}

// load returns the average number of processes that wanted a processor, over 1, 5 and 15 minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if words := strings.Fields(string(text)); err == nil && len(words) > 3 {
		return strings.Join(words[:3], " ")
	}
	return "unknown"
}
