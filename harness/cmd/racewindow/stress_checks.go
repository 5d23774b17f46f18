package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/drive"
)

// stressOfChecks are the flags of stress that are about the Checks of packages.
type stressOfChecks struct {
	pattern    string
	race       bool
	set        map[string]string
	programs   int
	threads    int
	operations int
}

func (s *stressOfChecks) define(flags *pflag.FlagSet) {
	flags.StringVar(&s.pattern, "run", "", "of packages: only the tests that match `REGEXP`")
	flags.BoolVar(&s.race, "race", true, "of packages: under the race detector")
	flags.StringToStringVar(&s.set, "set", nil, "of packages: settings of the subject, `NAME=VALUE,...`")
	flags.IntVar(&s.programs, "programs", 200, "of packages: programs to draw, each executed again and again, `N`")
	flags.IntVar(&s.threads, "max-threads", 4, "of packages: most clients of a program, `N`")
	flags.IntVar(&s.operations, "max-operations", 3, "of packages: most operations of a client, `N`")
}

var (
	flagsOfPackages = []string{"race", "set", "programs", "max-threads", "max-operations"}
	flagsOfBoth     = []string{
		"run", "goroutines", "duration", "operations", "grace", "delay", "delay-spin", "delay-sleep", "delay-mix", "delay-points",
		"seed", "canary", "json", "crash",
	}
	crashOfChecks = []string{"cycles", "model", "per-log", "interrupted"}
)

// ofChecksToo says whether a flag is understood with packages.
func ofChecksToo(name string) bool {
	return slices.Contains(flagsOfPackages, name) || slices.Contains(flagsOfBoth, name) || slices.Contains(crashOfChecks, name) || name == "help"
}

// hasChecksHere reports whether the current package has Checks, and nothing was said that only the log understands.
func (f *stressFlags) hasChecksHere(ctx context.Context, flags *pflag.FlagSet) bool {
	onlyLog := false
	flags.Visit(func(flag *pflag.Flag) { onlyLog = onlyLog || !ofChecksToo(flag.Name) })
	return !onlyLog && checksHere(ctx)
}

// onlyTheLog refuses another subject of the command's than the log.
func onlyTheLog(subject string) error {
	if subject == "log" {
		return nil
	}
	return fmt.Errorf("--subject %q: only the log can be run so; or name packages, whose tests call harness.Check", subject)
}

// onlyWithPackages refuses what has no meaning for the log.
func onlyWithPackages(flags *pflag.FlagSet) error {
	for _, name := range flagsOfPackages {
		if flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is about the Checks of packages: name packages, such as ./..., or leave it out", name)}
		}
	}
	return nil
}

// What Checks get where nothing else is said: their programs are small, and their operations short.
const (
	goroutinesOfChecks = 2000
	delayOfChecks      = 0.1
	delayOfCrashes     = 0.3 // the disk in memory is fast: without it hardly anything is under way when power is lost
)

// checks stresses the Checks of packages.
func (f *stressFlags) checks(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if err := f.refuseOfLog(flags); err != nil {
		return usageError{err}
	}
	if err := f.settle(flags); err != nil {
		return usageError{err}
	}
	if err := f.settleChecks(flags); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, nil); err != nil {
		return err
	}
	if len(packages) == 0 {
		packages = []string{"."}
	}
	c, d, own := f.config, f.config.Delays, f.ofChecks
	order := drive.Order{
		Mode: drive.Stress, Goroutines: c.Goroutines, Duration: c.Duration, OperationsInAll: c.Operations, Programs: own.programs,
		Threads: own.threads, Operations: own.operations, Set: own.set, Seed: c.Seed, Grace: c.Grace, NoCanary: !f.canary,
		Delay: d.Probability, DelaySpin: d.MaxSpin, DelaySleep: d.MaxSleep, DelayMix: f.delayMix, DelayPoints: d.Points,
		Again: againFlags(flags) + " " + strings.Join(packages, " "),
	}
	if f.crash.on {
		f.crash.order(flags, &order)
	}
	r := &checkRun{verb: "stress", pattern: own.pattern, packages: packages, race: own.race, order: order, out: out, screen: os.Stdout}
	if f.jsonFile == "-" {
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err := r.run(ctx)
	if f.jsonFile != "" && r.began > 0 {
		err = errors.Join(err, writeJSON(f.jsonFile, r.kept))
	}
	return err
}

