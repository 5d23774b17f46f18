package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/output"
	rep "github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
	"github.com/racewindow/racewindow/storage"
)

// stressFlags are the settings of the stress command.
type stressFlags struct {
	subject  string
	handover string
	folder   string
	config   stress.Config
	options  storage.Options
	canary   bool
	delayMix []int
	changed  string // the given flags that say what to run, for the command that runs the same again
	within   time.Duration
	out      string
	jsonFile string
	crash    crashFlags
	ofChecks checkFlags
	// minimal is the smallest case that breaks the same promise, found by exploration; nil if none was found in time.
	minimal    *rep.Report
	minimalErr error
}

const stressAbout = `Find bugs under load: run thousands of goroutines against the log, delay them at its failpoints, and check every read
while the run goes on. A read must return what was acknowledged before it began.

Before the run, the known bug (the canary) must be caught under the same settings: a harness that cannot see it has no
right to say "no promise violated". At the end of each round the log is scanned, flushed, read with faults, closed
beside appends, flushes and reads, opened again and scanned again; on a second log the tail is filled to its limit, and
appends that wait are called off. After a run that found nothing, defects are planted over the same engine (a record
left out, an old answer, a lost append, a flush that does nothing, a read that hides its error, a tail without its
limit, an append made although it was called off, one acknowledged although a close refused it), and each must be
found. A promise that was never put to the test is named, and does not count as passed.

With --crash, power is lost again and again: under load, at a failpoint or after an operation of the disk. Each time
one of the disks that this may leave is drawn, the log is recovered from it (which may be interrupted too) and checked:
what was acknowledged as durable survives, the rest survives as a prefix of whole transactions, and recovering twice
is the same as recovering once. Then the log goes on. The canary of --crash is a disk whose sync does nothing.

With packages, or where a test of the current package calls harness.Check, the objects of those tests are stressed
under the race detector: many instances side by side, each with a small drawn program of 2 to 4 clients, judged against
the object executed one operation at a time. Bugs are planted around the object first, and must be caught. A panic, a
data race, and operations or a Close that wait for one another are findings too. Each finding is made smaller by
exploring its program. With --crash, objects lose power while their clients run, are opened again on a disk that this
may leave, and go on: what was durable must be there. In one of eight first openings power is lost too: the object must
then open again, and hold nothing. Their data is on Env.Disk, or in Env.Dir if their code has no markers: what it does
there with package os, syscall or golang.org/x/sys/unix is recorded by racewindow's runtime, without the race detector.
Where their disk fails too (--faults), an operation that returned an error may have happened or not, and a read may fail
while an object is opened after a loss of power: Open may then refuse, but lose nothing.

Exit codes: 0 held, 1 violated (the report says what and where), 2 wrong usage, 3 the run itself failed.`

const stressExamples = `  racewindow stress                                   10,000 goroutines for 10 s on the default hand-over
  racewindow stress --handover stale                  the seed's bug: exit code 1 and a report
  racewindow stress --goroutines 20000 --duration 60s --json summary.json
  racewindow stress --delay 0                         no delays: only what the Go scheduler does
  racewindow stress --dir /var/tmp/log --value-bytes 4096
  racewindow stress --crash                           64 goroutines, power lost again and again, for 10 s
  racewindow stress --crash --goroutines 1 --cycles 1000000 --workers 2
  racewindow stress --crash --faults 0.5 --model weak --out found
  racewindow stress ./cache --duration 60s            the Checks of a package, under the race detector
  racewindow stress --run TestCache --goroutines 2000 --delay 0.3
  racewindow stress --crash ./wal                     power is lost while the clients of ./wal run
  racewindow stress --crash ./kv --goroutines 8       the same for an engine in a folder: 8 clients have 4 of it open at once`

