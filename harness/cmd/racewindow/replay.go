package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

const replayAbout = `Execute a case again: one line that a report printed or a person wrote, or a file that holds it (# begins a comment,
and the case may take several lines). The documentation of the package harness/cases explains the words of a case.

A case with switches (@), or with neither switches nor delays, runs one thread at a time and does the same each time.
A switch, delay, fault or crash whose place is not reached is an error that names it. A case with delays (~) runs on
goroutines, as does any case with --free: the Go scheduler then decides what the case leaves open, so say how often
to try (--times).

The schedule of a plain test is 'v1 test=TestX; @ ...' and the package; it is executed in a test binary of its own.
With --debug the debugger Delve (dlv, on the PATH) stops where the test fails, at your line in your goroutine: where it
panics or reports that it fails, at the accesses of a data race, and otherwise at the last step of a goroutine that waits
for ever. --debug-step stops at any step of the timeline instead. dlv gets two more commands: 'after' goes on
until the operation is over, 'failure' until the test fails.

Exit codes: 0 held each time, 1 violated at least once, 2 wrong usage, 3 the case could not be executed as
it is written, or the execution was interrupted.`

const buildAbout = "for the schedule of a plain test: a `FLAG` for the go command, such as -tags=slow; repeat for more"

const atomicAbout = "for plain tests: allow no switch in `PACKAGE`, such as a logger (PATH/... for all below it); repeat for more"

type replayFlags struct {
	subject   subjectFlag
	times     int
	patience  time.Duration
	stepLimit int
	timeline  bool
	free      bool
	race      bool
	build     []string
	atomic    []string
	debug     string
	debugStep int
	delve     string // the path of the program dlv
}

func replayCommand() *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay CASE|FILE [package]",
		Short: "Execute one case again",
		Long:  replayAbout,
		Example: `  racewindow replay 'v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; ` +
			`@ w0@op#1>r0, r0@read/metadata-loaded#1>w0'
  racewindow replay --times 100 testdata/cases/stale-empty.case
  racewindow replay 'v1 test=TestCache; c0: put("a", 1); c1: get("a")' ./cache
  racewindow replay --subject registry 'm0: subscribe a, publish a'
  racewindow replay 'v1 test=TestEvict; @ main/evict#1@(*Cache).Evict.Lock#1>main' ./cache
  racewindow replay --debug 'v1 test=TestEvict; @ main/evict#1@(*Cache).Evict.Lock#1>main' ./cache`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("%d arguments: give one case in quotes, or one file; add the package if the case belongs to a test", len(args))}
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1:]) },
	}
	f.subject.define(cmd.Flags())
	cmd.Flags().IntVar(&f.times, "times", 1, "execute it `N` times")
	cmd.Flags().DurationVar(&f.patience, "patience", 5*time.Second, "how long a 'while' or 'until' of a delay may take to come true")
	cmd.Flags().IntVar(&f.stepLimit, "step-limit", sched.DefaultStepLimit, stepLimitAbout)
	cmd.Flags().BoolVar(&f.timeline, "timeline", true, "print what each thread did in the first execution with a violation; --timeline=false prints one line")
	cmd.Flags().BoolVar(&f.free, "free", false, "run the case on goroutines, although it has no delays")
	cmd.Flags().StringArrayVar(&f.build, "build", nil, buildAbout)
	cmd.Flags().StringArrayVar(&f.atomic, "atomic", nil, atomicAbout)
	cmd.Flags().StringVar(&f.debug, "debug", "", debugAbout)
	cmd.Flags().Lookup("debug").NoOptDefVal = interactive
	cmd.Flags().IntVar(&f.debugStep, "debug-step", 0, stepAbout)
	cmd.Flags().BoolVar(&f.race, "race", false, "for the case of a test: use the race detector")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command, argument string, packages []string) error {
	if err := checkNumbers(cmd.Flags(), bound{"times", 1, 1_000_000}, bound{"patience", shortest, unbounded}, bound{"step-limit", 1, 100_000_000}); err != nil {
		return usageError{err}
	}
	if cmd.Flags().Changed("debug-step") && f.debugStep < 1 {
		return usageError{fmt.Errorf("--debug-step %d: the steps of a timeline are numbered from 1", f.debugStep)}
	}
	if err := f.checkDebug(cmd); err != nil {
		return err
	}
	argument, err := f.subject.whole(argument)
	if err != nil {
		return err
	}
	c, err := readCase(cmd.Context(), argument)
	var other *ofTest
	switch {
	case errors.As(err, &other):
		return f.ofTest(cmd, other, packages)
	case err == nil && len(packages) > 0:
		return usageError{fmt.Errorf("%s: the case is of a subject that the command brings, and needs no package: leave the package out", packages[0])}
	case err == nil && f.debug != "":
		return usageError{errors.New("--debug: the case is of a subject that the command brings, and only schedules of plain tests stop in a debugger: leave the flag out")}
	case err == nil && f.race:
		return usageError{errors.New("--race: the case is of a subject that the command brings: build the command with 'racewindow build -race', or leave the flag out")}
	case cmd.Context().Err() != nil:
		return err
	case err != nil:
		return usageError{err}
	}
	if err := f.subject.check(c.Subject); err != nil {
		return err
	}
	scheduled := len(c.Delays) == 0 && !f.free
	switch {
	case f.free && c.Subject != log.Subject:
		return usageError{fmt.Errorf("--free: only the scheduler can execute a case of %s: leave the flag out", c.Subject.Head())}
	case f.free && len(c.Switches) > 0:
		return usageError{fmt.Errorf("--free: the case has switches (@), which goroutines cannot follow: leave out one of the two")}
	case f.free && (c.Crash != nil || len(c.Faults) > 0):
		return usageError{fmt.Errorf("--free: the case has faults (!) or a crash, which need the scheduler: leave out one of the two")}
	}
	if err := failpoints.Require("racewindow replay", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	once := f.goroutines
	if scheduled {
		if once, err = f.scheduled(c); err != nil {
			return err
		}
	}
	return f.replay(cmd.Context(), cmd.OutOrStdout(), c, once)
}

// An execution executes the case once. If it shows a violation, show prints it; an error says that there is no verdict.
type execution func(ctx context.Context, c cases.Case) (show func(io.Writer) error, err error)

// replay executes the case as often as --times says. A violation counts even if a later execution fails.
func (f *replayFlags) replay(ctx context.Context, out io.Writer, c cases.Case, once execution) (failed error) {
	var done, shown atomic.Int64
	var notTold error
	line := newProgressLine("replay")
	stop := line.during(func() string { return fmt.Sprintf("%d of %d times, %d violated", done.Load(), f.times, shown.Load()) })
	for range f.times {
		if failed = interrupted(ctx); failed != nil {
			break
		}
		var show func(io.Writer) error
		if show, failed = once(ctx, c); failed != nil {
			break
		}
		done.Add(1)
		if show == nil {
			continue
		}
		if shown.Add(1) == 1 {
			line.aside(func() { notTold = show(out) })
		}
	}
	stop()
	failed = errors.Join(failed, notTold)
	switch n := shown.Load(); {
	case n > 0:
		fmt.Fprintf(out, "violated %d of %d times: %v\n", n, done.Load(), c)
		return violated(failed)
	case failed != nil:
		if done.Load() > 0 {
			fmt.Fprintf(out, "no verdict after %d of %d times: %v\n", done.Load(), f.times, c)
		}
		return failed
	}
	fmt.Fprintf(out, "held %d of %d times: %v\n", f.times, f.times, c)
	return nil
}

func interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted: %w", err)
	}
	return nil
}

