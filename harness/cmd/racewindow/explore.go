package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/columns"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

const exploreAbout = `Find the schedules in which tests fail: one goroutine runs at a time, and racewindow chooses at each step which one
goes on. Each finding is shrunk until no operation and no switch of it can be left out, and its case replays it every time.

With packages, their tests are explored:

  plain tests    Unmodified. Go's runtime, with hooks, lets one goroutine run at a time; a switch may come before
                 each operation of sync, sync/atomic, channels and files in the code under test. Deadlocks, leaks,
                 panics and failed assertions are found, and with --race also what Go's race detector reports, each
                 pair of places once. If a test with timers holds, it is searched once more, a quarter as long,
                 with timers that may fire early; what only that search finds is called timing. 'racewindow doctor'
                 says whether plain tests can be explored here.
  harness.Check  The objects that tests give to harness.Check. A switch may come at the failpoints of their code;
                 where the code has none, it may come where it does in plain tests.

A finding is kept below testdata/racewindow of the package, and the next run executes it first; one of a Check that
loses power waits for the next crash. In GitHub Actions it is also an annotation and in the step summary.

Without packages, the current package is explored if one of its tests calls harness.Check; otherwise the log that
racewindow brings. A command that cannot explore that log (one that 'go install' has made) explores the plain tests
of the current package.

For objects and the log, programs are drawn from the seed, one after the other; --program gives one instead. Several
strategies take turns; --strategy names one. --exhaustive executes every schedule with at most --preemptions
preemptions, and says so. From 4 preemptions on it executes one of the schedules that differ only in the order of steps
that share nothing, and says that too: it believes what failpoints.Declare says of them; --every-order believes
nothing. Before the search, a known bug (the canary) must be found with the same strategy.

The words (schedule, preemption, canary, ...) are explained in
` + glossary + `

Exit codes: 0 held, 1 violated (the report says what and where), 2 wrong usage or tests that cannot be built,
3 no verdict: the run itself failed, was interrupted, or left something without a verdict.`

const exploreExamples = `  racewindow explore ./cache                          what the tests of ./cache give to harness.Check
  racewindow explore --run TestCache --budget 1m --race ./...
  racewindow explore --run 'TestEvict/full' --exhaustive --preemptions 2 ./cache    a plain test
  racewindow explore -json -p 4 --known known.txt --junit junit.xml --sarif races.sarif ./...    for a CI
  racewindow explore --handover stale                 the seed's bug: exit code 1 and a report
  racewindow explore                                  random programs on each hand-over that is meant to hold, for 10 s
  racewindow explore --program 'w0: append 1, flush; r0: read - end' --exhaustive --preemptions 3
  racewindow explore --handover recheck --strategy pct --seed 7 --json -
  racewindow explore --subject registry --set removal=statusfirst`

type exploreFlags struct {
	subject    string
	settings   string // of the subject, as a case writes them
	holds      bool   // the subject with these settings is meant to hold
	handover   string
	program    string
	config     explore.Config
	exhaustive bool
	everyOrder bool
	crash      bool
	model      string
	pattern    string
	race       bool
	set        map[string]string
	leaks      string
	unjudged   string
	timing     string
	build      []string
	out        string
	jsonFile   string
	processes  int
	shard      string
	perTest    time.Duration
	timeout    time.Duration
	atomic     []string
	teller     teller
	told       []drive.Event // of tests, for --json
}

func exploreCommand() *cobra.Command {
	f := &exploreFlags{}
	cmd := &cobra.Command{
		Use:     "explore [packages]",
		Short:   "Run one goroutine at a time: schedules are chosen, replayed, shrunk",
		Long:    exploreAbout,
		Example: exploreExamples,
		Args:    onlyPackages,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 || cmd.Flags().Changed("run") || cmd.Flags().Changed("build") || f.hasTestsHere(cmd.Context(), cmd.Flags()) {
				return f.tests(cmd.Context(), cmd.Flags(), cmd.OutOrStdout(), args)
			}
			return f.run(cmd.Context(), cmd.Flags(), cmd.OutOrStdout())
		},
	}
	f.define(cmd.Flags())
	return cmd
}

