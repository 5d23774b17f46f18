package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/drive"
)

// What a drawn program of a Check gets: its first schedules show most of what it can show.
const perProgramOfChecks = 200

// hasChecksHere reports whether the current package has Checks, and nothing was said that only the log understands.
func (f *exploreFlags) hasChecksHere(ctx context.Context, flags *pflag.FlagSet) bool {
	if flags.Changed("handover") || flags.Changed("subject") {
		return false
	}
	return checksHere(ctx)
}

// checks explores the Checks of packages.
func (f *exploreFlags) checks(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if flags.Changed("handover") {
		return usageError{errors.New("--handover is of the log that the command brings: leave it out, or leave the packages out")}
	}
	if flags.Changed("subject") {
		return usageError{errors.New("--subject says which subject of the command's: leave it out, or leave the packages out")}
	}
	if err := f.checkFlags(flags); err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	if len(packages) == 0 {
		packages = []string{"."}
	}
	s := f.config.Search
	order := drive.Order{
		Mode: drive.Explore, Program: f.program, Set: f.set, Strategy: s.Strategy, Preemptions: s.Preemptions, Exhaustive: f.exhaustive,
		Budget: s.Budget, Schedules: s.Schedules, PerProgram: f.config.PerProgram, Seed: s.Seed, Workers: s.Workers, All: s.All,
		NoCanary: !f.config.Canary, StepLimit: s.StepLimit, Threads: f.config.Draw.Threads, Operations: f.config.Draw.Operations, Faults: f.config.DrawFaults,
	}
	if f.crash {
		order.Crash = f.model
	}
	if !flags.Changed("seed") {
		order.Seed = rand.Uint64()
	}
	if !flags.Changed("per-program") {
		order.PerProgram = perProgramOfChecks
	}
	switch {
	case f.exhaustive && f.program == "":
		return usageError{errors.New("--exhaustive: say of which program, with --program 'c0: OPERATION, OPERATION; c1: OPERATION'")}
	case f.exhaustive && order.Strategy == "":
		order.Strategy = "bounded"
	case order.Budget == 0 && order.Schedules == 0 && !f.exhaustive:
		order.Budget = 10 * time.Second
	}
	r := &checkRun{verb: "explore", pattern: f.pattern, packages: packages, race: f.race, one: f.program != "", order: order, folder: f.out, out: out, screen: os.Stdout}
	if f.jsonFile == "-" {
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err := r.run(ctx)
	if f.jsonFile != "" && r.began > 0 {
		err = errors.Join(err, writeJSON(f.jsonFile, r.kept))
	}
	return err
}
