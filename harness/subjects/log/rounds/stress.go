package rounds

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
	"github.com/racewindow/racewindow/storage"
)

// Stress is a short stress run with settings that follow from the seed.
type Stress struct {
	// Handovers are the variants; the default are those that must hold.
	Handovers []string
	// Minimal is how long to search for the smallest case of a violation; default 10 s.
	Minimal time.Duration
}

// Name is stress.
func (Stress) Name() string { return "stress" }

// Variants are the hand-overs.
func (s Stress) Variants() []string { return orThoseThatHold(s.Handovers) }

// settings draws the settings of the engine and its clients. It draws everything, used or not, so that a seed means the same for
// every length of a round.
func (s Stress) settings(spec soak.RoundSpec) (stress.Config, storage.Options, bool) {
	r := rand.New(rand.NewPCG(spec.Seed, 0x7374726573730001))
	o := storage.Options{
		ArenaBytes: oneOf(r, 256, 4<<10, 16<<10), FlushBytes: oneOf(r, int64(1<<10), 16<<10, 64<<10), ChunkBytes: oneOf(r, int64(1<<10), 16<<10),
		SegmentBytes: oneOf(r, int64(16<<10), 1<<20, 64<<20), FlushInterval: oneOf(r, 5*time.Millisecond, 50*time.Millisecond, time.Second),
	}
	if o.CacheBytes = -1; spec.Seed%4 == 0 { // in most rounds reads of what was flushed reach the files
		o.CacheBytes = 32 << 10
	}
	c := stress.Config{
		Name: spec.Variant, Goroutines: oneOf(r, 30, 100, 300, 1000), Duration: spec.For, Operations: spec.Count, Round: max(spec.For/2, 100*time.Millisecond),
		MaxValueBytes: oneOf(r, -1, 16, 256, 4096), MaxRecords: oneOf(r, 1, 4, 24), Fragments: oneOf(r, -1, 0.02, 0.3), MinOverlaps: -1,
		Delays: failpoints.Delays{
			Probability: oneOf(r, 0.005, 0.02, 0.1), Spin: r.IntN(3), Gosched: r.IntN(3), Sleep: r.IntN(3),
			MaxSleep: oneOf(r, 50*time.Microsecond, 200*time.Microsecond, 2*time.Millisecond),
		},
		Seed: spec.Seed,
	}
	if spec.Count > 0 {
		c.Round = time.Second
	}
	c.Flushers = oneOf(r, 1, 1+c.Goroutines/100)
	onDisk := r.IntN(4) == 0
	if spec.For < 2*time.Second || spec.Count > 0 && spec.Count < 200*uint64(c.Goroutines) {
		c.Goroutines = min(c.Goroutines, 100)
		c.Flushers = 1
	}
	return c, o, onDisk
}

// Run stresses one hand-over until the round's time is over, or its count of operations is reached.
func (s Stress) Run(ctx context.Context, spec soak.RoundSpec) (soak.RoundResult, error) {
	handover, err := storage.HandoverByName(spec.Variant)
	if err != nil {
		return soak.RoundResult{}, err
	}
	c, o, onDisk := s.settings(spec)
	o.Handover = handover
	folder := ""
	if onDisk {
		if folder, err = os.MkdirTemp("", "racewindow-soak-"); err != nil {
			return soak.RoundResult{}, err
		}
		defer os.RemoveAll(folder)
	}
	c.Open = func(round int) (harness.Factory, error) {
		o := o
		if folder == "" {
			o.Disk = storage.MemoryDisk()
			return harness.StorageFactory("memory", o, "stress"), nil
		}
		o.Create = true
		return harness.StorageFactory(filepath.Join(folder, fmt.Sprintf("round-%d", round)), o, "stress"), nil
	}
	c.Discard = func(round int) error {
		if folder == "" {
			return nil
		}
		return os.RemoveAll(filepath.Join(folder, fmt.Sprintf("round-%d", round)))
	}
	c.Progress = func(p stress.Progress) {
		if spec.Progress != nil {
			spec.Progress(soak.Counts{soak.CountOperations: p.Operations})
		}
	}
	summary, err := stress.Run(ctx, c)
	if summary == nil {
		return soak.RoundResult{}, err
	}
	return s.result(ctx, spec, summary, err)
}

// result makes the result of a round from a stress run.
func (s Stress) result(ctx context.Context, spec soak.RoundSpec, m *stress.Summary, failed error) (soak.RoundResult, error) {
	r := soak.RoundResult{
		Handover: spec.Variant, Points: soak.Counts{}, Peak: m.PeakMemory,
		Counts: soak.Counts{soak.CountOperations: m.Operations, soak.CountRecords: m.RecordsChecked + m.RecordsScanned, "reads across a flush": m.Overlaps, "flushes": m.Flushes},
	}
	for _, p := range m.Points {
		if p.Hits > 0 {
			r.Points[p.Name] = p.Hits
			r.Behaviour = append(r.Behaviour, "point "+p.Name, fmt.Sprintf("stress of %s: %s 2^%d times", spec.Variant, p.Name, bits.Len64(p.Hits)))
		}
	}
	r.Behaviour = append(r.Behaviour, fmt.Sprintf("stress of %s: 2^%d reads across a flush", spec.Variant, bits.Len64(m.Overlaps)))
	var hang *stress.HangError
	switch {
	case m.Violation != nil:
		r.Found = append(r.Found, s.violation(ctx, spec, m))
	case errors.As(failed, &hang):
		r.Found = append(r.Found, soak.Found{Class: "hang", Shape: spec.Variant, Detail: failed.Error(), Text: soak.Clip(hang.Stacks, 1<<20), Count: 1})
	case m.DataRaces > 0:
		r.Found = append(r.Found, soak.Found{Class: "data race", Shape: spec.Variant, Detail: fmt.Sprintf("%d reports of the race detector; they are in the output", m.DataRaces), Count: 1})
	case failed != nil:
		r.Inconclusive = failed.Error()
	}
	return r, nil
}

// violation makes a finding of the violation, with its smallest case if there is one.
func (s Stress) violation(ctx context.Context, spec soak.RoundSpec, m *stress.Summary) soak.Found {
	v := m.Violation
	f := soak.Found{Class: v.Fingerprint, Shape: spec.Variant, Detail: v.Detail, Count: 1}
	var text bytes.Buffer
	_ = stress.WriteReport(&text, v, "racewindow soak --round "+soak.Quoted(spec.String()), 100, stress.Palette{}) // a buffer takes everything
	text.WriteString(soak.Clip(v.Stacks, 1<<20))
	f.Text = text.String()
	r, err := analysis.Minimal(ctx, spec.Variant, v.Program, v.Fingerprint, cmp.Or(s.Minimal, minimalFor))
	if err == nil && r != nil && strings.HasPrefix(r.Class, v.Promise) {
		f.Report, f.Class = r, r.Class
	}
	return f
}
