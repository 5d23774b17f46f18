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
		"seed", "canary", "json",
	}
)

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
)

// checks stresses the Checks of packages.
func (f *stressFlags) checks(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	var wrong error
	flags.Visit(func(flag *pflag.Flag) {
		if wrong == nil && !slices.Contains(flagsOfPackages, flag.Name) && !slices.Contains(flagsOfBoth, flag.Name) && flag.Name != "help" {
			wrong = usageError{fmt.Errorf("--%s is of the log that the command brings: leave it out, or leave the packages out", flag.Name)}
		}
	})
	if wrong != nil {
		return wrong
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
	return c.Delays.Check()
}

// againFlags are the flags that were given, but for those that say where results go, and the seed and the tests, which follow.
func againFlags(flags *pflag.FlagSet) (words string) {
	flags.Visit(func(flag *pflag.Flag) {
		switch value := strings.Trim(flag.Value.String(), "[]"); flag.Name {
		case "run", "seed", "json", "help":
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
