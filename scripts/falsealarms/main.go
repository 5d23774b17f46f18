// Command falsealarms explores, under the race detector, modules that other people wrote and that have no data race:
// their own tests, and small tests in testdata/others. It fails if a race is reported, because then the scheduler or the
// runtime with hooks has removed an edge; if the race of TestControl is not found; or if anything else is found that
// expected.go does not explain. testdata/others pins the versions. A part of it (a package, or some of its tests) takes
// minutes.
//
//	go run ./scripts/falsealarms [-run PACKAGES] [-tests TESTS] [-schedules N] [-each TIME] [-readme FILE]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

// own is the package of the small tests, which is "." in its folder; folder is that folder.
const (
	own    = "example.com/others"
	folder = "scripts/falsealarms/testdata/others"
)

// packages are explored, in this order.
var packages = []string{
	own, "golang.org/x/sync/errgroup", "golang.org/x/sync/singleflight", "golang.org/x/sync/semaphore", "github.com/sourcegraph/conc",
	"github.com/sourcegraph/conc/iter", "github.com/sourcegraph/conc/panics", "github.com/sourcegraph/conc/pool", "github.com/sourcegraph/conc/stream",
}

// control is the test that does have a race.
const control = "TestControl"

// A call is what the flags ask for.
type call struct {
	which, tests *regexp.Regexp
	schedules    int
	each         time.Duration
	readme       string
}

func main() {
	c := call{}
	which := flag.String("run", "", "only the packages whose path matches the `EXPRESSION`")
	tests := flag.String("tests", "", "of those packages, only the tests whose name matches the `EXPRESSION`; without -readme")
	flag.IntVar(&c.schedules, "schedules", 2000, "at most `N` schedules of each test")
	flag.DurationVar(&c.each, "each", 15*time.Second, "explore each test for at most this `TIME`")
	flag.StringVar(&c.readme, "readme", "", "put the rows of the packages into the tables of `FILE`")
	flag.Parse()
	if err := c.read(*which, *tests, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "falsealarms:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	all, err := c.explore(ctx)
	if err == nil && c.readme != "" {
		err = all.write(c.readme)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "falsealarms:", err)
		os.Exit(3)
	}
	code, words := all.judge(*tests == "")
	fmt.Println(words)
	os.Exit(code)
}

// read checks the flags.
func (c *call) read(which, tests string, rest []string) (err error) {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q: use flags only", rest[0])
	}
	if c.which, err = regexp.Compile(which); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	if c.tests, err = regexp.Compile(tests); err != nil {
		return fmt.Errorf("-tests: %w", err)
	}
	if c.readme != "" && tests != "" {
		return fmt.Errorf("-readme is about whole packages: leave -tests out")
	}
	return nil
}

// A piece is the result of one package.
type piece struct {
	path                  string
	tests, chose, races   int
	schedules             uint64
	controlled            bool
	found                 []finding
	notJudged, unexpected []string
}

// A finding is a finding that is no data race.
type finding struct{ test, class, reason string }

// pieces are the results of the explored packages.
type pieces []*piece

// explore explores the packages.
func (c *call) explore(ctx context.Context) (all pieces, err error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	s, err := plain.Open(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	s.Race, s.Again = true, 1
	s.Order = drive.Order{Mode: drive.Explore, Schedules: c.schedules, Budget: c.each, Seed: 1}
	var paths []string
	for _, path := range packages {
		if c.which.MatchString(path) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("-run %v: no package matches: there are %s", c.which, strings.Join(packages, ", "))
	}
	listed, err := plain.List(ctx, dir, nil, nil, paths)
	if err != nil {
		return nil, err
	}
	for _, p := range listed {
		p.Left = append(p.Left, slices.DeleteFunc(slices.Clone(p.Tests), c.tests.MatchString)...)
		p.Tests = slices.DeleteFunc(p.Tests, func(test string) bool { return !c.tests.MatchString(test) })
		one := &piece{path: p.ImportPath}
		all = append(all, one)
		s.Event = one.take
		if err := s.Explore(ctx, p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// take counts the result of a test, and prints it.
func (one *piece) take(p plain.Package, e drive.Event) {
	switch e.Event {
	case drive.Found:
		one.takeFound(p, e)
	case drive.Ended:
		one.tests++
		one.schedules += e.Plain.Statistics.Schedules
		switch e.Plain.Verdict {
		case drive.HeldAll, drive.FoundSome:
			one.chose++
		case drive.Unrepeatable, drive.Unjudged:
			one.notJudged = append(one.notJudged, e.Test)
		}
		fmt.Printf("%s %s: %s, %d schedules, %d distinct: %s\n", p.ImportPath, e.Test, e.Plain.Verdict, e.Plain.Statistics.Schedules, e.Plain.Statistics.Distinct, firstLine(e.Plain.Because))
	}
}

func (one *piece) takeFound(p plain.Package, e drive.Event) {
	f := e.Finding.Failure
	fmt.Printf("%s %s: %s\n\t%s\n\t%s\n", p.ImportPath, e.Test, f.Class(), firstLine(f.Message), e.Finding.Schedule)
	reason := reasonOf(p.ImportPath, e.Test, f.Class())
	switch {
	case f.Kind == sched.DataRace && e.Test == control:
		one.controlled = true
	case f.Kind == sched.DataRace && reason == "":
		one.races++
		fmt.Println(f.Stack)
	default:
		if reason == "" {
			one.unexpected = append(one.unexpected, e.Test+": "+f.Class())
		}
		one.found = append(one.found, finding{e.Test, f.Class(), reason})
	}
}

// judge returns the exit code of the command, and the reason. whole says that no test of a package was left out.
func (all pieces) judge(whole bool) (code int, words string) {
	tests, chose, races := 0, 0, 0
	var unexpected, wrong []string
	for _, one := range all {
		tests, chose, races = tests+one.tests, chose+one.chose, races+one.races
		unexpected = append(unexpected, one.unexpected...)
		if whole && one.path == own && !one.controlled {
			wrong = append(wrong, "the race of "+control+" was not reported, so the run proves nothing")
		}
		if whole && one.chose == 0 {
			wrong = append(wrong, "no test of "+one.path+" had something to choose")
		}
	}
	words = fmt.Sprintf("%d tests of %d packages were explored, %d with something to choose; %d data races were reported beside the planted one", tests, len(all), chose, races)
	if len(unexpected) > 0 {
		words += "\nnot expected (see scripts/falsealarms/expected.go): " + strings.Join(unexpected, "; ")
	}
	if len(wrong) > 0 {
		words += "\n" + strings.Join(wrong, "\n")
	}
	switch {
	case races > 0 || len(unexpected) > 0:
		return 1, words
	case len(wrong) > 0:
		return 3, words
	}
	return 0, words
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
