// Campaigns of the Checks of packages.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/soak"
)

// A checkKind is a kind of rounds of Checks: the mode of its orders, and how a round's count, time and seed become settings.
type checkKind struct {
	name   string
	mode   string // of the order
	settle func(o *drive.Order, spec soak.RoundSpec)
	unit   string // what a round's count counts
	race   bool   // under the race detector
	needs  string // the use that a Check must declare of its subject, "" for none
	// byRuntime says that racewindow's runtime takes the place of markers, in code that has none.
	byRuntime bool
}

// checkKinds are all of them. A new kind is one line.
var checkKinds = []checkKind{
	{name: "explore", mode: drive.Explore, settle: exploring, unit: soak.CountSchedules, byRuntime: true},
	{name: "crash", mode: drive.Explore, settle: crashing, unit: soak.CountSchedules, needs: drive.KeepsOnDisk, byRuntime: true},
	{name: "race", mode: drive.Stress, settle: freely, unit: soak.CountOperations, race: true},
	{name: "crashstress", mode: drive.Crash, settle: losingPower, unit: soak.CountCrashes, needs: drive.KeepsOnDisk, byRuntime: true},
	{name: "kill", mode: drive.Kill, settle: killing, unit: soak.CountKills, needs: drive.Keeps},
}

// countsOfChecks are counts that only rounds of Checks have.
var countsOfChecks = []string{"instances", "overlapping pairs", "histories", "crashes under load"}

// The programs of a round, and the schedules of each program in a round of crash.
const (
	perCrashOfRounds = 60
	programsOfRounds = 100
)

// exploring explores programs; one round in four has larger ones.
func exploring(o *drive.Order, spec soak.RoundSpec) {
	o.Schedules, o.Budget, o.PerProgram, o.Threads, o.Operations = int(spec.Count), spec.For, perProgramOfChecks, 3, 3
	if spec.Seed%4 == 0 {
		o.Threads, o.Operations = 4, 5
	}
}

// crashing loses power at every step; one round in two has faults as well.
func crashing(o *drive.Order, spec soak.RoundSpec) {
	exploring(o, spec)
	o.PerProgram, o.Threads, o.Operations = perCrashOfRounds, 3, 3
	o.Crash = models()[spec.Seed/2%uint64(len(models()))]
	if spec.Seed%2 == 0 {
		o.Faults = 2
	}
}

func freely(o *drive.Order, spec soak.RoundSpec) {
	o.OperationsInAll, o.Duration, o.Programs, o.Threads, o.Operations = spec.Count, spec.For, programsOfRounds, 4, 3
	o.Goroutines, o.Delay = []int{100, 400, goroutinesOfChecks / 2, goroutinesOfChecks}[spec.Seed%4], delayOfChecks
}

// nothingKept says why a kind with needs fits no Check.
var nothingKept = map[string]string{
	drive.KeepsOnDisk: "no Check has both durable operations (Op.Durable) and a subject that opens on Env.Disk or, in code without markers, in Env.Dir",
	drive.Keeps:       "no Check has both durable operations (Op.Durable) and a subject that opens on Env.Disk or in Env.Dir",
}

// losingPower loses power under load, and during recoveries too.
func losingPower(o *drive.Order, spec soak.RoundSpec) {
	freely(o, spec)
	o.OperationsInAll, o.Cycles, o.Threads, o.Delay = 0, spec.Count, 3, delayOfCrashes
	o.Crash = models()[spec.Seed/2%uint64(len(models()))]
	o.Goroutines, o.Interrupted = []int{16, 64, 200}[spec.Seed%3], []float64{0.1, 0.25, 0.6}[spec.Seed/3%3]
	o.FaultShare = []float64{0, 0.5}[spec.Seed/9%2]
}

