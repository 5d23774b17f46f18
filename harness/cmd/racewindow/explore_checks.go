package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// perProgramOfChecks is the default of --per-program for Checks, and perCrashedOfChecks that with losses of power. The first schedules of
// a program show most of what it can show.
const (
	perProgramOfChecks = 200
	perCrashedOfChecks = 40
)

// withoutPackages are the flags that may be given when the plain tests of the current package are explored although it is
// not named.
var withoutPackages = []string{
	"race", "leaks", "unjudged", "timing", "processes", "shard", "budget", "budget-per-test", "timeout", "atomic", "test2json", "junit", "sarif", "known", "schedules", "seed", "all", "out", "json",
}

// hasTestsHere reports whether a call without packages means the current package: the package has Checks, or it has plain
// tests and this build cannot explore the log; and no flag was given that only the log understands.
func (f *exploreFlags) hasTestsHere(ctx context.Context, flags *pflag.FlagSet) bool {
	if flags.Changed("handover") || flags.Changed("subject") {
		return false
	}
	if checksHere(ctx) {
		return true
	}
	ofPlain := true
	flags.Visit(func(flag *pflag.Flag) { ofPlain = ofPlain && slices.Contains(withoutPackages, flag.Name) })
	if failpoints.Instrumented() || !ofPlain {
		return false
	}
	here, err := plain.List(ctx, "", environment.Full(), nil, []string{"."})
	return err == nil && slices.ContainsFunc(here, func(p plain.Package) bool { return len(p.Tests)+len(p.Fuzz) > 0 })
}

// tests explores the tests of packages: what they give to harness.Check, and then the plain ones.
func (f *exploreFlags) tests(ctx context.Context, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if flags.Changed("handover") {
		return usageError{errors.New("--handover is for the log that the command brings: leave it out, or leave the packages out")}
	}
	if flags.Changed("subject") {
		return usageError{errors.New("--subject chooses a subject that the command brings: leave it out, or leave the packages out")}
	}
	if err := f.checkFlags(flags); err != nil {
		return usageError{err}
	}
	if _, err := runtime.TestArguments("", f.build); err != nil {
		return usageError{err}
	}
	if err := f.begin(flags); err != nil {
		return err
	}
	if f.teller.test2json {
		out = os.Stderr
	}
	if len(packages) == 0 {
		packages = []string{"."}
	}
	listed, err := plain.List(ctx, "", environment.Full(), listFlags(f.build, f.race), packages)
	var unlisted *plain.ListError
	if errors.As(err, &unlisted) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	with, err := selected(listed, f.pattern)
	if err != nil {
		return err
	}
	order, err := f.order(flags)
	if err != nil {
		return usageError{err}
	}
	withChecks := slices.ContainsFunc(listed, func(p plain.Package) bool { return len(p.Checks) > 0 })
	hasPlain := slices.ContainsFunc(listed, func(p plain.Package) bool { return len(p.Tests) > 0 })
	if len(with) == 0 && !withChecks && hasPlain {
		return usageError{fmt.Errorf("--run %q matches no test of %s", f.pattern, strings.Join(packages, " "))}
	}
	if !withChecks && !hasPlain {
		return usageError{nothingToExplore(packages, listed)}
	}
	if with, err = f.sharded(with); err != nil {
		return err
	}
	if err := f.atomicIsLinked(ctx, packages); err != nil {
		return err
	}
	if with = f.losers(flags, with); f.crash && len(with) == 0 && !withChecks {
		return usageError{fmt.Errorf("no test of %s calls harness.Check or harness.LosePower, which say what a loss of power must leave; LosePower takes --model ordered alone", strings.Join(packages, " "))}
	}
	if len(with) == 0 || withChecks && f.checksMeant(listed, with) { // if there are neither, checks says so
		err = f.checks(ctx, order, flags, out, packages)
	}
	var wrong usageError
	if len(with) == 0 || errors.As(err, &wrong) || ctx.Err() != nil {
		return besides(err, f.teller.write(out))
	}
	return besides(both(err, f.plain(ctx, order, flags, out, with)), f.teller.write(out))
}

// losers returns the plain tests that may lose power, if the flags ask for that.
func (f *exploreFlags) losers(flags *pflag.FlagSet, with []plain.Package) (losing []plain.Package) {
	if !f.crash {
		return with
	}
	if flags.Changed("model") && f.model != "ordered" {
		return nil // LosePower has one model
	}
	for _, p := range with {
		var tests []string
		for _, test := range p.Tests {
			if slices.Contains(p.Losers, test) {
				tests = append(tests, test)
			} else {
				p.Left = append(p.Left, test)
			}
		}
		if p.Tests = tests; len(tests) > 0 {
			losing = append(losing, p)
		}
	}
	return losing
}