const exploreCrashAbout = `Find what a loss of power destroys: one thread runs at a time, and power is lost at every step of every schedule.
The object, or the log, is opened again from every disk that this may leave, and must hold what was durable. Power is also
lost while an object is opened for the first time; then it must open again, and hold nothing.

With packages, it is for the objects of harness.Check that open their files with env.Disk(), and for code without
markers that has them in env.Dir(): what it does there with package os, syscall or golang.org/x/sys/unix is recorded.
Such code also goes on after one crash in four, and loses power once more: what it made durable then must be there too.
A plain test loses power in its own folder if it calls harness.LosePower, and says there what must survive.

--faults draws errors, short writes and failed syncs. A --program may also have slow calls, and writes that succeed and
never reach the disk, or another place in the file; the object may then miss or refuse what it had kept, but not
give something else:  --program 'v1 test=TestWAL; c0: put("a"); ! disk sync * #1 = DELAY/1s, disk write * #2 = LOST'
(ASTRAY/4: four sectors further on).

The command is 'racewindow explore --crash', and has its other flags. ('racewindow stress --crash' loses power under load, with
thousands of goroutines; 'racewindow kill' kills processes.)

Exit codes: 0 held, 1 violated (the report says what and where), 2 wrong usage or tests that cannot be built,
3 no verdict: the run itself failed, was interrupted, or left something without a verdict.`

const exploreCrashExamples = `  racewindow crash ./wal                              the objects of ./wal that keep data on env.Disk() or in env.Dir()
  racewindow crash --model weak --faults 2 --run TestWAL ./wal
  racewindow crash --program 'w0: append 1, flush, append 1' --schedules 2000`

// exploreCrashCommand is explore that loses power.
func exploreCrashCommand() *cobra.Command {
	cmd := exploreCommand()
	cmd.Use, cmd.Short = "crash [packages]", "Lose power at every step of every schedule"
	cmd.Long, cmd.Example = exploreCrashAbout, exploreCrashExamples
	if err := errors.Join(cmd.Flags().Set("crash", "true"), cmd.Flags().MarkHidden("crash")); err != nil {
		panic(err) // the flag is defined
	}
	return cmd
}