func stressCommand() *cobra.Command {
	f := &stressFlags{}
	cmd := &cobra.Command{
		Use:     "stress [packages]",
		Short:   "Run thousands of goroutines, and check them while they run",
		Long:    stressAbout,
		Example: stressExamples,
		RunE: func(cmd *cobra.Command, args []string) error {
			return stressScope.choose(cmd, args, f.checks, f.run)
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *stressFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	c, o, d := &f.config, &f.options, &f.config.Delays
	flags.StringVar(&f.subject, "subject", "log", "without packages, `NAME` of what the command brings: log")
	flags.StringVar(&f.handover, "handover", "", "`NAME` of the hand-over: "+handoverNames()+" (default the engine's default)")
	flags.IntVar(&c.Goroutines, "goroutines", 10_000, "clients at once, `N`")
	flags.IntVar(&c.Writers, "writers", 0, "how many of them append, `N` (default a fifth)")
	flags.IntVar(&c.Flushers, "flushers", 0, "how many of them flush, `N` (default 1 in 2500)")
	flags.DurationVar(&c.Duration, "duration", 10*time.Second, "how long to run")
	flags.Uint64Var(&c.Operations, "operations", 0, "end after `N` operations; fail if --duration is given and ends the run first (default no limit)")
	flags.DurationVar(&c.Round, "round", 10*time.Second, "how long until the log is closed, opened again, checked, and a new one begun")
	flags.DurationVar(&c.Pause, "pause", 0, "longest pause of a client between two operations (default 200us times the goroutines); negative for none")
	flags.DurationVar(&c.Grace, "grace", time.Minute, "how long operations may go on after the end of a round before they count as hanging")
	flags.IntVar(&c.MinValueBytes, "min-value-bytes", 0, "shortest value, `BYTES`")
	flags.IntVar(&c.MaxValueBytes, "value-bytes", 256, "longest value, `BYTES`")
	flags.IntVar(&c.MaxRecords, "records", 4, "most records in a transaction, `N`")
	flags.Float64Var(&c.Fragments, "fragments", 0.02, "share of transactions built from fragments, 0 to 1")
	flags.Int64Var(&o.FlushBytes, "flush-bytes", 16<<10, "unflushed `BYTES` that start a flush")
	flags.DurationVar(&o.FlushInterval, "flush-interval", time.Second, "longest time without a flush; negative for none")
	flags.IntVar(&o.ArenaBytes, "arena-bytes", 16<<10, "`BYTES` of one block of the tail")
	flags.Int64Var(&o.ChunkBytes, "chunk-bytes", 16<<10, "`BYTES` between two entries of the chunk index")
	flags.Int64Var(&o.CacheBytes, "cache-bytes", -1, "flushed `BYTES` that stay in memory for readers; negative for none, so that reads reach the files")
	flags.Int64Var(&o.SegmentBytes, "segment-bytes", 64<<20, "`BYTES` after which the log goes on in a new file")
	flags.StringVar(&f.folder, "dir", "", "use the real disk, in a new folder below `DIR` (default a disk in memory, which hides no race)")
	flags.Float64Var(&d.Probability, "delay", 0.02, "probability of a delay at a failpoint, 0 to 1")
	flags.IntVar(&d.MaxSpin, "delay-spin", 2000, "longest spin, loop turns")
	flags.DurationVar(&d.MaxSleep, "delay-sleep", 200*time.Microsecond, "longest sleep")
	flags.IntSliceVar(&f.delayMix, "delay-mix", []int{1, 1, 1}, "weights of spinning, yielding and sleeping, `SPIN,YIELD,SLEEP`")
	flags.StringSliceVar(&d.Points, "delay-points", nil, "delay only at failpoints that start with one of these, `PREFIX,...`")
	flags.Uint64Var(&c.Seed, "seed", 0, "seed of every random choice (default a new one, which the summary prints)")
	flags.IntVar(&c.MinOverlaps, "min-overlaps", 100, "fail if fewer than `N` reads overlapped a flush between its write and its trim; negative for none")
	flags.BoolVar(&f.canary, "canary", true, "find the known bug first, under the same settings")
	flags.DurationVar(&f.within, "canary-within", 10*time.Minute, fmt.Sprintf("last resort for the canary, which normally ends after %d operations, or %d cycles with --crash", canaryOperations, canaryCycles))
	flags.StringVar(&f.out, "out", "", "write the reports (txt, json, html) and summary.json to this folder, `DIR`")
	flags.StringVar(&f.jsonFile, "json", "", "write the summary as JSON to `FILE` (- for standard output)")
	f.crash.define(flags)
	f.ofChecks.define(flags, true, "", 4)
}

func handoverNames() string {
	return strings.Join(handovers(), ", ")
}

func (f *stressFlags) run(ctx context.Context, flags *pflag.FlagSet) error {
	handover, err := handoverByName(f.handover)
	if err == nil {
		err = onlyTheLog(f.subject)
	}
	if err != nil {
		return usageError{err}
	}
	if err := f.settle(flags); err != nil {
		return usageError{err}
	}
	on, err := f.settleCrash(flags)
	if err != nil {
		return usageError{err}
	}
	if err := checkPlaces(flags, []string{"json"}, []string{"out"}); err != nil {
		return err
	}
	if on {
		return f.runCrash(ctx)
	}
	if err := failpoints.Require("racewindow stress", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if err := f.check(ctx, handover); err != nil {
		return usageError{err}
	}
	canary := ""
	var hidden *hiddenCanary
	if f.canary && handover.Holds() {
		if canary, err = f.findCanary(ctx); err != nil && !errors.As(err, &hidden) {
			return err
		}
	}
	summary, err := f.stress(ctx, handover, f.config)
	if summary == nil {
		return settingsError(err)
	}
	summary.Canary = canary
	if summary.Violation == nil && hidden != nil {
		summary.Failure, err = hidden.Error(), hidden
	}
	if summary.Violation != nil {
		searchSmallest(os.Stderr, summary.Violation.Fingerprint, func() {
			f.minimal, f.minimalErr = analysis.Minimal(ctx, handover.Name(), summary.Violation.Program, summary.Violation.Fingerprint, searchFor)
		}, func() {
			f.minimalErr = errSearchHung
			_ = f.tell(summary, err) // the process ends with the code of a finding in any case
		})
	}
	return f.tell(summary, err)
}

// check refuses wrong settings before the canary takes its time.
func (f *stressFlags) check(ctx context.Context, handover storage.Handover) error {
	config := f.config
	config.Open = func(int) (harness.Factory, error) { return nil, nil } // Check only requires that it is not nil
	if err := config.Check(); err != nil {
		return err
	}
	options := f.options
	options.Handover, options.Disk = handover, storage.MemoryDisk()
	if config.MaxValueBytes > 0 {
		options.MaxValueBytes = config.MaxValueBytes
	}
	probe, err := storage.Open(ctx, "memory", options)
	if err != nil {
		return err
	}
	if err := probe.Close(ctx); err != nil || f.folder == "" {
		return err
	}
	made, err := os.MkdirTemp(f.folder, "racewindow-stress-")
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	return os.Remove(made)
}

// settle turns flags into settings. A zero Config field means the default; a zero flag means zero.
func (f *stressFlags) settle(flags *pflag.FlagSet) error {
	for _, name := range []string{
		"goroutines", "duration", "round", "grace", "records", "canary-within",
		"flush-bytes", "flush-interval", "arena-bytes", "chunk-bytes", "cache-bytes", "segment-bytes",
	} {
		if flag := flags.Lookup(name); flag.Changed && strings.TrimSuffix(flag.Value.String(), "s") == "0" {
			return fmt.Errorf("--%s %v: must not be zero; leave it out for the default, %s", name, flag.Value, flag.DefValue)
		}
	}
	if f.within < 0 {
		return fmt.Errorf("--canary-within %v: must be positive", f.within)
	}
	if len(f.delayMix) != 3 || slices.Max(f.delayMix) <= 0 {
		return fmt.Errorf("--delay-mix %v: three weights, at least one above zero, such as 1,1,1", f.delayMix)
	}
	if flags.Changed("operations") && !flags.Changed("duration") {
		f.config.Duration = time.Hour // then the operations end the run
	}
	if !flags.Changed("seed") {
		f.config.Seed = rand.Uint64()
	}
	d := &f.config.Delays
	d.Spin, d.Gosched, d.Sleep = f.delayMix[0], f.delayMix[1], f.delayMix[2]
	if f.config.Fragments == 0 {
		f.config.Fragments = -1
	}
	if f.config.MinOverlaps == 0 {
		f.config.MinOverlaps = -1
	}
	if f.config.MaxValueBytes == 0 {
		f.config.MaxValueBytes = -1
	}
	flags.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "handover", "seed", "canary", "canary-within", "out", "json", "crash", "log", "workers":
		default:
			f.changed += fmt.Sprintf(" --%s %s", flag.Name, strings.Trim(flag.Value.String(), "[]"))
		}
	})
	return nil
}

