package rounds

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/kill"
)

// Kill loads logs on the real disk, in processes that it ends with SIGKILL. It works on the disk of the temporary folder. That is
// the campaign's disk if the round has a process of its own (Isolated.Scratch). The seed does not determine when a kill comes.
type Kill struct {
	// Command starts a child (kill.IsChild, kill.Child); the default is this program.
	Command []string
	// Children is how many children are killed on one log; default 10. One more child gets a file size limit, and one a full
	// disk.
	Children int
}

// How many children get a file size limit, and how many a full disk. If that disk cannot be mounted, it is shown as not run.
const (
	limitedChildren = 1
	fullChildren    = 1
)

// Variants of Kill. VariantLiar is the canary: children that acknowledge as durable before they write. It is not among the
// variants, but Run takes it.
const (
	variantDisk = "disk"
	VariantLiar = "liar"
)

// NewKill is an error on systems other than Linux.
func NewKill() (Kill, error) {
	if runtime.GOOS != "linux" {
		return Kill{}, fmt.Errorf("processes are killed on Linux only, not on %s", runtime.GOOS)
	}
	return Kill{}, nil
}

// Name is kill.
func (Kill) Name() string { return "kill" }

// Variants has one word, disk.
func (Kill) Variants() []string { return []string{variantDisk} }

// A killing collects the results of one round.
type killing struct {
	spec   soak.RoundSpec
	result soak.RoundResult
	seen   map[string]bool
	lost   uint64
}

// done reports whether something was found, or the round's count of kills is reached.
func (x *killing) done() bool {
	return len(x.result.Found) > 0 || x.spec.Count > 0 && x.result.Counts[soak.CountKills] >= x.spec.Count
}

// Run kills children, log after log, until the round's time is over or its count of kills is reached. It does at least one log.
func (k Kill) Run(ctx context.Context, spec soak.RoundSpec) (soak.RoundResult, error) {
	if spec.Variant != variantDisk && spec.Variant != VariantLiar {
		return soak.RoundResult{}, fmt.Errorf("%w: kill has no variant %q", soak.ErrSpec, spec.Variant)
	}
	x := &killing{spec: spec, seen: map[string]bool{}, result: soak.RoundResult{Counts: soak.Counts{soak.CountKills: 0}}}
	keep, err := os.MkdirTemp("", "racewindow-kept-")
	if err != nil {
		return soak.RoundResult{}, err
	}
	defer os.RemoveAll(keep)
	until := time.Now().Add(spec.For)
	for n := uint64(1); n == 1 || ctx.Err() == nil && time.Now().Before(until) && !x.done(); n++ {
		c := k.settings(spec, n)
		c.Keep = keep
		s, err := kill.Run(ctx, c)
		if s == nil {
			return soak.RoundResult{}, err
		}
		x.add(c, s)
		if err := x.judge(err); err != nil {
			return x.result, err
		}
	}
	x.conclude(ctx)
	return x.result, nil
}

// settings draws the settings for the nth log of a round.
func (k Kill) settings(spec soak.RoundSpec, n uint64) kill.Config {
	seed := soak.SeedOf(spec.Seed, n)
	r := rand.New(rand.NewPCG(seed, 0x6b696c6c00000001))
	c := kill.Config{
		Command: k.Command, Dirs: []string{os.TempDir()}, Seed: seed, Kills: k.Children, Limited: limitedChildren, Full: fullChildren, MinKills: -1, // conclude judges all logs together
		Goroutines: oneOf(r, 1, 8, 32), Messages: oneOf(r, 30, 300, 3000), MaxValueBytes: oneOf(r, 30, 300, 3000),
	}
	if c.Kills == 0 {
		c.Kills = 10
	}
	c.PerLog = c.Kills
	if spec.Variant == VariantLiar {
		c.Lie, c.Limited, c.Full = true, -1, -1
	}
	return c
}

// add adds the results of one log.
func (x *killing) add(c kill.Config, s *kill.Summary) {
	r := &x.result
	for _, t := range s.Targets {
		if t.NotRun != "" {
			if n := (soak.NotRun{What: "kill: " + t.Kind, Because: t.NotRun}); !slices.Contains(r.NotRun, n) {
				r.NotRun = append(r.NotRun, n)
			}
			continue
		}
		r.Counts.Add(soak.Counts{
			soak.CountKills: t.Kills, countUnderLoad: t.UnderLoad, soak.CountOperations: t.Acknowledged + t.Failed, soak.CountRecords: t.Records, soak.CountRecoveries: t.Checks,
			countDurable: t.Durable, "clients poisoned": t.Poisoned,
		})
		x.lost += t.Lost
		x.see(t)
	}
	if s.Violation != nil {
		r.Found = append(r.Found, killed(x.spec, c, s))
	}
	if x.spec.Progress != nil {
		x.spec.Progress(r.Counts)
	}
}

