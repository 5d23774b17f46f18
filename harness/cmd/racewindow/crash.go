package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/output"
	rep "github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/crashstress"
)

// crashFlags are the flags that stress has for --crash alone.
type crashFlags struct {
	on     bool
	model  string
	config crashstress.Config
}

// crashOnly are the flags that need --crash, crashShared those of stress that also work with it.
var (
	crashOnly   = []string{"cycles", "model", "faults", "per-log", "log", "workers", "interrupted", "min-distinct", "min-unsynced"}
	crashShared = []string{
		"crash", "subject", "handover", "goroutines", "duration", "grace", "value-bytes", "records", "seed", "canary", "canary-within", "out", "json",
		"delay", "delay-spin", "delay-sleep", "delay-mix", "delay-points",
	}
)

func (k *crashFlags) define(flags *pflag.FlagSet) {
	c := &k.config
	flags.BoolVar(&k.on, "crash", false, "in cycles: load, lose power, recover, check, go on with the same log; on a disk in memory")
	flags.Uint64Var(&c.Cycles, "cycles", 0, "--crash: end after `N` cycles; fail if --duration is given and ends the run first (default no limit)")
	flags.StringVar(&k.model, "model", "ordered", "--crash: which disks a loss of power may leave, `NAME`: ordered (as ext4 with its journal) or weak (what no promise forbids)")
	flags.Float64Var(&c.Faults, "faults", 0, "--crash: share of cycles in which the disk also fails (EIO, ENOSPC, short writes, failed syncs, flipped bits), 0 to 1")
	flags.Float64Var(&c.Interrupted, "interrupted", 0.25, "--crash: share of recoveries that lose power themselves, 0 to 1")
	flags.IntVar(&c.PerLog, "per-log", 16, "--crash: cycles on one log before the next one, `N`")
	flags.Uint64Var(&c.FirstLog, "log", 0, "--crash: begin with log number `N` of the seed, to repeat it")
	flags.IntVar(&c.Workers, "workers", 1, "--crash: logs side by side, `N`")
	flags.Float64Var(&c.MinDistinct, "min-distinct", 0.25, "--crash: fail if a smaller share of the disks was new; 0 for none")
	flags.Float64Var(&c.MinUnsynced, "min-unsynced", 0.25, "--crash: fail if something could be lost in a smaller share of the cycles; 0 for none")
}

// settleCrash refuses flags that do not work together, and copies the flags that stress shares with --crash. It reports whether
// --crash is given.
func (f *stressFlags) settleCrash(flags *pflag.FlagSet) (on bool, err error) {
	k := &f.crash
	flags.Visit(func(flag *pflag.Flag) {
		switch {
		case err != nil:
		case !k.on && slices.Contains(crashOnly, flag.Name):
			err = fmt.Errorf("--%s says how to crash: add --crash", flag.Name)
		case k.on && !slices.Contains(crashOnly, flag.Name) && !slices.Contains(crashShared, flag.Name):
			err = fmt.Errorf("--%s does not work with --crash", flag.Name)
		}
	})
	if err != nil || !k.on {
		return false, err
	}
	err = checkNumbers(flags,
		bound{"cycles", 1, unbounded},
		bound{"duration", shortest, unbounded},
		bound{"grace", shortest, unbounded},
		bound{"goroutines", 1, 1 << 16},
		bound{"faults", 0, 1},
		bound{"interrupted", 0, 1},
		bound{"per-log", 1, unbounded},
		bound{"workers", 1, sched.MaxWorkers},
		bound{"min-distinct", 0, 1},
		bound{"min-unsynced", 0, 1},
	)
	if err == nil {
		err = checkTexts(flags, "model")
	}
	if err != nil {
		return true, err
	}
	c := &k.config
	if c.Model, err = crash.ModelByName(k.model); err != nil {
		return true, fmt.Errorf("--model %s: %w", k.model, err)
	}
	if c.Goroutines = 64; flags.Changed("goroutines") {
		c.Goroutines = f.config.Goroutines
	}
	if flags.Changed("duration") || c.Cycles == 0 {
		c.Duration = f.config.Duration
	}
	for _, share := range []*float64{&c.Interrupted, &c.MinDistinct, &c.MinUnsynced} {
		if *share == 0 {
			*share = -1
		}
	}
	if c.MaxValueBytes = 200; flags.Changed("value-bytes") {
		c.MaxValueBytes = max(f.config.MaxValueBytes, 0)
	}
	if flags.Changed("records") {
		c.MaxRecords = f.config.MaxRecords
	}
	c.Delays, c.Seed, c.Grace = f.config.Delays, f.config.Seed, f.config.Grace
	if c.Goroutines == 1 && !flags.Changed("delay") { // a delay needs another client that overtakes
		c.Delays.Probability = 0
	}
	c.Handover, err = handoverByName(f.handover)
	return true, err
}