// settingsError makes wrong settings a usage error.
func settingsError(err error) error {
	if errors.Is(err, stress.ErrConfig) || errors.Is(err, storage.ErrOptions) {
		return usageError{err}
	}
	return err
}

const (
	// canaryOperations is how many operations may pass until the canary is caught. With the default pauses of clients they take
	// about 20 s.
	canaryOperations = 200_000
	// canaryCycles is the same for the cycles of --crash. The disk without syncs is usually caught in the first few.
	canaryCycles = 1000
)

// findCanary stresses the hand-over with the known bug under the same settings and says how soon it was caught.
func (f *stressFlags) findCanary(ctx context.Context) (string, error) {
	for _, h := range storage.Handovers() {
		if !h.Canary() {
			continue
		}
		config := f.config
		config.Duration, config.Operations, config.MinOverlaps, config.NoCanaries = f.within, canaryOperations, -1, true
		s, err := f.stress(ctx, h, config)
		switch {
		case s == nil || ctx.Err() != nil || err != nil && !errors.Is(err, stress.ErrTooLittle):
			return "", settingsError(err)
		case s.Violation != nil && s.Violation.Promise == check.Progress.Name:
			return "", &hiddenCanary{s.Violation.Promise, s.Violation.Detail}
		case s.Violation == nil:
			return "", fmt.Errorf("the canary was not caught: %v under %d goroutines and the same delays showed nothing in %d operations%s, so it would mean nothing if this run found nothing; give it delays (--delay) or flushers (--flushers)",
				h.Name(), config.Goroutines, s.Operations, f.lastResort(s.Operations < canaryOperations))
		}
		found := fmt.Sprintf("caught: %s in %s after %.1f s and %d operations", s.Violation.Promise, h.Name(), s.Violation.Found.Seconds(), s.Operations)
		fmt.Fprintln(os.Stderr, "canary "+found)
		return found, nil
	}
	return "", errors.New("no hand-over is registered as the canary")
}

