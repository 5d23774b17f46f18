package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
)

const soakAbout = `Work for hours: first every known bug must show what it says and every canary must be found; then rounds of
everything that the harness can do, more of what has found new behaviour lately. What is found is shrunk,
kept below DIR/findings, and the campaign goes on; the same bug again is counted.

Everything is in DIR/journal.jsonl: a campaign that was interrupted or killed goes on with the next start,
without the round that was in progress. The time of --for counts all starts together. A start after the end
goes on for another --for, with what was learned. Each start tries the findings' cases again: one that holds is
gone, and one that was gone may be back. Those without a case are closed by 'racewindow soak close'.

A round runs alone again by its line, which findings, journal and log have:
  racewindow soak --round 'v1 kind=explore variant=snapshot number=17 seed=123 for=5s'

Kinds of rounds: explore (programs drawn, several strategies in turn), stress (in a child process), race (the
same under the race detector, if --race-binary or a racewindow-race beside this binary is there), crash (power is
lost at every step of drawn programs), crashstress (power is lost at random moments under load, the same log goes
on), kill (processes under load on the disk of DIR, killed or given a file size limit; Linux only), properties (if
--properties or bin/properties-race.test is there), fuzz (if the go command and the sources are there).
What cannot be run is shown as not run, and never as passed; if --kinds names it, the campaign is no pass.

Enough is what --minimum says, and by default 10 schedules for each second of --for (1,000 at least) and a little of
everything else. It is of the leg: of what all starts have done since the time was over last. Only failpoints and
pairs are of the whole campaign. Besides, the time must be over, this start must have finished a round, and at
least half of the rounds of each kind must have a verdict.

Exit codes: 0 nothing was found and enough was done, 1 something was found, 2 wrong usage, 3 too little was done,
it was interrupted (the summary is written, the next start goes on), a canary was not found, or the run itself
failed.`

const soakExamples = `  racewindow soak --for 8h --out out/soak
  racewindow soak --for 8h --out out/soak --listen 127.0.0.1:8080       a page with plots, and /metrics
  racewindow soak --shard 0/4 --seed 7 --out out/soak-0 --minimum schedules=1000000
  racewindow soak merge out/soak-0 out/soak-1 out/soak-2 out/soak-3 --out out/soak`

type soakFlags struct {
	config     soak.Config
	corpus     string
	shard      string
	listen     string
	kinds      []string
	minimums   []string
	handovers  []string
	canary     time.Duration
	race       string
	properties string
	source     string

	round     string
	result    string
	inProcess bool
}