// checksMeant says whether --run may choose a Check: it matches one, or a plain test that may call one somewhere else.
func (f *exploreFlags) checksMeant(listed, with []plain.Package) bool {
	for _, p := range listed {
		of := p
		of.Tests = p.Checks
		if checks, err := of.Matching(f.pattern); err != nil || len(checks) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(with, func(p plain.Package) bool {
		return slices.ContainsFunc(p.Tests, func(test string) bool { return !slices.Contains(p.Strangers, test) })
	})
}

// atomicIsLinked refuses an --atomic that matches no package of the tests: otherwise it would silently do nothing.
func (f *exploreFlags) atomicIsLinked(ctx context.Context, packages []string) error {
	if len(f.atomic) == 0 {
		return nil
	}
	linked, err := plain.Linked(ctx, "", environment.Full(), listFlags(f.build, f.race), packages)
	if err != nil {
		return err
	}
	for _, pattern := range f.atomic {
		above, beneath := strings.CutSuffix(pattern, "/...")
		is := func(path string) bool { return path == above || beneath && strings.HasPrefix(path, above+"/") }
		if !slices.ContainsFunc(linked, is) {
			return usageError{fmt.Errorf("--atomic %.200q: no package of the tests matches%s; give an import path, or PATH/... for all packages below it",
				pattern, spelling.Meant(above, linked))}
		}
	}
	return nil
}

// nothingToExplore is the error for packages without tests. It names their fuzz targets, if there are any.
func nothingToExplore(asked []string, listed []plain.Package) error {
	var targets []string
	for _, p := range listed {
		targets = append(targets, p.Fuzz...)
	}
	what := "no test: examples and benchmarks are not explored; name other packages, or -tags if a build tag hides their tests"
	if len(targets) > 0 {
		what = "no test but fuzz targets, which are not explored: " + strings.Join(targets, ", ") + "; call one from a test with one input, and explore that"
	}
	return fmt.Errorf("%s has %s", strings.Join(asked, " "), what)
}

// besides is the error of a run that ended with err, and some of whose results could not be written.
func besides(err, unwritten error) error {
	if unwritten == nil {
		return err
	}
	return both(err, unwritten)
}

// begin finds out before the run whether its results can be written.
func (f *exploreFlags) begin(flags *pflag.FlagSet) error {
	if f.teller.test2json && f.jsonFile == "-" {
		return usageError{errors.New("--test2json and --json - both write to standard output: give --json a file, or leave one of the two out")}
	}
	if err := checkPlaces(flags, []string{"json", "junit", "sarif"}, []string{"out"}); err != nil {
		return err
	}
	return f.teller.begin()
}

// mostProcesses bounds -p.
const mostProcesses = 1024

// sharded leaves the tests of the shard that --shard names: every N-th of all, in their order.
func (f *exploreFlags) sharded(packages []plain.Package) ([]plain.Package, error) {
	if f.shard == "" {
		return packages, nil
	}
	i, n, ok := strings.Cut(f.shard, "/")
	part, err := strconv.Atoi(i)
	parts, other := strconv.Atoi(n)
	all := testsOf(packages)
	switch {
	case !ok || err != nil || other != nil || part < 1 || part > parts:
		return nil, usageError{fmt.Errorf("--shard %.40q: write I/N with I from 1 to N, such as 2/4", f.shard)}
	case parts > all:
		return nil, usageError{fmt.Errorf("--shard %s: there are only %d plain tests, so a shard would have none: use at most %d shards", f.shard, all, all)}
	}
	var own []plain.Package
	at := 0
	for _, p := range packages {
		var tests []string
		for _, test := range p.Tests {
			if at%parts == part-1 {
				tests = append(tests, test)
			} else {
				p.Left = append(p.Left, test)
			}
			at++
		}
		if p.Tests = tests; len(tests) > 0 {
			own = append(own, p)
		}
	}
	return own, nil
}

// both is the error of a run whose two parts ended with these. A finding comes before everything else.
func both(first, second error) error {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	case errors.Is(first, errViolated) || errors.Is(second, errViolated):
		if errors.Is(first, errViolated) && errors.Is(second, errViolated) {
			return errViolated
		}
		if errors.Is(first, errViolated) {
			return violated(second)
		}
		return violated(first)
	}
	return errors.Join(first, second)
}

// listFlags are the flags of the go command that decide which files a package has.
func listFlags(build []string, race bool) (flags []string) {
	if race {
		flags = append(flags, "-race") // a build constraint may ask for it
	}
	for _, given := range build {
		name, _, _ := strings.Cut(strings.TrimLeft(given, "-"), "=")
		if name == "tags" || name == "mod" || name == "modfile" {
			flags = append(flags, given)
		}
	}
	return flags
}