func (f *stressFlags) runCrash(ctx context.Context) error {
	k := &f.crash
	if err := failpoints.Require("racewindow stress --crash", "make build (it makes bin/racewindow)"); err != nil {
		return err
	}
	if err := k.config.Check(); err != nil {
		return usageError{err}
	}
	canary := ""
	var err error
	var hidden *hiddenCanary
	if f.canary {
		if canary, err = f.findSyncless(ctx); err != nil && !errors.As(err, &hidden) {
			return err
		}
	}
	s, err := k.stress(ctx, k.config, f.out)
	if s == nil {
		return crashError(err)
	}
	s.Canary = canary
	if s.Violation == nil && hidden != nil {
		s.Failure, err = hidden.Error(), hidden
	}
	var smallest *rep.Report
	if s.Violation != nil {
		searchSmallest(os.Stderr, s.Violation.Promise, func() {
			smallest, f.minimalErr = crashstress.Minimal(ctx, s.Handover, s.Violation.Promise, k.config.Model, k.config.Faults > 0, searchFor)
		}, func() {
			f.minimalErr = errSearchHung
			_ = f.printCrash(s, err) // the process ends with the code of a finding in any case
		})
		f.minimal = smallest
	}
	return f.printCrash(s, err)
}

// findSyncless requires that the canary is caught: a disk whose sync does nothing.
func (f *stressFlags) findSyncless(ctx context.Context) (string, error) {
	c := f.crash.config
	c.Wrap, c.Faults, c.Cycles, c.FirstLog, c.Duration = crashstress.Syncless, 0, canaryCycles, 0, f.within
	s, err := f.crash.stress(ctx, c, "")
	switch {
	case s == nil || s.Violation == nil && ctx.Err() != nil:
		return "", crashError(err)
	case s.Violation == nil:
		return "", fmt.Errorf("the canary was not caught: a disk whose sync does nothing lost nothing in %d cycles%s, so it would mean nothing if this run found nothing; give it more clients (--goroutines)",
			s.Cycles, f.lastResort(s.Cycles < canaryCycles))
	case !ofSyncless(s.Violation):
		return "", &hiddenCanary{s.Violation.Promise, s.Violation.Detail}
	}
	found := fmt.Sprintf("caught: a disk whose sync does nothing: %s after %d cycles and %.1f s", s.Violation.Promise, s.Cycles, s.Elapsed.Seconds())
	fmt.Fprintln(os.Stderr, "canary "+found)
	return found, nil
}

// ofSyncless says whether a disk whose sync does nothing explains a violation. It loses records, which a recovery that is cut short may show,
// too. And it damages what a client opens as another log.
func ofSyncless(v *crashstress.Finding) bool {
	return v.Promise == check.Durability.Name || v.Promise == check.RecoveryIdempotence.Name || strings.Contains(v.Detail, " is damaged at byte ")
}

func (k *crashFlags) stress(ctx context.Context, c crashstress.Config, out string) (*crashstress.Summary, error) {
	line := newProgressLine("crash")
	c.Progress = line.crashed
	s, err := crashstress.Run(ctx, c)
	line.clear()
	var hang *crashstress.HangError
	if errors.As(err, &hang) && out != "" {
		err = errors.Join(err, output.MakeFolder(out), keepEarlier(out, stressMarks, stressFiles), output.Write(filepath.Join(out, "stacks.txt"), []byte(hang.Stacks)))
	} else if errors.As(err, &hang) {
		fmt.Fprintf(os.Stderr, "%.6000s\n", hang.Stacks)
	}
	return s, err
}

