// racewindow test --weaken: which syncs, checksums and error checks would no test miss?

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/failpoints/weaken"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/output"
)

const weakenAbout = `

--weaken tests the tests: would one of them notice if your code did not sync? Each of these places
of the named packages (test files left out) is made to do nothing, one at a time:

  sync              a call of Sync, Fsync, Fdatasync or the like, as a method of a file or as a function
  directory sync    the same for a folder: one whose name says so (SyncDir), or that os.Open opened
  checksum          a comparison (==, !=, bytes.Equal) with a checksum from package hash, crypto, xxhash or
                    the like, or from a function whose name says so; the checksum then counts as right
  error check       a comparison with nil of the error of a file operation, or of the error of a function of
                    these packages that passes such an error on; the error then counts as nil

Then the tests that reach the place run. The list says which test noticed, and which places no test misses.
A test has noticed if it fails twice, and then passes without the change; one that has failed by chance
before must fail five times.
All places are in one build, and the environment of a test process chooses one. Your sources are not touched.

  --weaken           weaken the packages of the call; --weaken=PATTERN weakens others, tested by
                     those of the call
  --known FILE       places that no test needs to notice, one a line: NAME because REASON, with the name that
                     the list prints; an entry that fits no place, or that a test notices, is an error
  --budget 10m       try no further place after this time
  --each 1m          the longest run of a package's tests; five times as long as without a change by default,
                     at least 10 s
  --json FILE        write the outcome as JSON (- for standard output)

Syncs through a method value or a raw system call are not found. -bench, -c, -cover, -exec, -fuzz, -json,
-list, -o, -overlay, --plant and --strip cannot be combined with it.

Exit codes with --weaken: 0 every place was noticed or is known; 1 some were not; 2 for a wrong call; 3 when
the tests fail without a change, nothing can be weakened, the canary was missed, an entry of --known is
noticed, or the budget ran out first.`

// weakens says whether the arguments of racewindow test ask for --weaken.
func weakens(args []string) bool {
	for _, a := range args {
		if a == "-args" || a == "--args" || a == "--" {
			return false
		}
		if name, _, _ := strings.Cut(a, "="); name == "--weaken" || name == "-weaken" {
			return true
		}
	}
	return false
}

// A weakenCall is what the flags of --weaken say.
type weakenCall struct {
	patterns     []string
	known, json  string
	budget, each time.Duration
}

// takeWeaken takes the flags of --weaken from the arguments, and returns the others.
func takeWeaken(args []string) (w *weakenCall, rest []string, err error) {
	w = &weakenCall{}
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		switch name {
		case "-args", "--args", "--":
			return w, append(rest, args[i:]...), nil
		case "--weaken", "-weaken":
			if has && value == "" {
				return nil, nil, errors.New("--weaken= needs a package, for example --weaken=./storage; --weaken alone takes the packages of the call")
			}
			if has {
				w.patterns = append(w.patterns, strings.Split(value, ",")...)
			}
			continue
		case "--known", "--budget", "--each", "--json":
			if !has && i+1 < len(args) {
				i, value = i+1, args[i+1]
			}
			if err := w.set(name, value); err != nil {
				return nil, nil, err
			}
			continue
		}
		rest = append(rest, args[i])
	}
	return w, rest, nil
}

func (w *weakenCall) set(name, value string) (err error) {
	if value == "" || strings.HasPrefix(value, "--") {
		return fmt.Errorf("%s needs a value", name)
	}
	var d time.Duration
	if name == "--budget" || name == "--each" {
		if d, err = time.ParseDuration(value); err != nil || d <= 0 {
			return fmt.Errorf("invalid value %.80q for %q: write a time above zero, for example 10m", value, name)
		}
	}
	switch name {
	case "--known":
		w.known = value
	case "--json":
		w.json = value
	case "--budget":
		w.budget = d
	case "--each":
		w.each = d
	}
	return nil
}

// besidesWeaken are the flags of go test that cannot be combined with --weaken.
var besidesWeaken = strings.Fields("bench c cover covermode coverpkg coverprofile exec fuzz json list n o overlay")

