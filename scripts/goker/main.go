// Command goker tests that racewindow finds the leaks of the GoKer kernels that come with Go: real deadlocks and leaks of
// Kubernetes, etcd, CockroachDB, gRPC, Moby and others. It reads them from the installed toolchain, reduces each to one copy, and
// explores it as a plain test:
//
//	make goker [RUN=REGEXP] [AGAIN=100] [README=scripts/goker/README.md] [CHECK=1]
//
// Each goroutine that leaks must be one that Go's own test expects. A row says after how many schedules the first leak was found,
// and how often its token leaked again, each time in a fresh process. Then come the fixes, which must hold in every schedule with at
// most two preemptions. If anything else happens, the command ends with 1. -readme writes both tables into a page; -check ends with 1 if
// the page says something else about a kernel that was run.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/scripts/pages"
)

type settings struct {
	run       string
	schedules int
	again     int
	seed      uint64
	fixes     bool
	readme    string // the page to write the tables into
	check     string // the page to compare them with
	out       io.Writer
}

// The commands that the marks of a page name, one for each table.
const (
	leakCommand = "make goker"
	fixCommand  = "make goker, fixes"
)

// heldColumns are the columns of both tables that do not depend on the machine, or on how often a token is executed again.
var heldColumns = map[string][]string{
	leakCommand: {"schedules to the first leak", "preemptions", "leaks"},
	fixCommand:  {"schedules"},
}

func main() {
	s := settings{out: os.Stdout}
	flag.StringVar(&s.run, "run", ".", "only the kernels that match this regular expression")
	flag.IntVar(&s.schedules, "schedules", 2000, "most schedules of each kernel")
	flag.IntVar(&s.again, "again", 100, "how often each token is executed again, each time in a fresh process")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of every random choice")
	flag.BoolVar(&s.fixes, "fixes", true, "also check that the fixes hold")
	flag.StringVar(&s.readme, "readme", "", "write the tables into `PAGE`")
	flag.StringVar(&s.check, "check", "", "end with 1 if `PAGE` says something else about a kernel that was run")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "goker: unexpected argument %q: there are only flags\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := s.all(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "goker:", err)
		code = 3
	}
	os.Exit(code)
}

// all makes the tables.
func (s *settings) all(ctx context.Context) (code int, err error) {
	which, err := regexp.Compile(s.run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "goker: -run:", err)
		return 2, nil
	}
	for command := range heldColumns {
		if err := pages.Ready(command, s.readme, s.check); err != nil {
			return 0, err
		}
	}
	folder, err := os.MkdirTemp("", "goker-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	session, err := plain.Open(ctx, "", nil)
	if err != nil {
		return 0, err
	}
	kernels, err := readKernels(session.Toolchain.Root)
	if err != nil {
		return 0, err
	}
	kernels = slices.DeleteFunc(kernels, func(k kernel) bool { return !which.MatchString(k.name) })
	if len(kernels) == 0 {
		return 0, fmt.Errorf("no kernel is called %s", s.run)
	}
	code, err = s.table(leakCommand, func() (int, error) { return s.findLeaks(ctx, session, folder, kernels) })
	if err != nil || !s.fixes {
		return code, err
	}
	held, err := s.table(fixCommand, func() (int, error) { return s.checkFixes(ctx, session, folder, kernels) })
	return max(code, held), err
}

// table makes a table, and writes it into the page or compares it with the page.
func (s *settings) table(command string, measure func() (int, error)) (code int, err error) {
	var made strings.Builder
	out := s.out
	s.out = io.MultiWriter(out, &made)
	code, err = measure()
	s.out = out
	switch {
	case err != nil || code != 0 || made.Len() == 0:
		return code, err
	case s.readme != "":
		return 0, pages.Write(s.readme, command, made.String())
	case s.check != "":
		if err := pages.Agree(s.check, command, made.String(), heldColumns[command]...); err != nil {
			fmt.Fprintln(os.Stderr, "goker:", err)
			return 1, nil
		}
	}
	return 0, nil
}

// A result is the result of exploring a kernel.
type result struct {
	summary *drive.PlainSummary
	found   []*drive.PlainFinding
}