func soakCommand() *cobra.Command {
	f := &soakFlags{}
	cmd := &cobra.Command{
		Use:     "soak",
		Short:   "A campaign for hours: everything in turn, resumable, on one machine or many",
		Long:    soakAbout,
		Example: soakExamples,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkPlaces(cmd.Flags(), []string{"result"}, []string{"out"}); err != nil {
				return err
			}
			return f.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f.define(cmd.Flags())
	cmd.AddCommand(soakMergeCommand(), soakCloseCommand())
	return cmd
}

func (f *soakFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	c := &f.config
	flags.DurationVar(&c.For, "for", 10*time.Minute, "how long the campaign takes, all starts together")
	flags.StringVar(&c.Out, "out", "", "the campaign's folder, `DIR`: journal, summary, findings")
	flags.StringVar(&f.corpus, "corpus", filepath.Join("testdata", "cases"), "the cases that must show what they say, `DIR`")
	flags.Uint64Var(&c.Seed, "seed", 0, "seed of the campaign (default that of the journal, or a new one, which the summary prints)")
	flags.StringVar(&f.shard, "shard", "0/1", "which part of a campaign on several machines, `I/N`, from 0/N to N-1/N")
	flags.StringVar(&f.listen, "listen", "", "serve a page and metrics at `HOST:PORT`; without a host for this machine alone")
	flags.StringSliceVar(&f.minimums, "minimum", nil, "fail below that in this leg, `NAME=N,...`: rounds, schedules, operations, failpoints, pairs, corpus, canaries, a kind's rounds, any count; 'none' takes the defaults away")
	flags.StringSliceVar(&f.kinds, "kinds", nil, "only these kinds of rounds, `NAME,...`, as above (default all that can be run)")
	flags.StringSliceVar(&f.handovers, "handovers", nil, "the hand-overs of explore and stress, `NAME,...` (default those that are to hold)")
	flags.DurationVar(&c.RoundFor, "round-for", 0, "about how long a round takes (default a fortieth of --for, from 1s to 10s)")
	flags.DurationVar(&f.canary, "canary-within", 10*time.Minute, "last resort for each canary, which counts its rounds, programs or inputs; 0 leaves them out, and the summary says so")
	flags.StringVar(&f.race, "race-binary", "", "an instrumented racewindow with the race detector, `FILE` (default racewindow-race beside this one)")
	flags.StringVar(&f.properties, "properties", "", "the instrumented test binary of the package properties, `FILE` (default properties-race.test beside this one)")
	flags.StringVar(&f.source, "source", ".", "the module's sources, for fuzzing, `DIR`")
	flags.StringVar(&f.round, "round", "", "do one round, as a `SPEC` says, and nothing else")
	flags.StringVar(&f.result, "result", "", "with --round: write what it came to as JSON to `FILE`")
	flags.BoolVar(&f.inProcess, "in-process", false, "with --round: not in a child process")
}

func (f *soakFlags) run(ctx context.Context, out io.Writer) error {
	if f.config.For <= 0 || f.config.RoundFor < 0 || f.canary < 0 {
		return usageError{fmt.Errorf("--for %v --round-for %v --canary-within %v: the first must be above zero, none negative", f.config.For, f.config.RoundFor, f.canary)}
	}
	var err error
	if f.config.Shard, err = soak.ParseShard(f.shard); err != nil {
		return usageError{fmt.Errorf("--shard: %w", err)}
	}
	if f.round != "" {
		return f.oneRound(ctx, out)
	}
	if f.result != "" || f.inProcess {
		return usageError{errors.New("--result and --in-process go with --round 'v1 kind=KIND variant=NAME for=5s'")}
	}
	if f.config.Out == "" {
		return usageError{errors.New("--out: say where journal, summary and findings go")}
	}
	if err := failpoints.Require("racewindow soak", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if err := f.prepare(); err != nil {
		return err
	}
	var listener net.Listener
	if f.listen != "" { // before anything is begun
		if listener, err = soak.Reserve(f.listen); err != nil {
			return usageError{fmt.Errorf("--listen: %w", err)}
		}
		defer listener.Close()
	}
	return f.campaign(ctx, out, listener)
}

// soakKinds are the names of the kinds, in the order in which allKinds lists them.
var soakKinds = []string{"explore", "stress", "crash", "crashstress", "kill", "race", "properties", "fuzz"}

// allKinds are the kinds that can be run here, and those that cannot. A new kind is listed here and in soakKinds.
func (f *soakFlags) allKinds() (kinds []soak.Kind, notRun []soak.NotRun, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	logs, scratch := "", ""
	if f.config.Out != "" {
		out, err := filepath.Abs(f.config.Out)
		if err != nil {
			return nil, nil, err
		}
		logs, scratch = filepath.Join(out, "logs"), soak.Scratch(out)
	}
	isolated := func(k soak.Kind) soak.Isolated {
		return soak.Isolated{Kind: k, Binary: self, Logs: logs, Scratch: scratch}
	}
	add := func(name string, make func() (soak.Kind, error)) {
		if len(f.kinds) > 0 && !slices.Contains(f.kinds, name) {
			notRun = append(notRun, soak.NotRun{What: name, Because: "--kinds leaves it out"})
			return
		}
		k, err := make()
		if err != nil {
			notRun = append(notRun, soak.NotRun{What: name, Because: err.Error()})
			return
		}
		kinds = append(kinds, k)
	}
	add("explore", func() (soak.Kind, error) { return soak.Explore{Handovers: f.handovers}, nil })
	add("stress", func() (soak.Kind, error) { return isolated(soak.Stress{Handovers: f.handovers}), nil })
	add("crash", func() (soak.Kind, error) {
		if stress.RaceDetector {
			return nil, errors.New("it needs a build without -race")
		}
		return soak.Crash{}, nil
	})
	add("crashstress", func() (soak.Kind, error) { return isolated(soak.CrashStress{}), nil })
	add("kill", func() (soak.Kind, error) {
		k, err := soak.NewKill()
		return isolated(k), err
	})
	add("race", func() (soak.Kind, error) {
		k, err := isolated(soak.Stress{Handovers: f.handovers}), error(nil)
		k.Label = "race"
		k.Binary, err = beside(self, f.race, "racewindow-race")
		return k, err
	})
	add("properties", func() (soak.Kind, error) { return f.propertiesKind(self, scratch, logs) })
	add("fuzz", func() (soak.Kind, error) { return f.fuzzKind(logs) })
	for _, asked := range f.kinds {
		if !slices.Contains(soakKinds, asked) {
			return nil, nil, fmt.Errorf("--kinds: no kind is called %q%s: choose of %s", asked, spelling.Meant(asked, soakKinds), strings.Join(soakKinds, ", "))
		}
	}
	return kinds, notRun, nil
}

// beside is a binary that was named, or the one with that name beside this binary.
func beside(self, named, name string) (string, error) {
	file := named
	if file == "" {
		file = filepath.Join(filepath.Dir(self), name)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("%s is not there: make bin/%s", file, name)
	}
	return file, nil
}

func (f *soakFlags) propertiesKind(self, scratch, logs string) (soak.Kind, error) {
	binary, err := beside(self, f.properties, "properties-race.test")
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(f.source, "properties")
	if _, err := os.Stat(folder); err != nil {
		folder = ""
	}
	p, err := soak.NewProperties(binary, folder, logs)
	if err == nil {
		p.Scratch = scratch
	}
	return p, err
}

func (f *soakFlags) fuzzKind(logs string) (soak.Kind, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("there is no go command: %w", err)
	}
	if _, err := os.Stat(filepath.Join(f.source, "go.mod")); err != nil {
		return nil, fmt.Errorf("there are no sources: %w", err)
	}
	out := f.config.Out
	if out == "" {
		out = filepath.Join(os.TempDir(), "racewindow-fuzz")
	}
	return soak.NewFuzz(goCommand, f.source, filepath.Join(out, "fuzz"), logs)
}

// campaign runs one and shows it.
func (f *soakFlags) campaign(ctx context.Context, out io.Writer, listener net.Listener) error {
	debug.SetGCPercent(200)
	view := newSoakView()
	f.config.Say = view.say
	s, err := soak.Open(f.config)
	switch {
	case errors.Is(err, soak.ErrConfig), errors.Is(err, soak.ErrLocked):
		return usageError{err}
	case err != nil:
		return err
	}
	defer s.Close()
	if listener != nil {
		url, stop := s.Serve(listener)
		defer stop()
		view.say("live at " + url + ", metrics at " + url + "metrics")
	}
	end := view.watch(s)
	summary, err := s.Run(ctx)
	end()
	return tellSoak(out, summary, err)
}

// tellSoak prints the summary and ends with the exit code that says it.
func tellSoak(out io.Writer, summary *soak.Summary, err error) error {
	if err != nil {
		err = toldError{err}
	}
	if summary == nil {
		return err
	}
	fmt.Fprint(out, summary.TextFor(terminalColumns(os.Stdout)))
	if len(summary.State.Open()) > 0 {
		if err != nil {
			fmt.Fprintln(os.Stderr, "racewindow soak:", err)
		}
		return errViolated
	}
	return err
}

// A toldError quotes what rounds found, and goes to a terminal.
type toldError struct{ error }

func (e toldError) Error() string { return soak.OneLine(e.error.Error()) }

func (e toldError) Unwrap() error { return e.error }