// killing kills processes that work in the round's folder, which is on the campaign's disk.
func killing(o *drive.Order, spec soak.RoundSpec) {
	o.Kills, o.Duration, o.Programs, o.Threads, o.Operations = int(spec.Count), spec.For, programsOfRounds, 3, 3
	o.MinUnderLoad = 0.25
	o.Goroutines, o.Acknowledgements = []int{2, 8, 32}[spec.Seed%3], []int{30, 300, 1000}[spec.Seed/3%3]
}

// kind makes the kind of rounds for the tests that it fits.
func (k checkKind) kind(tests []describedTest, set map[string]string, p soakPlaces) soak.Driven {
	made := soak.Driven{Label: k.name, Unit: k.unit, Environment: environment.Full(), Scratch: p.scratch, Logs: p.logs}
	made.Order = func(spec soak.RoundSpec) drive.Order {
		o := drive.Order{Mode: k.mode, Set: set}
		k.settle(&o, spec)
		return o
	}
	for _, t := range tests {
		if k.needs == "" || slices.Contains(t.uses, k.needs) {
			switch {
			case k.race:
				t.Binary = raceBinary(t.Binary)
			case k.byRuntime && t.Own != "":
				t.Binary = runtimeBinary(t.Binary)
			}
			made.Tests = append(made.Tests, t.DrivenTest)
		}
	}
	return made
}

// raceBinary is the file of the test binary with the race detector, and runtimeBinary that of the one with racewindow's runtime, beside
// that without.
func raceBinary(plain string) string { return strings.TrimSuffix(plain, ".test") + "-race.test" }

func runtimeBinary(plain string) string { return strings.TrimSuffix(plain, ".test") + "-runtime.test" }

// A describedTest is a test with a Check, and what the Check says its subject uses.
type describedTest struct {
	soak.DrivenTest
	uses []string
}

// flagsOfLogSoak are for the log alone, flagsOfCheckSoak for packages alone.
var (
	flagsOfLogSoak   = []string{"subject", "corpus", "handovers", "race-binary", "properties", "source", "in-process"}
	flagsOfCheckSoak = []string{"run", "set"}
)

// refuse refuses flags for packages in a campaign of the log, and flags for the log in a campaign of packages.
func (f *soakFlags) refuse(flags *pflag.FlagSet, packages []string) error {
	names, why := flagsOfCheckSoak, "for the Checks of packages: name packages, such as ./..., or leave it out"
	if len(packages) > 0 {
		names, why = flagsOfLogSoak, "for the log that the command brings: leave it out, or leave the packages out"
	}
	for _, name := range names {
		if flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is %s", name, why)}
		}
	}
	return nil
}

// packagesOf are the packages whose Checks are tested: those on the command line, the one that --round names, or the current one
// if it has Checks; none for the log.
func (f *soakFlags) packagesOf(ctx context.Context, flags *pflag.FlagSet, named []string) []string {
	if len(named) > 0 {
		return named
	}
	if f.round != "" {
		spec, err := soak.ParseRound(f.round)
		pkg, _, is := strings.Cut(spec.Variant, ":")
		if err == nil && is {
			return []string{pkg}
		}
		return nil
	}
	for _, name := range flagsOfLogSoak {
		if flags.Changed(name) {
			return nil
		}
	}
	if !checksHere(ctx) {
		return nil
	}
	return []string{"."}
}