// Names of counts that conclude needs.
const (
	countUnderLoad = "kills under load"
	countDurable   = "acknowledged as durable"
)

// see records the kinds of ends that there were, as behaviour.
func (x *killing) see(t *kill.Target) {
	for what, n := range map[string]uint64{
		"before the log was open": t.BeforeOpen, "under load": t.UnderLoad, "left to the next child": t.LeftToNext, "lost what was not durable": t.Lost,
		"an append failed": t.Failed, "the poison stuck": t.Poisoned, "went on when there was room": t.Resumed,
	} {
		if n > 0 {
			x.seen[fmt.Sprintf("kill, %s on %s: %s", t.Kind, t.FileSystem, what)] = true
		}
	}
}

// judge handles a log without a verdict. Too little in one log does not matter. A child that dies by itself or hangs is a
// finding.
func (x *killing) judge(err error) error {
	switch {
	case err == nil || errors.Is(err, kill.ErrTooLittle):
		return nil
	case strings.HasPrefix(err.Error(), "a child "):
		x.result.Found = append(x.result.Found, childFailed(err))
		return nil
	}
	return err
}

// childFailed makes a finding of a child that ended by itself, or hangs.
func childFailed(err error) soak.Found {
	what, output, _ := strings.Cut(err.Error(), ": ")
	if !strings.Contains(what, "by itself") {
		return soak.Found{Class: "hang", Shape: "kill", Detail: err.Error(), Count: 1}
	}
	return soak.Death("a child of kill", strings.TrimPrefix(what, "a child ended by itself with "), output)
}

// conclude judges whether the round did enough.
func (x *killing) conclude(ctx context.Context) {
	r := &x.result
	for name := range x.seen {
		r.Behaviour = append(r.Behaviour, name)
	}
	kills := r.Counts[soak.CountKills]
	r.Behaviour = append(r.Behaviour, fmt.Sprintf("kill: 2^%d transactions lost in a kill", bits.Len64(x.lost/max(kills, 1))))
	switch {
	case len(r.Found) > 0:
	case ctx.Err() != nil:
		r.Inconclusive = "ended early: " + ctx.Err().Error()
	case 2*r.Counts[countUnderLoad] < kills || kills == 0:
		r.Inconclusive = fmt.Sprintf("%d of %d kills came under load, at least half of them must", r.Counts[countUnderLoad], kills)
	case r.Counts[countDurable] == 0 || r.Counts[soak.CountRecords] == 0:
		r.Inconclusive = fmt.Sprintf("%d durable acknowledgements, %d records checked: both must be above 0", r.Counts[countDurable], r.Counts[soak.CountRecords])
	default:
		r.Inconclusive = x.spec.CutShort(kills, soak.CountKills)
	}
}

// killed makes a finding of a violation, with the files as the kill left them.
func killed(spec soak.RoundSpec, c kill.Config, s *kill.Summary) soak.Found {
	f := soak.Found{Class: s.Violation.Promise, Shape: "kill: " + s.Violation.Kind + ": " + soak.WithoutNumbers(s.Violation.Detail), Detail: s.Violation.Detail, Count: 1}
	if output, panicked := strings.CutPrefix(s.Violation.Detail, kill.ChildEndedWith); panicked { // a stack is no shape: its numbers differ
		death := soak.Death("a child of kill", "code 2", output)
		f.Class, f.Shape = death.Class, death.Shape
	}
	var text strings.Builder
	_ = s.WriteText(&text) // a builder takes everything
	again := fmt.Sprintf("racewindow kill --dir . --kills %d --limited %d --full %d --per-log %d --goroutines %d --acknowledgements %d --value-bytes %d --seed %d",
		c.Kills, max(c.Limited, 0), max(c.Full, 0), c.PerLog, c.Goroutines, c.Messages, c.MaxValueBytes, c.Seed)
	if c.Lie {
		again = "racewindow soak --round " + soak.Quoted(spec.String())
	}
	fmt.Fprintf(&text, "again: %s (the seed does not determine when a kill comes: it may take several tries)\n", again)
	f.Text = text.String()
	f.Disk = soak.Packed(filepath.Join(c.Keep, "disk"))
	return f
}
