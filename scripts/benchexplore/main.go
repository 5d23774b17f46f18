// Command benchexplore measures how many schedules of plain tests a second of processor time brings, and what a point costs, without the race
// detector and with it, and what it takes to replay one:
//
//	make bench-explore [AGAINST=REVISION] [RUN=REGEXP]
//
// With another revision of this repository the test binaries of both take turns, because other work on the machine changes what each of them
// comes to: only the ratio of one run means something. A figure is the median of the rounds.
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

type settings struct {
	run       *regexp.Regexp
	schedules int
	rounds    int
	strategy  string
	against   string
	profile   string
	modes     []mode
}

// A mode is with the race detector or without.
type mode struct {
	name string
	race bool
}

func main() {
	s := settings{modes: []mode{{"plain", false}, {"race", true}}}
	run := flag.String("run", "Right$|^TestPoints", "which of the tests, as a regular expression")
	flag.IntVar(&s.schedules, "schedules", 40_000, "of each test in each round; a quarter with the race detector, and a fiftieth for TestPoints")
	flag.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	flag.StringVar(&s.strategy, "strategy", "pos", "who chooses: random, pct, pos or surw")
	flag.StringVar(&s.against, "against", "", "another revision of the repository, which takes turns with this one")
	flag.StringVar(&s.profile, "profile", "", "a folder for a profile of each test's last round, for go tool pprof")
	only := flag.String("mode", "", "plain or race; both without")
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
		return fmt.Errorf("%q is no flag, and nothing else is expected", flag.Arg(0))
	}
	if s.rounds < 1 || s.schedules < 1000 {
		return errors.New("a round, and 1,000 schedules, are the least that says anything")
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
		return fmt.Errorf("-mode %s is none: plain or race", only)
	}
	return nil
}

// measure builds, runs what was built in turns, and prints a table for each mode.
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

// load is how many processes have wanted a processor, over 1, 5 and 15 minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if words := strings.Fields(string(text)); err == nil && len(words) > 3 {
		return strings.Join(words[:3], " ")
	}
	return "unknown"
}
