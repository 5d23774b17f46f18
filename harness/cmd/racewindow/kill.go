package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/kill"
)

const killAbout = `Kill a process that works on the real disk with SIGKILL, again and again, and check what it left.

Without packages, the process loads a log. It reports each append and each flush that returned through a pipe; what
was written to the pipe before the kill counts as acknowledged. Then the log is opened and all of it checked: what was
acknowledged as durable is there, the rest is a prefix of whole transactions, byte for byte, and nothing is there that
an earlier kill took. Now and then the next child opens the log instead, and may be killed while it recovers.

Some children get a file size limit (RLIMIT_FSIZE), which poisons the log. Some get a full disk: a small tmpfs,
mounted for them where that is allowed, and otherwise reported as not run.

This shows the death of a process. It cannot show lost pages: the kernel keeps what was written, and an engine that
never syncs would pass. For that, see racewindow stress --crash.

Before the run, children that acknowledge as durable before they write (the canary) must be caught.

With packages, or where a test of the current package calls harness.Check, the objects of those tests are killed: many
small programs on objects whose Open keeps its data on Env.Dir or Env.Disk, in processes of the test binary. What had
returned by the time of the kill and is durable, as the subject's Durable says, must be there when another process
opens the folder. That process may go on with it, and be killed too. A durable operation without an effect (the canary)
must be found first.

With --limited and --full, some of these processes also run out of room. An operation that failed there may have
happened or not, one that succeeded counts, and a folder that cannot be opened is no violation. Processes that have
room open what was left; a subject that says GoesOn is asked before that, when there is room again. A run in which no
operation met the limit, or the full disk, has no verdict.

Exit codes: 0 held, 1 violated (the report says what and where), 2 wrong usage, 3 the run itself failed.`

const killExamples = `  racewindow kill                                     50 kills in the temporary folder, 50 in /dev/shm
  racewindow kill --dir /var/tmp --kills 1000 --out found
  racewindow kill --limited 0 --full 20 --json -
  racewindow kill ./wal --kills 500                   the Checks of a package
  racewindow kill --run TestMap --duration 1m --dir /var/tmp
  racewindow kill ./wal --limited 10 --full 10        no room for what it writes`

type killFlags struct {
	subject  string
	ofChecks killOfChecks
	config   kill.Config
	canary   bool
	out      string
	jsonFile string
}