func (f *exploreFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	s := &f.config.Search
	flags.StringVar(&f.pattern, "run", "", "with packages: only the tests that match `REGEXP`")
	flags.BoolVar(&f.race, "race", false, "with packages: under the race detector")
	flags.StringVar(&f.leaks, "leaks", "new", "for plain tests, which leaks are findings, `NAME`: new (those that the schedule without a switch does not have), always, or ok (none)")
	flags.StringVar(&f.unjudged, "unjudged", "fail", "for plain tests, what a test without a verdict means, `NAME`: fail (exit code 3) or ok")
	flags.StringVar(&f.timing, "timing", "fail", "for plain tests, what a finding labelled timing means, which needs a timer to fire early, `NAME`: fail or ok (told, but no failure)")
	flags.StringArrayVar(&f.build, "build", nil, "with packages, a `FLAG` of go test, such as -tags=slow; repeat for more. Most can be given as go test has them")
	flags.IntVarP(&f.processes, "processes", "p", 1, "for plain tests: explore `N` side by side, each in a process of its own, which has one core")
	flags.StringVar(&f.shard, "shard", "", "for plain tests: explore only every N-th, `I/N` with I from 1, so that N machines do them all")
	flags.DurationVar(&f.perTest, "budget-per-test", 0, "for plain tests: how long to search in each; --budget is for all of them together")
	flags.DurationVar(&f.timeout, "timeout", 0, "for plain tests: end those of a package after this time, without a verdict (default never)")
	flags.StringArrayVar(&f.atomic, "atomic", nil, atomicAbout)
	f.teller.define(flags)
	flags.StringToStringVar(&f.set, "set", nil, "with packages and --subject registry: settings, `NAME=VALUE,...`")
	flags.StringVar(&f.subject, "subject", "log", "without packages, `NAME` of what the command brings: "+strings.Join(subjectNames(), " or "))
	flags.StringVar(&f.handover, "handover", "", "`NAME` of the hand-over: "+handoverNames()+" (default the engine's default; drawn programs: each that is meant to hold)")
	flags.StringVar(&f.program, "program", "", "the `THREADS` of a program, as a case has them, such as 'w0: append 1, flush; r0: read - end'; a whole case has options too")
	flags.IntVar(&f.config.Draw.Threads, "max-threads", 3, "most threads of a drawn program, `N`")
	flags.IntVar(&f.config.Draw.Operations, "max-operations", 5, "most operations of one thread of a drawn program, `N`: those of up to 3 come first")
	flags.IntVar(&f.config.PerProgram, "per-program", 0, "most schedules of one drawn program, `N`: less where it repeats itself (default 600, with --faults 60, with --crash 40; of a Check 200, with --crash 40)")
	flags.StringVar(&s.Strategy, "strategy", "", "`NAME`: "+strings.Join(sched.Strategies(), ", ")+" (default several in turn)")
	flags.IntVar(&s.Preemptions, "preemptions", 2, "most preemptions of a schedule that is enumerated, `N`; PCT changes priorities as often")
	flags.BoolVar(&f.exhaustive, "exhaustive", false, "every schedule up to --preemptions: --strategy bounded without a limit")
	flags.BoolVar(&f.everyOrder, "every-order", false, "with --exhaustive: every order of steps that share nothing by what their points declare")
	flags.BoolVar(&f.crash, "crash", false, "lose power at every step of every schedule, and recover from every disk that this may leave")
	flags.StringVar(&f.model, "model", "ordered", "which disks these are, `NAME`: ordered (as ext4 with its journal) or weak (what no promise forbids)")
	flags.IntVar(&f.config.DrawFaults, "faults", 0, "up to `N` faults in each drawn program: errors, short writes, a full disk, flipped bits")
	flags.DurationVar(&s.Budget, "budget", 0, "how long to search, and in plain tests to shrink what is found (default 10s, without a limit if --schedules or --exhaustive is given, or for plain tests)")
	flags.IntVar(&s.Schedules, "schedules", 0, fmt.Sprintf("end after `N` schedules (default no limit; plain tests: %d each, unless a budget or --exhaustive is given)", perTest))
	flags.Uint64Var(&s.Seed, "seed", 0, "seed of every random choice (default a new one, which the summary prints)")
	flags.IntVar(&s.Workers, "workers", 0, "schedules side by side, `N` (default one per processor)")
	flags.IntVar(&s.StepLimit, "step-limit", sched.DefaultStepLimit, stepLimitAbout)
	flags.BoolVar(&s.All, "all", false, "go on after the first violation")
	flags.BoolVar(&f.config.Canary, "canary", true, "find the known bug first, with the same strategy")
	flags.StringVar(&f.out, "out", "", "write report, summary and the cases that were found into this folder, `DIR`; results of earlier runs stay there")
	flags.StringVar(&f.jsonFile, "json", "", "write the summary as JSON to `FILE` (- for standard output, and the rest to standard error)")
}

func (f *exploreFlags) run(ctx context.Context, flags *pflag.FlagSet, out io.Writer) error {
	if err := f.settle(flags); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	if err := failpoints.Require("racewindow explore", "make build (it makes bin/racewindow); or name packages whose tests are to be explored: racewindow explore ."); err != nil {
		return err
	}
	if f.jsonFile == "-" {
		out = os.Stderr
	}
	debug.SetGCPercent(400) // schedules make garbage and keep nothing
	line := newProgressLine("explore")
	f.config.Progress = line.explored
	f.config.Found = func(failure *sched.Failure, c cases.Case) {
		line.aside(func() {
			fmt.Fprintf(os.Stderr, "explore: found %s, shrinking it: racewindow replay '%v'\n", failure.Class(), c)
		})
	}
	f.config.Estimated = func(e explore.Estimate, c explore.Config) {
		line.aside(func() { fmt.Fprintln(os.Stderr, "explore: "+e.Words(c)) })
	}
	summary, err := explore.Run(ctx, f.config)
	line.clear()
	if err != nil && len(summary.Findings) == 0 && summary.Statistics.Schedules == 0 {
		return err
	}
	return f.tell(summary, out, err)
}

