package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/soak"
)

const soakAbout = `Run a campaign for hours: rounds of everything that the harness can do. A campaign that was interrupted or killed
goes on with the next start.

First every kept case must show what it says, and every canary (a bug planted on purpose) must be found. Then come the
rounds; more of them go where new behaviour was found lately. A finding is shrunk and kept below DIR/findings, and the
campaign goes on; the same bug again is only counted.

With packages, the campaign tests the objects that their tests give to harness.Check. Without packages, it tests those
of the current package if there are any, and otherwise the log that the command brings.

Kinds of rounds of a Check, where they fit it:

  explore      programs are drawn and explored, several strategies in turn
  crash        the same; power is lost at every step, and the disk fails
  race         many instances run freely under the race detector
  crashstress  power is lost again and again while they run
  kill         processes that work on the disk of DIR are killed

The last two and crash need durable operations and Env.Disk; where the code has no markers, and for kill, Env.Dir will
do. Each round plants bugs of its own, and must find them first. The tests are built at each start, and run in the
packages' folders.

Kinds of rounds of the log:

  explore      programs are drawn and explored, several strategies in turn
  stress       in a child process
  race         stress under the race detector; needs --race-binary, or a racewindow-race beside this binary
  crash        power is lost at every step of drawn programs
  crashstress  power is lost at random moments under load, and the same log goes on
  kill         processes under load on the disk of DIR are killed, or get a file size limit; Linux only
  properties   needs --properties, or bin/properties-race.test
  fuzz         needs the go command and the sources

A kind that cannot run here is shown as not run, never as passed; if --kinds names it, the campaign does not pass.

A round takes a length of time. With --count it ends after that number of schedules (explore, crash), operations
(stress, race), losses of power (crashstress), kills (kill), cases (properties) or inputs (fuzz); time is then a last
resort, and a round that it ends has no verdict. With --rounds the campaign ends after that number of rounds, and
--for is a last resort.

Everything is in DIR/journal.jsonl. A start goes on without the round that was in progress. The time of --for counts
all starts together; a start after the end goes on for another --for, with what was learned. Each start tries the
findings' cases again: one that holds is gone, and one that was gone may be back. Findings without a case are closed
by 'racewindow soak close'.

A round runs alone again by its line, which findings, journal and log have:
  racewindow soak --round 'v1 kind=explore variant=snapshot number=17 seed=123 for=5s'

A campaign passes if nothing was found, its time is over, this start finished a round, at least half of the rounds of
each kind have a verdict, and enough was done. Enough is what --minimum says. By default it is, for the log, 10
schedules for each second of --for (1,000 at least) and a little of everything else; with packages, a round of each
kind for each Check. It counts what all starts have done since the time was last over (the leg); only failpoints and
pairs count over the whole campaign.

Exit codes: 0 nothing was found and enough was done, 1 something was found, 2 wrong usage, 3 too little was done,
it was interrupted (the summary is written, the next start goes on), a canary was not found, or the run itself
failed.`

