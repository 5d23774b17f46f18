package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// plainToken reads a text as the schedule of a plain test. is reports whether the test is a plain one; a test that calls
// harness.Check has cases instead.
func plainToken(ctx context.Context, of *ofTest, flags []string, race bool, packages []string) (p plain.Package, token plain.Token, is bool, err error) {
	listed, err := plain.List(ctx, "", environment.Full(), listFlags(flags, race), packages)
	if err != nil {
		return p, token, false, nil // executing it as the case of a Check then says what is wrong
	}
	token, malformed := plain.ParseToken(of.text)
	name := token.Test
	if malformed != nil {
		name = of.test
	}
	p, is = plainOf(listed, name)
	switch {
	case !is:
		if known := plainAlone(listed); len(known) > 0 {
			return p, token, true, usageError{fmt.Errorf("there is no test %s%s in %s", topOf(name), spelling.Meant(topOf(name), known), strings.Join(packages, " "))}
		}
	case malformed != nil:
		err = usageError{fmt.Errorf("%s is a plain test: %w", name, malformed)}
	case len(packages) != 1 || strings.Contains(packages[0], "..."):
		err = usageError{errors.New("name the one package that the test is in")}
	}
	return p, token, is, err
}

// plainAlone lists the tests of packages without Checks. It is nil if a package has Checks: the error of executing a Check
// lists those.
func plainAlone(packages []plain.Package) (names []string) {
	for _, p := range packages {
		if len(p.Checks) > 0 {
			return nil
		}
		names = append(names, p.Tests...)
	}
	return names
}

// topOf is the test function of a sub-test.
func topOf(test string) string {
	name, _, _ := strings.Cut(test, "/")
	return name
}

// ofPlainTest executes the schedule of a plain test. done is false if the text is no such schedule.
func (f *replayFlags) ofPlainTest(cmd *cobra.Command, of *ofTest, packages []string) (done bool, err error) {
	p, token, is, err := plainToken(cmd.Context(), of, f.build, f.race, packages)
	if !is || err != nil {
		return is, err
	}
	if err := f.findDelve(); err != nil {
		return true, err // before anything is built
	}
	r := &plainRun{
		verb: "replay", pattern: plain.Exactly(token.Test), packages: []plain.Package{p}, flags: f.build, race: f.race, tell: &teller{}, out: cmd.OutOrStdout(), screen: os.Stdout,
		debug: f.debug != "", brief: !f.timeline,
		order: drive.Order{
			Mode: drive.Replay, Case: token.Schedule.String(), Test: token.Test, Times: f.times, StepLimit: f.stepLimit, LeaksAlways: true, Atomic: f.atomic,
		},
	}
	if token.Alone {
		r.order.Apart = drive.ApartFirst
	}
	err = r.run(cmd.Context())
	if !errors.Is(err, errViolated) && err != nil {
		return true, err
	}
	var failed *drive.Event
	for _, e := range r.kept {
		if e.Event == drive.Found {
			failed = &e
			fmt.Fprintf(cmd.OutOrStdout(), "failed %d of %d times (%s): %s\n", e.Finding.Replayed, e.Finding.Replays, e.Finding.Failure.Class(), token)
		}
	}
	if failed != nil {
		if f.debug != "" {
			return true, f.debugPlain(cmd, r, p, *failed)
		}
		return true, err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "held %d of %d times: %s\n", f.times, f.times, token)
	return true, err
}

// ofPlainTest makes the report of a schedule of a plain test.
func (f *reportFlags) ofPlainTest(ctx context.Context, p plain.Package, token plain.Token) (*report.Report, error) {
	r := &plainRun{
		verb: "report", pattern: plain.Exactly(token.Test), packages: []plain.Package{p}, flags: f.build, race: f.race, tell: &teller{}, out: io.Discard, screen: nil,
		order: drive.Order{Mode: drive.Report, Case: token.Schedule.String(), Test: token.Test, Times: 5, Shrink: f.shrink, StepLimit: sched.DefaultStepLimit, LeaksAlways: true, Atomic: f.atomic},
	}
	if token.Alone {
		r.order.Apart = drive.ApartFirst
	}
	if err := r.run(ctx); err != nil && !errors.Is(err, errViolated) {
		return nil, err
	}
	for _, e := range r.kept {
		if e.Event == drive.Found {
			return report.Load(bytes.NewReader(e.Report))
		}
	}
	return nil, fmt.Errorf("there is nothing to report: %s holds", token)
}