func (f *exploreFlags) settle(flags *pflag.FlagSet) error {
	s := &f.config.Search
	if err := f.checkFlags(flags); err != nil {
		return err
	}
	if err := f.settleSubject(flags); err != nil {
		return err
	}
	if f.program != "" {
		if err := f.parseProgram(flags); err != nil {
			return err
		}
	}
	if f.crash {
		model, err := crash.ModelByName(f.model)
		if err != nil {
			return fmt.Errorf("--model %s: %w", f.model, err)
		}
		f.config.Crash = &cases.Crash{Any: true, Model: model}
	} else if flags.Changed("model") {
		return fmt.Errorf("--model says what a crash may leave: add --crash")
	}
	if f.config.Exhaustive, f.config.Estimate = f.exhaustive, f.exhaustive; f.exhaustive {
		if f.program == "" {
			return fmt.Errorf("--exhaustive: say of which program, with --program '%s'", exampleOf(f.config.Subject))
		}
		if err := f.enumerates(); err != nil {
			return err
		}
		s.Reduced = !f.everyOrder && s.Preemptions >= sched.ReductionPays
	}
	if !flags.Changed("seed") {
		s.Seed = rand.Uint64()
	}
	if s.Budget == 0 && s.Schedules == 0 && !f.exhaustive {
		s.Budget = 10 * time.Second
	}
	f.config.Canary = f.config.Canary && f.holds
	if err := f.settleDraw(flags); err != nil {
		return err
	}
	return s.Check()
}

// settleDraw settles which programs are drawn.
func (f *exploreFlags) settleDraw(flags *pflag.FlagSet) error {
	f.config.Draw.Small, f.config.Draw.Torn, f.config.ShortFirst = true, f.crash, true
	if !flags.Changed("per-program") {
		f.config.PerProgram = 600
		if f.config.DrawFaults > 0 {
			f.config.PerProgram = 60 // which fault meets which operation matters more than the schedule
		}
		if f.crash { // most of what a crash shows, it shows in the first schedules of a program
			f.config.PerProgram = 40
		}
	}
	if f.program == "" {
		return nil
	}
	for _, name := range []string{"max-threads", "max-operations", "per-program", "faults"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s says how programs are drawn, and --program gives one: leave out one of the two", name)
		}
	}
	return nil
}

// mostDrawn is the most operations of a thread in a drawn program. Longer histories take the checkers longer than they are worth.
const mostDrawn = 64

// checkFlags refuses values that no run can have.
func (f *exploreFlags) checkFlags(flags *pflag.FlagSet) error {
	if err := checkTexts(flags, "program", "subject", "handover", "strategy", "model"); err != nil {
		return err
	}
	if f.everyOrder && !f.exhaustive {
		return errors.New("--every-order says what --exhaustive executes: add --exhaustive")
	}
	return checkNumbers(flags,
		bound{"max-threads", 1, cases.MaxThreads},
		bound{"max-operations", 1, mostDrawn},
		bound{"per-program", 1, unbounded},
		bound{"preemptions", 0, sched.MaxPreemptions},
		bound{"faults", 0, cases.MaxFaults},
		bound{"budget", shortest, unbounded},
		bound{"budget-per-test", shortest, unbounded},
		bound{"timeout", shortest, unbounded},
		bound{"processes", 1, mostProcesses},
		bound{"schedules", 1, unbounded},
		bound{"workers", 1, sched.MaxWorkers},
		bound{"step-limit", 1, 100_000_000},
	)
}

// parseProgram reads --program: the threads alone, or a whole case, which then also sets the options.
func (f *exploreFlags) parseProgram(flags *pflag.FlagSet) error {
	text, whole, find := f.program, cases.IsText(f.program), cases.Only(f.config.Subject)
	switch {
	case !whole:
		text = "v1 " + f.config.Subject.Head() + " " + f.settings + "; " + text
	case !flags.Changed("subject"):
		find = subjectOf
	}
	c, err := cases.ParseFile(text, find)
	switch {
	case err != nil:
		return fmt.Errorf("--program: %w", err)
	case c.Crash != nil:
		return fmt.Errorf("--program: leave out the crash: --crash tries all of them")
	case len(c.Switches) > 0 || len(c.Delays) > 0:
		return fmt.Errorf("--program: leave out the switches (@) and delays (~): explore chooses them; 'racewindow replay' executes a case as it is written")
	case whole && flags.Changed("handover"):
		return fmt.Errorf("--program names a hand-over, and so does --handover: leave out one")
	case whole && len(f.set) > 0:
		return fmt.Errorf("--program names settings, and so does --set: leave out one")
	}
	f.config.Subject, f.config.Program = c.Subject, &c
	return f.settleName(c.Settings)
}

