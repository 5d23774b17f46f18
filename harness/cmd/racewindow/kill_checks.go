package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// killOfChecks are the flags of kill that are about the Checks of packages.
type killOfChecks struct {
	pattern    string
	race       bool
	set        map[string]string
	duration   time.Duration
	workers    int
	programs   int
	threads    int
	operations int
	delay      float64
}

func (k *killOfChecks) define(flags *pflag.FlagSet) {
	flags.StringVar(&k.pattern, "run", "", "of packages: only the tests that match `REGEXP`")
	flags.BoolVar(&k.race, "race", false, "of packages: under the race detector, which sees little here: what processes tell orders their clients")
	flags.StringToStringVar(&k.set, "set", nil, "of packages: settings of the subject, `NAME=VALUE,...`")
	flags.DurationVar(&k.duration, "duration", 0, "of packages: how long to go on; fail if --kills is given and this comes first (default no limit)")
	flags.IntVar(&k.workers, "workers", 0, "of packages: processes side by side, `N` (default one per processor)")
	flags.IntVar(&k.programs, "programs", 200, "of packages: programs to draw, each executed again and again, `N`")
	flags.IntVar(&k.threads, "max-threads", 3, "of packages: most clients of a program, `N`")
	flags.IntVar(&k.operations, "max-operations", 3, "of packages: most operations of a client, `N`")
	flags.Float64Var(&k.delay, "delay", delayOfChecks, "of packages: probability of a delay at a failpoint, 0 to 1")
}

var (
	killOfPackages = []string{"run", "race", "set", "duration", "workers", "programs", "max-threads", "max-operations", "delay"}
	killOfBoth     = []string{"dir", "kills", "per-log", "goroutines", "acknowledgements", "grace", "min-under-load", "seed", "canary", "json", "help"}
)

// hasChecksHere reports whether the current package has Checks, and nothing was said that only the log understands.
func (f *killFlags) hasChecksHere(ctx context.Context, flags *pflag.FlagSet) bool {
	onlyLog := false
	flags.Visit(func(flag *pflag.Flag) {
		onlyLog = onlyLog || !slices.Contains(killOfPackages, flag.Name) && !slices.Contains(killOfBoth, flag.Name)
	})
	return !onlyLog && checksHere(ctx)
}

// onlyOfLog refuses flags that have no meaning for the log.
func (f *killFlags) onlyOfLog(flags *pflag.FlagSet) error {
	for _, name := range killOfPackages {
		if flags.Changed(name) {
			return fmt.Errorf("--%s is about the Checks of packages: name packages, such as ./..., or leave it out", name)
		}
	}
	return onlyTheLog(f.subject)
}

// checks has processes killed that work on the objects of packages' Checks.
func (f *killFlags) checks(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if err := f.settleChecks(flags); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, nil); err != nil {
		return err
	}
	if len(packages) == 0 {
		packages = []string{"."}
	}
	dirs, remove, err := foldersIn(f.config.Dirs)
	if err != nil {
		return usageError{err}
	}
	defer remove()
	c, own := f.config, f.ofChecks
	order := drive.Order{
		Mode: drive.Kill, Dirs: dirs, Kills: c.Kills, Duration: own.duration, Goroutines: c.Goroutines, Workers: own.workers,
		Acknowledgements: c.Messages, MinUnderLoad: max(c.MinKills, 0), Programs: own.programs, Threads: own.threads, Operations: own.operations,
		Set: own.set, Seed: c.Seed, Grace: c.Grace, NoCanary: !f.canary, Delay: own.delay,
		Again: againFlags(flags) + " " + strings.Join(packages, " "),
	}
	if flags.Changed("per-log") {
		order.PerLog = c.PerLog
	}
	if own.duration > 0 && !flags.Changed("kills") {
		order.Kills = 0
	}
	r := &checkRun{verb: "kill", pattern: own.pattern, packages: packages, race: own.race, order: order, out: out, screen: os.Stdout}
	if f.jsonFile == "-" {
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err = r.run(ctx)
	if f.jsonFile != "" && r.began > 0 {
		err = errors.Join(err, writeJSON(f.jsonFile, r.kept))
	}
	return err
}

// settleChecks refuses flags of the log, and what cannot be.
func (f *killFlags) settleChecks(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(flag *pflag.Flag) {
		if err == nil && !slices.Contains(killOfPackages, flag.Name) && !slices.Contains(killOfBoth, flag.Name) {
			err = fmt.Errorf("--%s is of the log that the command brings: leave it out, or leave the packages out", flag.Name)
		}
	})
	if err != nil {
		return err
	}
	if err := f.settle(flags); err != nil {
		return err
	}
	return checkNumbers(flags,
		bound{"duration", shortest, unbounded},
		bound{"workers", 1, sched.MaxWorkers},
		bound{"programs", 1, unbounded},
		bound{"max-threads", 1, 64},
		bound{"max-operations", 1, 64},
		bound{"delay", 0, 1},
	)
}

// foldersIn makes a folder below each of these, which remove takes away with all that is in them: a Check that is interrupted does
// not come to it.
func foldersIn(places []string) (folders []string, remove func(), err error) {
	remove = func() {
		for _, folder := range folders {
			_ = os.RemoveAll(folder) // what stays is in a folder of temporary files, which the system clears
		}
	}
	for _, place := range places {
		folder, err := os.MkdirTemp(place, "racewindow-kill-")
		if err != nil {
			remove()
			return nil, nil, fmt.Errorf("--dir: %w", err)
		}
		folders = append(folders, folder)
	}
	return folders, remove, nil
}