// prepareChecks settles a campaign of the Checks of packages: kinds of rounds, counts, minimums, canaries.
func (f *soakFlags) prepareChecks(ctx context.Context, packages []string) error {
	c := &f.config
	known := namesOf(checkKinds)
	if err := knownKinds(f.kinds, known); err != nil {
		return usageError{fmt.Errorf("--kinds: %w", err)}
	}
	if err := f.parseCounts(known); err != nil {
		return err
	}
	c.Minimums = soak.Minimums{"rounds": 1, "canaries": 1}
	if f.canary == 0 {
		c.Minimums = soak.Minimums{"rounds": 1}
	}
	kinds, err := f.kindsOfChecks(ctx, packages)
	if err != nil {
		return err
	}
	for _, name := range f.kinds {
		c.Minimums[name] = 1
	}
	for _, k := range kinds {
		c.Kinds = append(c.Kinds, k)
		c.Minimums[k.Label] = uint64(len(k.Tests))
	}
	if len(c.Kinds) == 0 {
		return usageError{fmt.Errorf("--kinds: none fits: %s", notRunText(c.NotRun, f.kinds))}
	}
	if f.config.Rounds > 0 {
		c.Minimums = soak.Minimums{"rounds": f.config.Rounds, "canaries": c.Minimums["canaries"]}
	}
	if err := soak.ParseMinimums(c.Minimums, f.minimums, minimumNames()); err != nil {
		return usageError{fmt.Errorf("--minimum: %w", err)}
	}
	if f.canary == 0 {
		c.NotRun = append(c.NotRun, soak.NotRun{What: "canaries", Because: "--canary-within 0"})
		return nil
	}
	for _, k := range kinds {
		c.Checks = append(c.Checks, soak.DrivenCanaries(k, f.canary)...)
	}
	return nil
}

func namesOf(kinds []checkKind) (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// kindsOfChecks builds the packages' tests, asks their Checks what they use, and makes the kinds that fit at least one.
func (f *soakFlags) kindsOfChecks(ctx context.Context, packages []string) (kinds []soak.Driven, err error) {
	p, err := f.places()
	if err != nil {
		return nil, err
	}
	var chosen []checkKind
	for _, k := range checkKinds {
		if len(f.kinds) > 0 && !slices.Contains(f.kinds, k.name) {
			f.config.NotRun = append(f.config.NotRun, soak.NotRun{What: k.name, Because: "--kinds leaves it out"})
			continue
		}
		chosen = append(chosen, k)
	}
	tests, err := f.testsOf(ctx, packages, chosen)
	if err != nil {
		return nil, err
	}
	for _, k := range chosen {
		if made := k.kind(tests, f.set, p); len(made.Tests) > 0 {
			kinds = append(kinds, made)
			continue
		}
		f.config.NotRun = append(f.config.NotRun, soak.NotRun{What: k.name, Because: nothingKept[k.needs]})
	}
	return kinds, nil
}

// testsOf builds the tests of packages, as some kinds need them, and lists their Checks.
func (f *soakFlags) testsOf(ctx context.Context, packages []string, kinds []checkKind) (tests []describedTest, err error) {
	found, err := (&checkRun{packages: packages}).withChecks(ctx)
	if err == nil {
		err = f.makeBinaries()
	}
	if err != nil {
		return nil, err
	}
	for _, in := range found {
		t, err := f.buildTests(ctx, in, kinds)
		if err != nil {
			return nil, err
		}
		asked := t
		if t.Own != "" {
			asked.Binary = runtimeBinary(t.Binary)
		}
		checks, uses, note, err := soak.Describe(ctx, asked, f.pattern, namesPattern(in.Strangers), environment.Full())
		if err != nil {
			return nil, err
		}
		if note != "" {
			f.config.NotRun = append(f.config.NotRun, soak.NotRun{What: in.ImportPath, Because: note})
		}
		for i, c := range checks {
			c.Binary = t.Binary
			tests = append(tests, describedTest{c, uses[i]})
		}
	}
	if len(tests) == 0 {
		return nil, usageError{fmt.Errorf("no Check ran: --run %q matches no test that calls harness.Check in %s", f.pattern, strings.Join(packages, " "))}
	}
	return tests, nil
}

// buildTests builds the binaries of a package's tests. Own is set if there is one with racewindow's runtime.
func (f *soakFlags) buildTests(ctx context.Context, p plain.Package, kinds []checkKind) (t soak.DrivenTest, err error) {
	t = soak.DrivenTest{Package: p.ImportPath, Folder: p.Dir, Binary: filepath.Join(f.binaries, strings.ReplaceAll(p.ImportPath, "/", "-")+".test")}
	if err := buildTest(ctx, p.ImportPath, t.Binary, false); err != nil {
		return t, err
	}
	if slices.ContainsFunc(kinds, func(k checkKind) bool { return k.race }) {
		if err := buildTest(ctx, p.ImportPath, raceBinary(t.Binary), true); err != nil {
			return t, err
		}
	}
	if !slices.ContainsFunc(kinds, func(k checkKind) bool { return k.byRuntime }) {
		return t, nil
	}
	marked, err := hasMarkers(ctx, p.ImportPath)
	if err != nil || marked {
		return t, err
	}
	session, err := plain.Open(ctx, "", environment.Full())
	switch {
	case lacksRuntime(err):
		f.config.NotRun = append(f.config.NotRun, soak.NotRun{What: "schedules of " + p.ImportPath, Because: "its code has no markers, and racewindow's runtime does not work here: " + err.Error()})
		return t, nil
	case err != nil:
		return t, err
	}
	t.Own = p.Own()
	return t, buildByRuntime(ctx, session, p, runtimeBinary(t.Binary), nil)
}

// buildTest builds the instrumented test binary of a package.
func buildTest(ctx context.Context, pkg, file string, race bool) error {
	arguments := []string{"-c", "-o", file}
	if race {
		arguments = append(arguments, "-race")
	}
	var output bytes.Buffer
	code, err := overlay.Run(ctx, overlay.Command{Verb: "test", Args: append(arguments, pkg), Env: environment.Full(), Stdout: &output, Stderr: &output})
	var wrong *overlay.UsageError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted while the tests of %s were built: no verdict", pkg)
	case errors.As(err, &wrong):
		return usageError{err}
	case err != nil:
		return err
	case code != 0:
		return usageError{fmt.Errorf("the tests of %s cannot be built:\n%s", pkg, strings.TrimSpace(output.String()))}
	}
	return nil
}

