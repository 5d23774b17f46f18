package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// ofPlainTest executes the schedule of a plain test, if it is one. A test that calls harness.Check has cases instead.
func (f *replayFlags) ofPlainTest(cmd *cobra.Command, of *ofTest, packages []string) (done bool, err error) {
	listed, err := plain.List(cmd.Context(), "", environment.Full(), listFlags(f.build, f.race), packages)
	if err != nil {
		return false, nil // whoever replays a Check says what is wrong
	}
	token, malformed := plain.ParseToken(of.text)
	name := token.Test
	if malformed != nil {
		name = of.test
	}
	p, is := plainOf(listed, name)
	switch {
	case !is:
		return false, nil
	case malformed != nil:
		return true, usageError{fmt.Errorf("%s is a plain test: %w", name, malformed)}
	case len(packages) != 1 || strings.Contains(packages[0], "..."):
		return true, usageError{errors.New("name the one package that the test is of")}
	}
	r := &plainRun{
		verb: "replay", pattern: plain.Exactly(token.Test), packages: []plain.Package{p}, flags: f.build, race: f.race, tell: &teller{}, out: cmd.OutOrStdout(), screen: os.Stdout,
		order: drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Test: token.Test, Times: f.times, StepLimit: f.stepLimit, LeaksAlways: true},
	}
	if token.Alone {
		r.order.Apart = drive.ApartFirst
	}
	err = r.run(cmd.Context())
	if !errors.Is(err, errViolated) && err != nil {
		return true, err
	}
	failed := false
	for _, e := range r.kept {
		if e.Event == drive.Found {
			failed = true
			fmt.Fprintf(cmd.OutOrStdout(), "failed %d of %d times (%s): %s\n", e.Finding.Replayed, e.Finding.Replays, e.Finding.Failure.Class(), token)
		}
	}
	if failed {
		return true, err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "held %d of %d times: %s\n", f.times, f.times, token)
	return true, err
}
