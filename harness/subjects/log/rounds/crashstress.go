package rounds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/crashstress"
)

// CrashStress loads logs and cuts the power at random moments, with settings that follow from the seed. With one client (two
// rounds in five) each log is deterministic, so the log's number is enough to see a violation again.
type CrashStress struct {
	// Minimal is how long to search for the smallest case of a violation; default 10 s.
	Minimal time.Duration
}

// VariantSyncless is the canary: a disk whose sync does nothing. It is not among the variants, but Run takes it.
const VariantSyncless = "syncless"

// Name is crashstress.
func (CrashStress) Name() string { return "crashstress" }

// Variants are the persistence models.
func (CrashStress) Variants() []string { return models() }

// settings draws the settings of the load, its faults and its delays.
func (CrashStress) settings(spec soak.RoundSpec) (c crashstress.Config, err error) {
	r := rand.New(rand.NewPCG(spec.Seed, 0x6372617368000001))
	c = crashstress.Config{
		Seed: spec.Seed, Duration: spec.For, Cycles: spec.Count, Goroutines: oneOf(r, 1, 1, 4, 16, 64), PerLog: oneOf(r, 4, 16, 32), MaxValueBytes: oneOf(r, 16, 200, 2000),
		MaxRecords: oneOf(r, 1, 3, 12), Faults: oneOf(r, 0, 0.2, 0.6), Interrupted: oneOf(r, 0.1, 0.25, 0.6),
		Delays: failpoints.Delays{Probability: oneOf(r, 0.005, 0.02, 0.1), MaxSleep: oneOf(r, 50*time.Microsecond, 200*time.Microsecond, 2*time.Millisecond)},
	}
	if c.Goroutines == 1 { // a delay needs another client that overtakes; and there is a core for another log
		c.Delays, c.Workers = failpoints.Delays{}, lanes()
	}
	if spec.Variant == VariantSyncless {
		c.Wrap = crashstress.Syncless
		return c, nil
	}
	c.Model, err = crash.ModelByName(spec.Variant)
	return c, err
}

// Run runs cycles until the round's time is over, or its count of crashes is reached.
func (k CrashStress) Run(ctx context.Context, spec soak.RoundSpec) (soak.RoundResult, error) {
	c, err := k.settings(spec)
	if err != nil {
		return soak.RoundResult{}, err
	}
	c.Progress = func(p crashstress.Progress) {
		if spec.Progress != nil {
			spec.Progress(soak.Counts{soak.CountCrashes: p.Cycles})
		}
	}
	m, err := crashstress.Run(ctx, c)
	if m == nil {
		return soak.RoundResult{}, err
	}
	r := soak.RoundResult{Handover: m.Handover, Counts: crashCounts(m), Behaviour: crashBehaviour(spec, m), Unnamed: m.Distinct}
	if m.Faults > 0 {
		r.Faults = soak.Counts{"disk, drawn under load": m.Faults}
	}
	var hang *crashstress.HangError
	switch {
	case m.Violation != nil:
		r.Found = append(r.Found, k.violation(ctx, spec, c, m))
	case errors.As(err, &hang):
		r.Found = append(r.Found, soak.Found{Class: "hang", Shape: "crashstress of " + spec.Variant, Detail: err.Error(), Text: soak.Clip(hang.Stacks, 1<<20), Count: 1})
	case err != nil:
		r.Inconclusive = err.Error()
	default:
		r.Inconclusive = spec.CutShort(m.Cycles, soak.CountCrashes)
	}
	return r, nil
}

func crashCounts(m *crashstress.Summary) soak.Counts {
	return soak.Counts{
		soak.CountCrashes: m.Cycles, soak.CountOperations: m.Operations, soak.CountRecords: m.Records + m.Read, soak.CountFaults: m.Faults, soak.CountRecoveries: m.Recoveries,
		"disks": m.Disks, "distinct disks": m.Distinct, "process deaths": m.Deaths, "crashes that could lose something": m.Unsynced,
	}
}

// crashBehaviour names the kinds of crashes that there were. Most figures are averages, so that a long round does not show more
// than a short one. Failpoints are not counted under this load.
func crashBehaviour(spec soak.RoundSpec, m *crashstress.Summary) (names []string) {
	say := func(format string, arguments ...any) {
		names = append(names, "crashstress "+spec.Variant+": "+fmt.Sprintf(format, arguments...))
	}
	for name, n := range m.Promises {
		if n > 0 {
			say("%s put to the test", name)
		}
	}
	if m.Refused > 0 {
		say("a recovery refused for a fault")
	}
	if m.Deaths > 0 {
		say("a process death")
	}
	cycles := max(m.Cycles, 1)
	say("%d clients, 2^%d effects at stake", m.Goroutines, bits.Len64(m.Effects/cycles))
	say("%d clients, 2^%d transactions at stake", m.Goroutines, bits.Len64(m.Exposed/cycles))
	say("%d clients, 2^%d records in a recovery", m.Goroutines, bits.Len64(m.Records/max(m.Recoveries, 1)))
	return names
}

// violation makes a finding of the violation, with its smallest case if there is one, the disk that shows it, and the place.
func (k CrashStress) violation(ctx context.Context, spec soak.RoundSpec, c crashstress.Config, m *crashstress.Summary) soak.Found {
	v := m.Violation
	f := soak.Found{Class: v.Promise, Shape: "crashstress of " + spec.Variant + ": " + soak.WithoutNumbers(v.Detail), Detail: v.Detail, Count: 1}
	var text strings.Builder
	_ = v.WriteText(&text, againCrash(spec, c, v)) // a builder takes everything
	text.WriteByte('\n')
	_ = m.WriteText(&text)
	text.WriteString(soak.Clip(v.Stacks, 1<<20))
	f.Text = text.String()
	if folder, err := os.MkdirTemp("", "racewindow-disk-"); err == nil {
		if err := v.WriteDisk(folder); err == nil {
			f.Disk = soak.Packed(folder)
		}
		_ = os.RemoveAll(folder)
	}
	if c.Wrap != nil { // exploration cannot use such a disk
		return f
	}
	r, err := crashstress.Minimal(ctx, m.Handover, v.Promise, c.Model, c.Faults > 0, cmp.Or(k.Minimal, minimalFor))
	if err == nil && r != nil && strings.HasPrefix(r.Class, v.Promise) {
		f.Report, f.Class = r, r.Class
	}
	return f
}

// againCrash is the command that runs the log of a violation, without the logs before it.
func againCrash(spec soak.RoundSpec, c crashstress.Config, v *crashstress.Finding) string {
	if c.Wrap != nil {
		return "racewindow soak --round " + soak.Quoted(spec.String())
	}
	text := fmt.Sprintf("racewindow stress --crash --goroutines %d --cycles %d --per-log %d --value-bytes %d --records %d --faults %v --interrupted %v --model %v --seed %d --log %d",
		c.Goroutines, c.PerLog, c.PerLog, c.MaxValueBytes, c.MaxRecords, c.Faults, c.Interrupted, c.Model, c.Seed, v.Log)
	if c.Goroutines > 1 {
		text += fmt.Sprintf(" --delay %v --delay-sleep %v (the Go scheduler also decides: it may take several tries)", c.Delays.Probability, c.Delays.MaxSleep)
	}
	return text
}