// weakenConfig makes the settings of a run of the arguments.
func weakenConfig(cmd *cobra.Command, args []string) (c weaken.Config, w *weakenCall, help bool, err error) {
	w, rest, err := takeWeaken(args)
	if err != nil {
		return c, w, false, err
	}
	if c.Command, help, err = overlay.Parse("test", rest); err != nil || help {
		return c, w, help, err
	}
	inv, err := overlay.Read(c.Command)
	if err != nil {
		return c, w, false, err
	}
	for _, flag := range besidesWeaken {
		if _, set := inv.Flags[flag]; set {
			return c, w, false, fmt.Errorf("-%s cannot be combined with --weaken: leave out one of the two", flag)
		}
	}
	if c.Command.Strip || len(c.Command.Plant) > 0 {
		return c, w, false, errors.New("--plant and --strip cannot be combined with --weaken: leave out one of the two")
	}
	if ownStream(w.json) {
		w.json = "-"
	} else if w.json != "" {
		if err := output.Check(w.json); err != nil {
			return c, w, false, fmt.Errorf("--json: %w", err)
		}
	}
	if w.known != "" {
		text, err := os.ReadFile(w.known)
		if err == nil {
			c.Known, err = weaken.ParseKnown(string(text))
		}
		if err != nil {
			return c, w, false, fmt.Errorf("--known %s: %w", w.known, err)
		}
	}
	c.Weaken, c.Budget, c.Each = w.patterns, w.budget, w.each
	c.Command.Env, c.Command.Stderr = environment.Full(), cmd.ErrOrStderr()
	c.Keeper, err = os.Executable()
	return c, w, false, err
}

// runWeakened weakens the places of packages in turn.
func runWeakened(cmd *cobra.Command, args []string) error {
	c, w, help, err := weakenConfig(cmd, args)
	switch {
	case help:
		return cmd.Help()
	case err != nil:
		return usageError{err}
	}
	line, began := newProgressLine("weaken"), time.Now()
	c.Progress = func(p weaken.Progress) {
		if !line.due() {
			return
		}
		text := p.Step
		if p.Tried > 0 {
			text = fmt.Sprintf("%d of %d places, %d missed: %s", p.Tried, p.Of, p.Not, p.Step)
		}
		line.show(fmt.Sprintf("%s: %.0f s, %s", line.what, time.Since(began).Seconds(), text))
	}
	s, err := weaken.Run(cmd.Context(), c)
	line.clear()
	if err != nil {
		return weakenError(w, err)
	}
	if err := printSummary(w.json, s, func(*os.File) string { return weakenText(s) }); err != nil {
		return err
	}
	switch {
	case s.Missed > 0:
		return errViolated
	case len(s.Stale) > 0:
		return fmt.Errorf("--known %s names places that a test notices: remove their entries", w.known)
	case s.Untried > 0:
		return fmt.Errorf("the budget of %v ran out before %d of %d places were tried", w.budget, s.Untried, len(s.Results))
	}
	return nil
}

func weakenError(w *weakenCall, err error) error {
	var asked weaken.UsageError
	if errors.As(err, &asked) {
		return usageError{fmt.Errorf("--known %s: %w", w.known, err)}
	}
	return sourcesError(err)
}

// weakenText is the outcome as text: the places that were noticed, then those that were not.
func weakenText(s *weaken.Summary) string {
	var b strings.Builder
	for _, r := range s.Results {
		if r.Verdict == weaken.Noticed {
			fmt.Fprintf(&b, "noticed  %s:%d  %s: %s\n         by %s in %s: %s\n", r.File, r.Line, r.Kind, r.Text, r.Test, r.In, r.How)
		}
	}
	for _, r := range s.Results {
		if r.Verdict != weaken.Noticed && r.Reason != "" {
			fmt.Fprintf(&b, "known    %s:%d  %s: %s\n         because %s\n", r.File, r.Line, r.Kind, r.Text, r.Reason)
		}
	}
	for _, r := range s.Results {
		if r.Verdict != weaken.Noticed && r.Verdict != weaken.Untried && r.Reason == "" {
			fmt.Fprintf(&b, "MISSED   %s:%d  %s: %s\n         %s\n         name: %s\n", r.File, r.Line, r.Kind, r.Text, whyMissed(r), r.Name())
		}
	}
	listed(&b, "left out", s.Left)
	listed(&b, "known, but noticed", s.Stale)
	listed(&b, "fails by chance, so a failure of it counts only if it shows again", s.ByChance)
	fmt.Fprintf(&b, "%d places in %s, tests of %s: %d noticed, %d missed by every test, %d known to change nothing",
		len(s.Results), strings.Join(s.Packages, " "), strings.Join(s.Tests, " "), s.Noticed, s.Missed, s.Known)
	if s.Untried > 0 {
		fmt.Fprintf(&b, ", %d not tried", s.Untried)
	}
	fmt.Fprintf(&b, "; %.0f s\ncanary %s\n", s.Seconds, s.Canary)
	return b.String()
}

func listed(w io.Writer, what string, lines []string) {
	for _, line := range slices.Clone(lines) {
		fmt.Fprintf(w, "%s: %s\n", what, line)
	}
}

func whyMissed(r *weaken.Result) string {
	switch {
	case r.Verdict == weaken.Missed:
		return fmt.Sprintf("tests that reach it and pass without it: %d", r.Tests)
	case r.Kind == weaken.Check:
		return "in no test is there an error here"
	case r.Kind == weaken.Checksum:
		return "in no test is a checksum wrong here"
	}
	return "no test reaches it"
}
