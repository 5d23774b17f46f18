package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/room"
	"github.com/racewindow/racewindow/harness/sched"
)

// killOfChecks are the flags of kill for the Checks of packages.
type killOfChecks struct {
	checkFlags
	duration time.Duration
	workers  int
	delay    float64
}

func (k *killOfChecks) define(flags *pflag.FlagSet) {
	k.checkFlags.define(flags, false, ", which sees little here: the messages of the processes order their clients", 3)
	flags.DurationVar(&k.duration, "duration", 0, "with packages: how long to go on; fail if --kills is given and this ends the run first (default no limit)")
	flags.IntVar(&k.workers, "workers", 0, "with packages: processes side by side, `N` (default one per processor)")
	flags.Float64Var(&k.delay, "delay", delayOfChecks, "with packages: probability of a delay at a failpoint, 0 to 1")
}

var killScope = scope{
	packages: []string{"run", "race", "set", "duration", "workers", "programs", "max-threads", "max-operations", "delay"},
	both:     []string{"dir", "kills", "limited", "full", "per-log", "goroutines", "acknowledgements", "grace", "min-under-load", "seed", "canary", "out", "json"},
}

// checks kills processes that work on the objects of packages' Checks.
func (f *killFlags) checks(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if err := killScope.refuseOfLog(flags); err != nil {
		return err
	}
	if err := f.settleChecks(flags); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	dirs, remove, err := foldersIn(f.config.Dirs)
	if err != nil {
		return usageError{err}
	}
	defer remove()
	c, own := f.config, f.ofChecks
	order := own.order(drive.Kill, flags, packages)
	order.Dirs, order.Kills, order.Duration, order.Workers, order.Delay = dirs, c.Kills, own.duration, own.workers, own.delay
	order.Goroutines, order.Acknowledgements, order.MinUnderLoad = c.Goroutines, c.Messages, max(c.MinKills, 0)
	order.Seed, order.Grace, order.NoCanary = c.Seed, c.Grace, !f.canary
	if flags.Changed("per-log") {
		order.PerLog = c.PerLog
	}
	if flags.Changed("limited") {
		order.Limited = max(c.Limited, 0)
	}
	if flags.Changed("full") {
		order.Full = max(c.Full, 0)
	}
	if own.duration > 0 && !flags.Changed("kills") {
		order.Kills = 0
	}
	return own.freely(ctx, "kill", order, packages, out, f.out, f.jsonFile)
}

// settleChecks checks the flags of a run on packages.
func (f *killFlags) settleChecks(flags *pflag.FlagSet) error {
	if err := f.settle(flags); err != nil {
		return err
	}
	if err := f.ofChecks.check(flags); err != nil {
		return err
	}
	return checkNumbers(flags, bound{"duration", shortest, unbounded}, bound{"workers", 1, sched.MaxWorkers}, bound{"delay", 0, 1})
}

// foldersIn creates a folder below each place. remove removes them with their contents, because a Check that is interrupted
// leaves its files there.
func foldersIn(places []string) (folders []string, remove func(), err error) {
	remove = func() {
		for _, folder := range folders {
			_ = room.RemoveAll(folder) // the system clears what is left among its temporary files
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