// order makes the order for the test binaries from the flags.
func (f *exploreFlags) order(flags *pflag.FlagSet) (drive.Order, error) {
	if err := cmp.Or(sched.Options{Strategy: f.config.Search.Strategy}.Check(), f.enumerates()); err != nil {
		return drive.Order{}, err
	}
	s := f.config.Search
	order := drive.Order{
		Mode: drive.Explore, Program: f.program, Set: f.set, Strategy: s.Strategy, Preemptions: s.Preemptions, Exhaustive: f.exhaustive, EveryOrder: f.everyOrder,
		Budget: s.Budget, Schedules: s.Schedules, PerProgram: f.config.PerProgram, Seed: s.Seed, Workers: s.Workers, All: s.All,
		NoCanary: !f.config.Canary, StepLimit: s.StepLimit, Threads: f.config.Draw.Threads, Operations: f.config.Draw.Operations, Faults: f.config.DrawFaults,
		LeaksAlways: f.leaks == "always", LeaksOK: f.leaks == "ok",
	}
	if f.crash {
		order.Crash = f.model
	}
	if !flags.Changed("seed") {
		order.Seed = rand.Uint64()
	}
	if !flags.Changed("per-program") {
		order.PerProgram = perProgramOfChecks
		if f.crash {
			order.PerProgram = perCrashedOfChecks
		}
	}
	if order.Budget == 0 && order.Schedules == 0 && !f.exhaustive {
		order.Budget = 10 * time.Second
	}
	return order, oneOf(map[string][]string{"leaks": {f.leaks, "new", "always", "ok"}, "unjudged": {f.unjudged, "fail", "ok"}, "timing": {f.timing, "fail", "ok"}})
}

// enumerates settles the strategy of an exhaustive search.
func (f *exploreFlags) enumerates() error {
	switch s := &f.config.Search; {
	case !f.exhaustive:
	case s.Strategy == "":
		s.Strategy = "bounded"
	case s.Strategy != "bounded" && s.Strategy != "delay-bounded":
		return fmt.Errorf("--exhaustive --strategy %s: this strategy draws at random; leave it out", s.Strategy)
	}
	return nil
}

// oneOf refuses a flag with an unknown value. Each list has the value first, then the known ones.
func oneOf(flags map[string][]string) error {
	for name, values := range flags {
		if !slices.Contains(values[1:], values[0]) {
			return fmt.Errorf("--%s %.40q%s: choose one of %s", name, values[0], spelling.Meant(values[0], values[1:]), strings.Join(values[1:], ", "))
		}
	}
	return nil
}

// checks explores the Checks of packages.
func (f *exploreFlags) checks(ctx context.Context, order drive.Order, flags *pflag.FlagSet, out io.Writer, packages []string) error {
	if f.exhaustive && f.program == "" {
		return usageError{errors.New("--exhaustive: say of which program, with --program 'c0: OPERATION, OPERATION; c1: OPERATION'; for plain tests alone it needs none")}
	}
	r := &checkRun{verb: "explore", pattern: f.pattern, packages: packages, race: f.race, build: f.build, one: f.program != "", order: order, folder: f.out, out: out, screen: os.Stdout}
	if f.jsonFile == "-" || f.teller.test2json {
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err := r.run(ctx)
	f.told = append(f.told, r.kept...)
	f.teller.checks(r.kept)
	if f.jsonFile != "" && r.began > 0 {
		err = errors.Join(err, writeJSON(f.jsonFile, f.told))
	}
	return err
}

// perTest bounds the schedules of a plain test where nothing else does, so that a run is the same on every machine.
const perTest = 5000

// perLosingTest is the same for tests that lose power: each of their schedules has many recoveries.
const perLosingTest = 500

// plain explores plain tests.
func (f *exploreFlags) plain(ctx context.Context, order drive.Order, flags *pflag.FlagSet, out io.Writer, packages []plain.Package) error {
	for _, name := range []string{"program", "set", "faults", "per-program", "max-threads", "max-operations"} {
		if flags.Changed(name) {
			return nil // this flag is for Checks alone, so only they are meant
		}
	}
	if !flags.Changed("budget") && !flags.Changed("budget-per-test") && !flags.Changed("schedules") && !f.exhaustive {
		order.Schedules = perTest
		if f.crash {
			order.Schedules = perLosingTest
		}
	}
	order.Budget, order.Atomic = f.perTest, f.atomic
	r := &plainRun{
		verb: "explore", pattern: f.pattern, packages: packages, flags: f.build, race: f.race, order: order, unjudged: f.unjudged == "ok", timing: f.timing == "ok", folder: f.out,
		processes: f.processes, whole: f.config.Search.Budget, timeout: f.timeout, tell: &f.teller, out: out, screen: os.Stdout,
	}
	switch {
	case f.teller.test2json:
		r.out, r.screen = &f.teller, nil
	case f.jsonFile == "-":
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err := r.run(ctx)
	f.told = append(f.told, r.kept...)
	if f.jsonFile != "" {
		err = errors.Join(err, writeJSON(f.jsonFile, f.told))
	}
	return err
}