func crashError(err error) error {
	if errors.Is(err, crashstress.ErrConfig) {
		return usageError{err}
	}
	return err
}

// printCrash prints and writes the summary and, if there is one, the report.
func (f *stressFlags) printCrash(s *crashstress.Summary, failed error) error {
	err := printSummary(f.jsonFile, s, func(screen *os.File) string {
		var text strings.Builder
		_ = f.writeCrash(&text, s, terminalColumns(screen)) // a Builder takes everything
		return text.String()
	})
	if f.out != "" {
		if failed := f.keepCrash(s); failed != nil {
			err = errors.Join(err, fmt.Errorf("--out: %w", failed))
		}
	}
	if s.Violation != nil {
		return violated(err)
	}
	return errors.Join(crashError(failed), err)
}

func (f *stressFlags) writeCrash(w io.Writer, s *crashstress.Summary, width int) error {
	if s.Violation != nil {
		if err := s.Violation.WriteText(w, f.againCrash(s)); err != nil {
			return err
		}
		fmt.Fprintln(w)
		if waits := s.Violation.Stacks; waits != "" && f.out == "" {
			fmt.Fprintf(w, "%s\n\n", firstStacks(waits))
		}
		if err := f.printMinimal(w, width, rep.Palette{}); err != nil {
			return err
		}
	}
	return s.WriteText(w)
}

// againCrash is the command that runs the log of the violation again.
func (f *stressFlags) againCrash(s *crashstress.Summary) string {
	k := &f.crash.config
	words := []string{"racewindow stress --crash --handover", s.Handover, f.changed, fmt.Sprintf("--seed %d", s.Seed)}
	if s.Violation.Stacks == "" {
		words = append(words, fmt.Sprintf("--log %d --workers 1", s.Violation.Log))
	}
	if k.Goroutines > 1 {
		words = append(words, "(the Go scheduler also decides: it may take several tries)")
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// keepCrash writes report, summary and, after a violation, the disk.
func (f *stressFlags) keepCrash(s *crashstress.Summary) error {
	if err := output.MakeFolder(f.out); err != nil {
		return err
	}
	if err := keepEarlier(f.out, stressMarks, stressFiles); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := f.writeCrash(&text, s, 100); err != nil {
		return err
	}
	if s.Violation != nil {
		if err := s.Violation.WriteDisk(f.out); err != nil {
			return err
		}
		if waits := s.Violation.Stacks; waits != "" {
			if err := output.Write(filepath.Join(f.out, "stacks.txt"), []byte(waits)); err != nil {
				return err
			}
		}
		if f.minimal != nil {
			if err := writeReports(filepath.Join(f.out, "report"), f.minimal); err != nil {
				return err
			}
		}
	}
	if err := output.Write(filepath.Join(f.out, "report.txt"), text.Bytes()); err != nil {
		return err
	}
	return writeJSON(filepath.Join(f.out, "summary.json"), s)
}

// crashed shows how far a run of cycles is.
func (l *progressLine) crashed(p crashstress.Progress) {
	if !l.due() {
		return
	}
	of := ""
	if p.Limit > 0 {
		of = fmt.Sprintf(" of %d", p.Limit)
	}
	l.show(fmt.Sprintf("%s: %.0f s, %d%s cycles (%.0f/s)", l.what, p.Elapsed.Seconds(), p.Cycles, of, float64(p.Cycles)/max(p.Elapsed.Seconds(), 0.001)))
}

// A hiddenCanary is the error of a canary that was not seen, because another promise was broken before. What the canary does may be the
// cause, so the run without it says more: a finding of that run is the news, and this error is if there is none.
type hiddenCanary struct{ promise, detail string }

// Error says what was broken instead.
func (e *hiddenCanary) Error() string {
	return fmt.Sprintf("the canary was not seen, because %s was broken before: %s; the run without the canary found nothing, which means nothing then", e.promise, e.detail)
}