const soakExamples = `  racewindow soak --for 8h --out out/soak
  racewindow soak --for 1h --out out/soak ./...                         the Checks of packages
  racewindow soak --rounds 6 --count 2000 --out out/soak ./cache        six rounds, however long they take
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

	subject  string
	counts   []string
	pattern  string
	set      map[string]string
	binaries string // the folder of the packages' test binaries
}

func soakCommand() *cobra.Command {
	f := &soakFlags{}
	cmd := &cobra.Command{
		Use:     "soak [flags] [packages]",
		Short:   "Run a campaign for hours, resumable, on one machine or many",
		Long:    soakAbout,
		Example: soakExamples,
		Args:    packagesOrCommands,
		RunE: func(cmd *cobra.Command, packages []string) error {
			if err := checkPlaces(cmd.Flags(), []string{"result"}, []string{"out"}); err != nil {
				return err
			}
			return f.run(cmd.Context(), cmd.Flags(), cmd.OutOrStdout(), packages)
		},
	}
	f.define(cmd.Flags())
	cmd.AddCommand(soakMergeCommand(), soakCloseCommand())
	return cmd
}

func (f *soakFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	c := &f.config
	flags.DurationVar(&c.For, "for", 10*time.Minute, "how long the campaign runs, all starts together")
	flags.StringVar(&c.Out, "out", "", "the campaign's folder, `DIR`: journal, summary, findings")
	flags.StringVar(&f.subject, "subject", "log", "`NAME` of the subject: log, even if the current package has Checks")
	flags.StringVar(&f.corpus, "corpus", filepath.Join("testdata", "cases"), "`DIR` with the kept cases, which must show what they say")
	flags.Uint64Var(&c.Seed, "seed", 0, "seed of the campaign (default that of the journal, or a new one, which the summary prints)")
	flags.StringVar(&f.shard, "shard", "0/1", "which part of a campaign on several machines, `I/N`, from 0/N to N-1/N")
	flags.StringVar(&f.listen, "listen", "", "serve a page and metrics at `HOST:PORT`; without a host, for this machine alone")
	flags.StringSliceVar(&f.minimums, "minimum", nil, "fail below these numbers in this leg, `NAME=N,...`: rounds, schedules, operations, failpoints, pairs, corpus, canaries, a kind's rounds, any count; 'none' removes the defaults")
	flags.StringSliceVar(&f.kinds, "kinds", nil, "only these kinds of rounds, `NAME,...`, as above (default all that can run here)")
	flags.StringSliceVar(&f.handovers, "handovers", nil, "the hand-overs of explore and stress, `NAME,...` (default those that must hold)")
	flags.DurationVar(&c.RoundFor, "round-for", 0, "about how long a round takes (default a fortieth of --for, from 1s to 10s)")
	flags.StringSliceVar(&f.counts, "count", nil, "end a round after `N`, or KIND=N,..., of what its kind counts; --round-for is then a last resort, default 5m")
	flags.Uint64Var(&c.Rounds, "rounds", 0, "end the campaign after `N` rounds, all starts together; --for is then a last resort")
	flags.DurationVar(&f.canary, "canary-within", 10*time.Minute, "last resort for each canary, which normally ends after its rounds, programs or inputs; 0 leaves the canaries out, and the summary says so")
	flags.StringVar(&f.race, "race-binary", "", "an instrumented racewindow with the race detector, `FILE` (default racewindow-race beside this one)")
	flags.StringVar(&f.properties, "properties", "", "the instrumented test binary of the package properties, `FILE` (default properties-race.test beside this one)")
	flags.StringVar(&f.source, "source", ".", "the module's sources, for fuzzing, `DIR`")
	flags.StringVar(&f.pattern, "run", "", "with packages: only the tests that match `REGEXP`")
	flags.StringToStringVar(&f.set, "set", nil, "with packages: settings of the subject, `NAME=VALUE,...`")
	flags.StringVar(&f.round, "round", "", "execute only one round, the one that `SPEC` describes")
	flags.StringVar(&f.result, "result", "", "with --round: write its result as JSON to `FILE`")
	flags.BoolVar(&f.inProcess, "in-process", false, "with --round: not in a child process")
}

func (f *soakFlags) run(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) (err error) {
	if err := f.settle(flags); err != nil {
		return usageError{err}
	}
	if f.round != "" {
		if _, err := soak.ParseRound(f.round); err != nil {
			return usageError{fmt.Errorf("--round: %w", err)}
		}
	}
	packages = f.packagesOf(ctx, flags, packages)
	if err := f.refuse(flags, packages); err != nil {
		return err
	}
	if len(packages) == 0 { // tests of packages are built instrumented, so this binary need not be
		if err := failpoints.Require("racewindow soak", "make build (it makes bin/racewindow)"); err != nil {
			return err
		}
	}
	defer f.removeBinaries()
	if f.round != "" {
		return f.oneRound(ctx, out)
	}
	if len(packages) > 0 {
		f.config.Of = "the Checks of packages"
		err = f.prepareChecks(ctx, packages)
	} else {
		f.config.Of = "the log"
		err = f.prepare()
	}
	if err != nil {
		return err
	}
	var listener net.Listener
	if f.listen != "" { // an address that is taken must fail before the campaign begins
		if listener, err = soak.Reserve(f.listen); err != nil {
			return usageError{fmt.Errorf("--listen: %w", err)}
		}
		defer listener.Close()
	}
	return f.campaign(ctx, out, listener)
}

// settle checks the flags that mean the same for the log and for packages.
func (f *soakFlags) settle(flags *pflag.FlagSet) (err error) {
	c := &f.config
	if c.For <= 0 || c.RoundFor < 0 || f.canary < 0 {
		return fmt.Errorf("--for %v --round-for %v --canary-within %v: the first must be above zero, none negative", c.For, c.RoundFor, f.canary)
	}
	if err := onlyTheLog(f.subject); err != nil {
		return err
	}
	if c.Shard, err = soak.ParseShard(f.shard); err != nil {
		return fmt.Errorf("--shard: %w", err)
	}
	switch {
	case flags.Changed("rounds") && c.Rounds == 0:
		return errors.New("--rounds 0: at least 1")
	case f.round != "" && (c.Rounds > 0 || len(f.counts) > 0):
		return errors.New("--rounds and --count are for a campaign: a round has its own count, as in 'v1 kind=KIND variant=NAME for=5m count=1000'")
	case f.round == "" && (f.result != "" || f.inProcess):
		return errors.New("--result and --in-process go with --round 'v1 kind=KIND variant=NAME for=5s'")
	case f.round == "" && c.Out == "":
		return errors.New("--out: say where journal, summary and findings go")
	}
	return nil
}

// parseCounts reads --count: one number for all kinds, or one for each.
func (f *soakFlags) parseCounts(kinds []string) error {
	f.config.Counts = map[string]uint64{}
	for _, word := range f.counts {
		name, value, found := strings.Cut(word, "=")
		names := []string{name}
		if !found {
			names, value = kinds, word
		} else if err := knownKinds(names, kinds); err != nil {
			return usageError{fmt.Errorf("--count %s: %w", word, err)}
		}
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || n == 0 {
			return usageError{fmt.Errorf("--count %q: write N or KIND=N, of at least 1", word)}
		}
		for _, name := range names {
			f.config.Counts[name] = n
		}
	}
	return nil
}

// campaign runs a campaign and shows its progress.
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
	f.removeFormerBinaries()
	if listener != nil {
		url, stop := s.Serve(listener)
		defer stop()
		view.say("live at " + url + ", metrics at " + url + "metrics")
	}
	end := view.watch(s)
	summary, err := s.Run(ctx)
	end()
	return printSoak(out, summary, err)
}

// printSoak prints the summary, and returns the error that gives the exit code.
func printSoak(out io.Writer, summary *soak.Summary, err error) error {
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

// A toldError makes an error safe for a terminal: it may quote what rounds found.
type toldError struct{ error }

func (e toldError) Error() string { return soak.OneLine(e.error.Error()) }

func (e toldError) Unwrap() error { return e.error }