// tell prints findings and summary, and returns the error that gives the exit code. failed is why the exploration itself
// failed, nil if it did not.
func (f *exploreFlags) tell(s *explore.Summary, out io.Writer, failed error) error {
	for _, finding := range s.Findings {
		if err := finding.Report.WriteText(out, terminalColumns(os.Stdout), reportPalette(os.Stdout)); err != nil {
			failed = errors.Join(failed, err)
		}
		fmt.Fprintln(out)
	}
	screen := os.Stdout
	if f.jsonFile == "-" {
		screen = os.Stderr
	}
	fmt.Fprint(out, fitting(screen, f.closing(s)))
	kept, err := f.write(s)
	if len(kept) > 0 {
		fmt.Fprintf(out, "kept: %s\n", strings.Join(kept, ", "))
	}
	failed = errors.Join(failed, err)
	switch {
	case s.Verdict == explore.Violated:
		return violated(failed)
	case failed == nil && s.Verdict != explore.Held:
		return fmt.Errorf("no verdict: %s", s.Because)
	}
	return failed
}

// closing is the text after the reports: the verdict and what was done.
func (f *exploreFlags) closing(s *explore.Summary) string {
	var out strings.Builder
	what := s.Name
	if s.Programs > 1 {
		what += ", " + columns.Count(s.Programs, "program")
	}
	fmt.Fprintf(&out, "%s: %s: %s in %.1f s (%.0f/s), %d distinct, %s, seed %d; %s\n", s.Verdict, what,
		columns.Count(s.Statistics.Schedules, "schedule"), s.Statistics.Duration.Seconds(), s.Rate, s.Statistics.Distinct,
		columns.Count(s.Statistics.PartialOrders, "partial order"), s.Seed, s.Ended)
	for _, line := range s.Lines(f.config) {
		fmt.Fprintln(&out, line)
	}
	if s.Ended == sched.TimeIsUp {
		out.WriteString(ofTime)
	}
	return out.String()
}

// ofTime is said once by a command of which a search ended with its time.
const ofTime = "a budget is time: the same seed may come further or less far in it, and does the same within a number of schedules (--schedules)\n"

// write writes the files that were asked for, and returns those that hold a finding. Their names contain the finding's
// fingerprint, so that no finding overwrites another.
func (f *exploreFlags) write(s *explore.Summary) (kept []string, err error) {
	if f.jsonFile != "" {
		err = writeJSON(f.jsonFile, s)
	}
	if f.out == "" {
		return nil, err
	}
	if failed := output.MakeFolder(f.out); failed != nil {
		return nil, errors.Join(err, fmt.Errorf("--out: %w", failed))
	}
	var text strings.Builder
	for _, finding := range s.Findings {
		_ = finding.Report.WriteText(&text, 100, report.Palette{}) // a Builder takes everything
		text.WriteString("\n")
		print := finding.Fingerprint()
		name := filepath.Join(f.out, "found-"+print+".case")
		content := fmt.Sprintf("# %s: %s\n# found as %s\n%s\n", finding.Report.Promise, finding.Report.Detail, finding.Drawn, finding.Case)
		err = errors.Join(err, output.Write(name, []byte(content)), writeReports(filepath.Join(f.out, "report-"+print), finding.Report))
		kept = append(kept, name)
	}
	text.WriteString(f.closing(s))
	return kept, errors.Join(err, output.Write(filepath.Join(f.out, "report.txt"), []byte(text.String())),
		writeJSON(filepath.Join(f.out, "summary.json"), s))
}

func reportPalette(f *os.File) report.Palette { return report.Palette(palette(f)) }

// explored shows how far an exploration is.
func (l *progressLine) explored(p explore.Progress) {
	if !l.due() {
		return
	}
	text := fmt.Sprintf("%s: %.0f s, %s", l.what, p.Elapsed.Seconds(), p.Stage)
	if p.Program > 0 {
		text += fmt.Sprintf(", program %d, %s", p.Program, p.Statistics.SoFar())
	}
	if p.Disks > 0 {
		text += fmt.Sprintf(", %d disks", p.Disks)
	}
	if p.Findings > 0 {
		text += fmt.Sprintf(", %d found", p.Findings)
	}
	l.show(text)
}