// lastResort is the part of a message that says that time ended a canary before it had done its count.
func (f *stressFlags) lastResort(ended bool) string {
	if !ended {
		return ""
	}
	return fmt.Sprintf(" before its time ran out, %v (--canary-within): the machine is slow, or busy", f.within)
}

// stress runs one hand-over.
func (f *stressFlags) stress(ctx context.Context, handover storage.Handover, config stress.Config) (*stress.Summary, error) {
	config.Name = handover.Name()
	config.NoCanaries = config.NoCanaries || !f.canary || !handover.Holds()
	options := f.options
	options.Handover = handover
	folder := ""
	if f.folder != "" {
		made, err := os.MkdirTemp(f.folder, "racewindow-stress-")
		if err != nil {
			return nil, usageError{fmt.Errorf("--dir: %w", err)}
		}
		defer os.RemoveAll(made)
		folder = made
	}
	config.Open = func(round int) (harness.Factory, error) {
		o := options
		if folder == "" {
			o.Disk = storage.MemoryDisk()
			return harness.StorageFactory("memory", o, "stress"), nil
		}
		o.Create = true
		return harness.StorageFactory(filepath.Join(folder, fmt.Sprintf("round-%d", round)), o, "stress"), nil
	}
	config.Discard = func(round int) error {
		if folder == "" {
			return nil
		}
		return os.RemoveAll(filepath.Join(folder, fmt.Sprintf("round-%d", round)))
	}
	line := newProgressLine(handover.Name())
	config.Progress = line.update
	s, err := stress.Run(ctx, config)
	line.clear()
	return s, f.showHang(err)
}

// showHang writes the stacks of a hang to the output folder. Without one it prints the first of them, the commonest.
func (f *stressFlags) showHang(err error) error {
	var hang *stress.HangError
	if !errors.As(err, &hang) {
		return err
	}
	if f.out == "" {
		fmt.Fprintf(os.Stderr, "%.6000s\n", hang.Stacks)
		return fmt.Errorf("%w; the commonest stacks are above, and --out DIR keeps all of them", err)
	}
	file := filepath.Join(f.out, "stacks.txt")
	if failed := errors.Join(output.MakeFolder(f.out), keepEarlier(f.out, stressMarks, stressFiles), output.Write(file, []byte(hang.Stacks))); failed != nil {
		return errors.Join(err, failed)
	}
	return fmt.Errorf("%w; the stacks are in %s", err, file)
}