func killCommand() *cobra.Command {
	f := &killFlags{}
	cmd := &cobra.Command{
		Use:     "kill [packages]",
		Short:   "Kill a process under load on the real disk, again and again",
		Long:    killAbout,
		Example: killExamples,
		Args:    onlyPackages,
		RunE: func(cmd *cobra.Command, args []string) error {
			return killScope.choose(cmd, args, f.checks, f.run)
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *killFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	c := &f.config
	flags.StringArrayVar(&c.Dirs, "dir", nil, "work in a new folder below `DIR`; repeat for more disks (default the temporary folder, and /dev/shm)")
	flags.IntVar(&c.Kills, "kills", 50, "kills on each disk, `N`")
	flags.IntVar(&c.Limited, "limited", 5, "children with a file size limit, `N` (with packages: default none)")
	flags.IntVar(&c.Full, "full", 5, "children with a full disk, `N` (with packages: default none)")
	flags.IntVar(&c.PerLog, "per-log", 10, "children that work on one log, one after the other, `N`")
	flags.IntVar(&c.Goroutines, "goroutines", 8, "clients at once, `N`")
	flags.IntVar(&c.Messages, "acknowledgements", 1000, "most appends that a child acknowledges before it is killed, `N`")
	flags.IntVar(&c.MaxValueBytes, "value-bytes", 300, "longest value, `BYTES`")
	flags.StringVar(&f.subject, "subject", "log", "without packages, `NAME` of what the command brings: log")
	flags.StringVar(&c.Handover, "handover", "", "`NAME` of the hand-over: "+handoverNames()+" (default the engine's default)")
	flags.BoolVar(&c.NoSync, "no-sync", false, "never sync: the run holds all the same, because the kernel keeps what was written")
	flags.DurationVar(&c.Grace, "grace", time.Minute, "how long a child may say nothing before it counts as hanging")
	flags.Float64Var(&c.MinKills, "min-under-load", 0.5, "fail if a smaller share of the kills came after an acknowledgement; 0 for none")
	flags.Uint64Var(&c.Seed, "seed", 0, "seed of every random choice (default a new one, which the summary prints)")
	flags.BoolVar(&f.canary, "canary", true, "find the known bug first, on the first disk")
	flags.StringVar(&f.out, "out", "", "write report, summary.json and, after a violation, the files as the kill left them to this folder, `DIR`")
	flags.StringVar(&f.jsonFile, "json", "", "write the summary as JSON to `FILE` (- for standard output)")
	f.ofChecks.define(flags)
}

func (f *killFlags) run(ctx context.Context, flags *pflag.FlagSet) error {
	if err := onlyTheLog(f.subject); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	if err := f.settle(flags); err != nil {
		return usageError{err}
	}
	if err := failpoints.Require("racewindow kill", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if err := f.config.Check(); err != nil {
		return usageError{err}
	}
	if err := f.makeOut(); err != nil {
		return usageError{err}
	}
	canary := ""
	var hidden *hiddenCanary
	if f.canary {
		var err error
		if canary, err = f.findLiar(ctx); err != nil && !errors.As(err, &hidden) {
			return err
		}
	}
	line := newProgressLine("kill")
	began := time.Now()
	f.config.Progress = func(children, of int) {
		if line.due() {
			line.show(fmt.Sprintf("kill: %.0f s, child %d of %d", time.Since(began).Seconds(), children, of))
		}
	}
	s, err := kill.Run(ctx, f.config)
	line.clear()
	if s == nil {
		return killError(err)
	}
	s.Canary = canary
	if s.Violation == nil && hidden != nil {
		s.Failure, err = hidden.Error(), hidden
	}
	return f.tell(s, err)
}

func (f *killFlags) settle(flags *pflag.FlagSet) error {
	c := &f.config
	if _, err := handoverByName(c.Handover); err != nil {
		return err
	}
	for _, name := range []string{"kills", "per-log", "goroutines", "acknowledgements", "grace"} {
		if flag := flags.Lookup(name); strings.TrimSuffix(flag.Value.String(), "s") == "0" {
			return fmt.Errorf("--%s %v: must not be zero; leave it out for the default, %s", name, flag.Value, flag.DefValue)
		}
	}
	if err := checkNumbers(flags,
		bound{"kills", 1, unbounded},
		bound{"limited", 0, unbounded},
		bound{"full", 0, unbounded},
		bound{"per-log", 1, 1 << 10},
		bound{"goroutines", 1, 1 << 10},
		bound{"acknowledgements", 1, 1<<16 - 1},
		bound{"value-bytes", 0, 1 << 16},
		bound{"grace", shortest, unbounded},
		bound{"min-under-load", 0, 1},
	); err != nil {
		return err
	}
	if len(c.Dirs) == 0 {
		c.Dirs = []string{os.TempDir()}
		if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
			c.Dirs = append(c.Dirs, "/dev/shm")
		}
	}
	for _, number := range []*int{&c.Limited, &c.Full, &c.MaxValueBytes} {
		if *number == 0 {
			*number = -1
		}
	}
	if c.MinKills == 0 {
		c.MinKills = -1
	}
	if !flags.Changed("seed") {
		c.Seed = rand.Uint64()
	}
	return nil
}

func (f *killFlags) makeOut() error {
	if f.out == "" {
		return nil
	}
	if err := output.MakeFolder(f.out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	f.config.Keep = f.out
	return keepEarlier(f.out, []string{"disk"}, []string{"report.txt", "summary.json"})
}

func killError(err error) error {
	if errors.Is(err, kill.ErrConfig) {
		return usageError{err}
	}
	return err
}

// findLiar requires that the canary is caught: children that acknowledge before they write.
func (f *killFlags) findLiar(ctx context.Context) (string, error) {
	c := f.config
	c.Lie, c.Keep, c.Dirs, c.Limited, c.Full, c.Kills, c.MinKills = true, "", c.Dirs[:1], -1, -1, 50, -1
	s, err := kill.Run(ctx, c)
	switch {
	case s == nil || ctx.Err() != nil || err != nil && !errors.Is(err, kill.ErrTooLittle):
		return "", killError(err)
	case s.Violation == nil:
		return "", fmt.Errorf("the canary was not caught: children that acknowledge before they write lost nothing in %d kills, so it would mean nothing if this run found nothing; use more --goroutines", s.Kills)
	case s.Violation.Promise != check.Durability.Name:
		return "", &hiddenCanary{s.Violation.Promise, s.Violation.Detail}
	}
	found := fmt.Sprintf("caught: acknowledged before it was written: %s after %d kills and %.1f s", s.Violation.Promise, s.Kills, s.Elapsed.Seconds())
	fmt.Fprintln(os.Stderr, "canary "+found)
	return found, nil
}

// tell prints and writes the summary.
func (f *killFlags) tell(s *kill.Summary, failed error) error {
	var closing strings.Builder
	_ = s.WriteText(&closing) // a Builder takes everything
	err := printSummary(f.jsonFile, s, func(*os.File) string { return closing.String() })
	if f.out != "" {
		err = errors.Join(err, output.Write(filepath.Join(f.out, "report.txt"), []byte(closing.String())), writeJSON(filepath.Join(f.out, "summary.json"), s))
	}
	if s.Violation != nil {
		return violated(err)
	}
	return errors.Join(killError(failed), err)
}
