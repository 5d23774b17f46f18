package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/drive"
)

var (
	stressScope = scope{
		packages: []string{"race", "set", "programs", "max-threads", "max-operations"},
		both: append([]string{
			"run", "goroutines", "duration", "operations", "grace", "delay", "delay-spin", "delay-sleep", "delay-mix", "delay-points",
			"seed", "canary", "out", "json", "crash",
		}, crashOfChecks...),
	}
	crashOfChecks = []string{"cycles", "model", "faults", "per-log", "interrupted"}
)

// Defaults for Checks: their programs are small, and their operations short.
const (
	goroutinesOfChecks = 2000
	delayOfChecks      = 0.1
	delayOfCrashes     = 0.3 // the disk in memory is fast: with fewer delays hardly any operation is running when power is lost
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
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	c, d := f.config, f.config.Delays
	order := f.ofChecks.order(drive.Stress, flags, packages)
	order.Goroutines, order.Duration, order.OperationsInAll = c.Goroutines, c.Duration, c.Operations
	order.Seed, order.Grace, order.NoCanary = c.Seed, c.Grace, !f.canary
	order.Delay, order.DelaySpin, order.DelaySleep, order.DelayMix, order.DelayPoints = d.Probability, d.MaxSpin, d.MaxSleep, f.delayMix, d.Points
	if f.crash.on {
		f.crash.order(flags, &order)
	}
	return f.ofChecks.freely(ctx, "stress", order, packages, out, f.out, f.jsonFile)
}

// refuseOfLog refuses flags that are for the log alone, and flags that do not work together.
func (f *stressFlags) refuseOfLog(flags *pflag.FlagSet) error {
	wrong := stressScope.refuseOfLog(flags)
	flags.Visit(func(flag *pflag.Flag) {
		switch {
		case wrong != nil:
		case !f.crash.on && slices.Contains(crashOfChecks, flag.Name):
			wrong = fmt.Errorf("--%s says how to crash: add --crash", flag.Name)
		case f.crash.on && flag.Name == "operations":
			wrong = errors.New("--operations does not work with --crash: --cycles says how often power is lost")
		}
	})
	return wrong
}

// order adds to an order that power is lost while the clients of Checks run.
func (k *crashFlags) order(flags *pflag.FlagSet, o *drive.Order) {
	c := &k.config
	o.Mode, o.Crash, o.Cycles, o.Interrupted, o.FaultShare = drive.Crash, k.model, c.Cycles, c.Interrupted, c.Faults
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
		o.Threads = 3 // judging a crash tries all orders of the operations that may have survived, so few clients
	}
}

// settleChecks sets the defaults for Checks, and checks the flags.
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
	case own.threads < 2:
		return fmt.Errorf("--max-threads %d: at least 2 must meet", own.threads)
	}
	if err := own.check(flags); err != nil {
		return err
	}
	if f.crash.on {
		if err := f.crash.checkOfChecks(flags); err != nil {
			return err
		}
	}
	return c.Delays.Check()
}

// checkOfChecks checks the values of the flags for --crash.
func (k *crashFlags) checkOfChecks(flags *pflag.FlagSet) error {
	if err := checkTexts(flags, "model"); err != nil {
		return err
	}
	if _, err := disks.ModelByName(k.model); err != nil {
		return fmt.Errorf("--model %s: %w", k.model, err)
	}
	return checkNumbers(flags, bound{"cycles", 1, unbounded}, bound{"per-log", 1, unbounded}, bound{"interrupted", 0, 1}, bound{"faults", 0, 1})
}