// firstStacks returns as many whole stacks as a screen has room for, at least one.
func firstStacks(all string) string {
	const most = 4000
	stacks := strings.Split(strings.TrimSpace(all), "\n\n")
	shown, length := 0, 0
	for shown < len(stacks) && (shown == 0 || length+len(stacks[shown]) <= most) {
		length += len(stacks[shown])
		shown++
	}
	text := strings.Join(stacks[:shown], "\n\n")
	if left := len(stacks) - shown; left > 0 {
		text += fmt.Sprintf("\n\n%d more; --out DIR keeps all of them", left)
	}
	return text
}

// tell prints and writes the summary and, after a violation, the report. failed is why the run has no verdict.
func (f *stressFlags) tell(s *stress.Summary, failed error) error {
	if failed != nil {
		s.Failure = failed.Error()
	}
	text, screen := besideJSON(f.jsonFile)
	err := f.writeText(text, screen, s)
	err = errors.Join(err, f.write(s))
	if s.Violation != nil || s.DataRaces > 0 {
		return violated(err)
	}
	return errors.Join(settingsError(failed), err)
}

func (f *stressFlags) writeText(text io.Writer, screen *os.File, s *stress.Summary) (err error) {
	if s.Violation != nil {
		err = stress.WriteReport(text, s.Violation, f.again(s), terminalColumns(screen), palette(screen))
		fmt.Fprintln(text)
		if waits := s.Violation.Stacks; waits != "" && f.out == "" {
			fmt.Fprintf(text, "%s\n\n", firstStacks(waits))
		}
		err = errors.Join(err, f.printMinimal(text, terminalColumns(screen), reportPalette(screen)))
	}
	return errors.Join(err, s.WriteText(text, terminalColumns(screen), palette(screen)))
}

// printMinimal writes the smallest case that breaks the same promise, or why there is none.
func (f *stressFlags) printMinimal(w io.Writer, columns int, p rep.Palette) error {
	switch {
	case f.minimalErr != nil:
		_, err := fmt.Fprintf(w, "no smallest case: %v\n\n", f.minimalErr)
		return err
	case f.minimal == nil:
		_, err := fmt.Fprint(w, "no smallest case: exploration did not show the same within 10 s; try 'racewindow explore' with more time\n\n")
		return err
	}
	fmt.Fprint(w, "The smallest case that breaks the same promise, executed one thread at a time:\n\n")
	if err := f.minimal.WriteText(w, columns, p); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// again is the command that runs the same settings once more.
func (f *stressFlags) again(s *stress.Summary) string {
	return fmt.Sprintf("racewindow stress --handover %s%s --seed %d (the Go scheduler also decides: it may take several tries)",
		s.Engine, f.changed, s.Seed)
}

// Files that stress writes to a folder: stressMarks only after a finding, stressFiles every time.
var (
	stressMarks = []string{"report.json", "report.html", "disk", "stacks.txt"}
	stressFiles = []string{"report.txt", "summary.json"}
)

// write writes the files that were asked for.
func (f *stressFlags) write(s *stress.Summary) error {
	if f.jsonFile != "" {
		if err := writeJSON(f.jsonFile, s); err != nil {
			return err
		}
	}
	if f.out == "" {
		return nil
	}
	if err := output.MakeFolder(f.out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if err := keepEarlier(f.out, stressMarks, stressFiles); err != nil {
		return err
	}
	var report bytes.Buffer
	if s.Violation != nil {
		page, err := s.Violation.Report(f.again(s))
		if err != nil {
			return err
		}
		if err := writeReports(filepath.Join(f.out, "report"), page); err != nil {
			return err
		}
		_ = stress.WriteReport(&report, s.Violation, f.again(s), 100, stress.Palette{}) // a buffer takes everything
		report.WriteByte('\n')
		_ = f.printMinimal(&report, 100, rep.Palette{})
		if s.Violation.Stacks != "" {
			if err := output.Write(filepath.Join(f.out, "stacks.txt"), []byte(s.Violation.Stacks)); err != nil {
				return err
			}
		}
	}
	_ = s.WriteText(&report, 100, stress.Palette{})
	if err := output.Write(filepath.Join(f.out, "report.txt"), report.Bytes()); err != nil {
		return err
	}
	return writeJSON(filepath.Join(f.out, "summary.json"), s)
}