// refuseOfLog refuses flags that say nothing of Checks, and those that do not go together.
func (f *stressFlags) refuseOfLog(flags *pflag.FlagSet) (wrong error) {
	flags.Visit(func(flag *pflag.Flag) {
		switch {
		case wrong != nil:
		case !ofChecksToo(flag.Name):
			wrong = fmt.Errorf("--%s is of the log that the command brings: leave it out, or leave the packages out", flag.Name)
		case !f.crash.on && slices.Contains(crashOfChecks, flag.Name):
			wrong = fmt.Errorf("--%s says how to crash: add --crash", flag.Name)
		case f.crash.on && flag.Name == "operations":
			wrong = errors.New("--operations does not go with --crash: --cycles says how often power is lost")
		}
	})
	return wrong
}

// order has power be lost while the clients of Checks run.
func (k *crashFlags) order(flags *pflag.FlagSet, o *drive.Order) {
	c := &k.config
	o.Mode, o.Crash, o.Cycles, o.Interrupted = drive.Crash, k.model, c.Cycles, c.Interrupted
	if flags.Changed("per-log") {
		o.PerLog = c.PerLog
	}
	if c.Cycles > 0 && !flags.Changed("duration") {
		o.Duration = 0
	}
	if !flags.Changed("delay") {
		o.Delay = delayOfCrashes
	}
	if !flags.Changed("max-threads") {
		o.Threads = 3 // what survives a crash is searched for among all orders of what may have
	}
}

// settleChecks gives what was not said, and refuses what cannot be.
func (f *stressFlags) settleChecks(flags *pflag.FlagSet) error {
	c, own := &f.config, &f.ofChecks
	if !flags.Changed("goroutines") {
		c.Goroutines = goroutinesOfChecks
	}
	if !flags.Changed("delay") {
		c.Delays.Probability = delayOfChecks
	}
	switch {
	case c.Goroutines < 2:
		return fmt.Errorf("--goroutines %d: at least 2 must meet", c.Goroutines)
	case c.Duration < 0 || c.Grace < 0:
		return fmt.Errorf("--duration %v, --grace %v: must not be negative", c.Duration, c.Grace)
	case own.programs < 1:
		return fmt.Errorf("--programs %d: at least 1", own.programs)
	case own.threads < 2:
		return fmt.Errorf("--max-threads %d: at least 2 must meet", own.threads)
	case own.operations < 1:
		return fmt.Errorf("--max-operations %d: at least 1", own.operations)
	}
	if f.crash.on {
		if err := f.crash.checkOfChecks(flags); err != nil {
			return err
		}
	}
	return c.Delays.Check()
}

// checkOfChecks refuses numbers that no run can have.
func (k *crashFlags) checkOfChecks(flags *pflag.FlagSet) error {
	if err := checkTexts(flags, "model"); err != nil {
		return err
	}
	if _, err := disks.ModelByName(k.model); err != nil {
		return fmt.Errorf("--model %s: %w", k.model, err)
	}
	return checkNumbers(flags, bound{"cycles", 1, unbounded}, bound{"per-log", 1, unbounded}, bound{"interrupted", 0, 1})
}

// againFlags are the flags that were given, but for those that say where results go, and the seed and the tests, which follow.
func againFlags(flags *pflag.FlagSet) (words string) {
	flags.Visit(func(flag *pflag.Flag) {
		switch value := strings.Trim(flag.Value.String(), "[]"); flag.Name {
		case "run", "seed", "json", "help":
		case "crash":
			words += " --crash"
		case "race", "canary":
			words += fmt.Sprintf(" --%s=%s", flag.Name, value)
		default:
			words += fmt.Sprintf(" --%s %s", flag.Name, quotedWord(value))
		}
	})
	return words
}

// quotedWord is a word for a shell.
func quotedWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,=/_-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