// goroutines executes a case with delays, on goroutines.
func (f *replayFlags) goroutines(ctx context.Context, c cases.Case) (show func(io.Writer) error, err error) {
	o, err := log.Runner{Patience: f.patience, Events: f.timeline}.Run(ctx, log.Of(c))
	if err != nil || o.Violation == nil {
		return nil, err
	}
	return func(out io.Writer) error {
		var text strings.Builder
		o.WriteViolation(&text)
		_, err := fmt.Fprint(out, text.String(), o.Timeline(40, true))
		return err
	}, nil
}

// scheduled makes the execution of a case under the scheduler.
func (f *replayFlags) scheduled(c cases.Case) (execution, error) {
	plan, err := c.Subject.Plan(c.Bare())
	switch {
	case errors.Is(err, cases.ErrCase):
		return nil, usageError{err}
	case err != nil:
		return nil, err
	}
	came, runner := plan.Crashes, sched.NewRunner(plan.Scenario, sched.Options{StepLimit: f.stepLimit})
	return func(ctx context.Context, c cases.Case) (func(io.Writer) error, error) {
		if came != nil {
			came.Until(func() bool { return ctx.Err() != nil })
		}
		failure := runner.Replay(c.Switches, false).Failure
		if failure == nil {
			if err := interrupted(ctx); err != nil {
				return nil, err
			}
			failure = unmet(c, came)
		}
		switch {
		case failure == nil:
			return nil, nil
		case failure.Kind == sched.Unusable, failure.Kind == sched.StepLimit:
			return nil, errors.New(failure.Message)
		}
		return func(out io.Writer) error {
			if !f.timeline {
				return nil
			}
			return printCase(out, c)
		}, nil
	}, nil
}

// unmet says which crash or faults of a case did not happen in an execution that held; nil if all did.
func unmet(c cases.Case, came *cases.Crashes) *sched.Failure {
	switch {
	case c.Crash != nil && !c.Crash.Any && !came.Reached.Load():
		return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("the place of the crash was not reached: %v", c.Crash.At)}
	case len(c.Faults) == 0:
		return nil
	}
	if missing := came.Missing(c); len(missing) > 0 {
		return &sched.Failure{Kind: sched.Unusable, Message: fmt.Sprintf("these faults did not happen: %v", missing)}
	}
	return nil
}

// printCase prints the report of a case as it is, with nothing shrunk.
func printCase(out io.Writer, c cases.Case) error {
	r, err := report.OfCase(c)
	if err != nil {
		return err
	}
	return r.WriteText(out, terminalColumns(os.Stdout), reportPalette(os.Stdout))
}

// ofTest executes the case of a test, in the test's package.
func (f *replayFlags) ofTest(cmd *cobra.Command, of *ofTest, packages []string) error {
	if f.free {
		return usageError{errors.New("--free: only the scheduler can execute the case of a test: leave the flag out")}
	}
	if done, err := f.ofPlainTest(cmd, of, packages); done {
		return err
	}
	if f.debug != "" {
		return usageError{fmt.Errorf("--debug: only schedules of plain tests stop in a debugger, and %s is no plain test here: it calls harness.Check, or is in another package", of.test)}
	}
	r := of.run("replay", packages)
	r.race, r.build, r.out = f.race, f.build, cmd.OutOrStdout()
	r.order = drive.Order{Mode: drive.Replay, Case: of.text, Times: f.times}
	return r.run(cmd.Context())
}