// explore makes a test of each kernel, and explores all of them. tell is called after each.
func (s *settings) explore(ctx context.Context, session *plain.Session, folder string, kernels []kernel, order drive.Order, tell func(kernel, *result)) error {
	version := strings.TrimPrefix(session.Toolchain.Version, "go")
	if err := module(folder, version, kernels); err != nil {
		return err
	}
	packages, err := plain.List(ctx, folder, nil, nil, []string{"."})
	if err != nil {
		return err
	}
	order.Mode, order.Seed, order.LeaksAlways = drive.Explore, s.seed, true
	session.Order, session.Again = order, s.again
	results, told := map[string]*result{}, 0
	session.Event = func(_ plain.Package, e drive.Event) {
		i := slices.IndexFunc(kernels, func(k kernel) bool { return "Test"+k.name == e.Test })
		if i < 0 {
			return
		}
		if results[e.Test] == nil {
			results[e.Test] = &result{}
		}
		r := results[e.Test]
		switch e.Event {
		case drive.Found:
			r.found = append(r.found, e.Finding)
		case drive.Ended:
			r.summary = e.Plain
			told++
			tell(kernels[i], r)
		}
	}
	if err := session.Explore(ctx, packages[0]); err != nil {
		return err
	}
	if told != len(kernels) {
		return fmt.Errorf("%d of %d kernels were explored", told, len(kernels))
	}
	return nil
}

// findLeaks prints a row for each kernel.
func (s *settings) findLeaks(ctx context.Context, session *plain.Session, folder string, kernels []kernel) (code int, err error) {
	fmt.Fprintln(s.out, "| kernel | schedules to the first leak | preemptions | replayed | leaks |\n|---|---|---|---|---|")
	var after []uint64
	right, cannot := 0, 0
	err = s.explore(ctx, session, folder, kernels, drive.Order{Schedules: s.schedules}, func(k kernel, r *result) {
		if len(r.found) == 0 && s.fixes && cannotLeak(k) { // the fixes show that
			right, cannot = right+1, cannot+1
			fmt.Fprintf(s.out, "| %s | none | | | cannot leak as Go has changed it: it is among the fixes |\n", k.name)
			return
		}
		if len(r.found) == 0 {
			fmt.Fprintf(s.out, "| %s | **none** | | | %s: %s, %d schedules, %d of them unknown |\n", k.name, r.summary.Verdict,
				strings.ReplaceAll(r.summary.Because, "\n", " "), r.summary.Statistics.Schedules, r.summary.Statistics.Unknown)
			return
		}
		f := r.found[0]
		leaks, wrong := k.judge(f.Failure.Stack)
		if f.Replayed < f.Replays || f.Replays == 0 {
			wrong = append(wrong, "its token does not leak each time")
		}
		if len(wrong) == 0 {
			right++
		}
		after = append(after, f.After)
		text := strings.Join(leaks, ", ")
		if len(wrong) > 0 {
			text += " **" + strings.Join(wrong, "; ") + "** " + f.Failure.Message
		}
		fmt.Fprintf(s.out, "| %s | %d | %d | %d of %d | %s |\n", k.name, f.After, f.Preemptions, f.Replayed, f.Replays, text)
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(after)
	if len(after) > 0 {
		fmt.Fprintf(s.out, "\n%d of %d kernels are as they must be, %d of them cannot leak; schedules to the first leak: %d in the median, at most %d\n", right, len(kernels), cannot, after[len(after)/2], after[len(after)-1])
	}
	if right < len(kernels) {
		return 1, nil
	}
	return 0, nil
}

// leaked matches the head of a goroutine's stack, with its name and why it waits.
var leaked = regexp.MustCompile(`(?m)^goroutine (\S+) \[(.*)\]:$`)

// judge compares the goroutines that leak with the expected leaks.
func (k kernel) judge(stacks string) (leaks, wrong []string) {
	heads := leaked.FindAllStringSubmatchIndex(stacks, -1)
	for i, head := range heads {
		end := len(stacks)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		function := ""
		for line := range strings.Lines(stacks[head[1]:end]) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "/") {
				function = line
			}
		}
		_, function, _ = strings.Cut(function[strings.LastIndexByte(function, '/')+1:], ".")
		leak := function + " [" + stacks[head[4]:head[5]] + "]"
		leaks = append(leaks, leak)
		expected := func(re *regexp.Regexp) bool {
			return slices.ContainsFunc(append(k.wrappers[function], function), func(name string) bool { return re.MatchString(name + "() [" + stacks[head[4]:head[5]] + "]") })
		}
		if !slices.ContainsFunc(k.leaks, expected) {
			wrong = append(wrong, "not expected: "+leak)
		}
	}
	if len(leaks) == 0 {
		wrong = append(wrong, "no goroutine leaks")
	}
	return leaks, wrong
}