// binariesPrefix begins the name of the folder of test binaries, below the campaign's folder. Each start has its own.
const binariesPrefix = "binaries-"

// makeBinaries creates that folder. Until the campaign is locked another start may be at work, so the two must not share one.
func (f *soakFlags) makeBinaries() (err error) {
	below := f.config.Out
	if below != "" {
		if err := os.MkdirAll(below, 0o777); err != nil {
			return err
		}
		if below, err = filepath.Abs(below); err != nil {
			return err
		}
	}
	f.binaries, err = os.MkdirTemp(below, binariesPrefix)
	return err
}

func (f *soakFlags) removeBinaries() {
	if f.binaries != "" {
		_ = os.RemoveAll(f.binaries) // the next start removes the rest
	}
}

// removeFormerBinaries removes the binaries of starts that were killed. The campaign must be locked, so that no other start is
// at work.
func (f *soakFlags) removeFormerBinaries() {
	former, _ := filepath.Glob(filepath.Join(f.config.Out, binariesPrefix+"*")) // if the folder's name has wildcards, some are not found
	for _, folder := range former {
		if filepath.Base(folder) != filepath.Base(f.binaries) {
			_ = os.RemoveAll(folder)
		}
	}
}

// roundOfChecks makes the kind of a round, for the one package and test that the round names.
func (f *soakFlags) roundOfChecks(ctx context.Context, spec soak.RoundSpec) (soak.Kind, error) {
	pkg, test, _ := strings.Cut(spec.Variant, ":")
	i := slices.IndexFunc(checkKinds, func(k checkKind) bool { return k.name == spec.Kind })
	if i < 0 {
		return nil, usageError{fmt.Errorf("--round: no kind of rounds of Checks is called %q: choose one of %s", spec.Kind, strings.Join(namesOf(checkKinds), ", "))}
	}
	f.kinds, f.pattern = []string{spec.Kind}, soak.DrivenTest{Test: test}.Pattern()
	kinds, err := f.kindsOfChecks(ctx, []string{pkg})
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 || !slices.Contains(kinds[0].Variants(), spec.Variant) {
		return nil, usageError{fmt.Errorf("--round: variant=%s: %s fits no Check of that name", spec.Variant, spec.Kind)}
	}
	return kinds[0], nil
}
