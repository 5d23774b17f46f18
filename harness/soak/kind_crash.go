package soak

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/storage"
)

// Crash draws programs, with faults in half of the rounds, and loses power at every step of their schedules.
type Crash struct {
	// Handover is what is tested, default the engine's default: what survives does not depend on it.
	Handover string
	// PerProgram is how many schedules a program gets; default 40: each has hundreds of recoveries.
	PerProgram int
}

// Name is crash.
func (Crash) Name() string { return "crash" }

// Variants are the persistence models.
func (Crash) Variants() (names []string) {
	for _, m := range crash.Models {
		names = append(names, m.String())
	}
	return names
}

// Run crashes until the round's time is over, one program to a core.
func (c Crash) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	model, err := crash.ModelByName(spec.Variant)
	if err != nil {
		return RoundResult{}, err
	}
	handover, err := storage.HandoverByName(c.Handover)
	if err != nil {
		return RoundResult{}, err
	}
	if c.PerProgram == 0 {
		c.PerProgram = 40
	}
	until := time.Now().Add(spec.For)
	r := RoundResult{Handover: handover.Name(), Counts: Counts{}, Points: Counts{}, Faults: Counts{}}
	seen := map[string]bool{}
	var mu sync.Mutex
	var taken atomic.Uint64
	var failed error
	var all sync.WaitGroup
	for range lanes() {
		all.Go(func() {
			for ctx.Err() == nil && time.Now().Before(until) {
				s, err := explore.Run(ctx, c.settings(spec, model, handover.Name(), taken.Add(1), time.Until(until)))
				mu.Lock()
				if err != nil && ctx.Err() == nil && !(errors.Is(err, sched.ErrNoSchedule) && time.Now().After(until)) {
					failed = errors.Join(failed, err)
				}
				if s != nil {
					addCrashes(&r, seen, spec, s)
				}
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	all.Wait()
	for name := range seen {
		r.Behaviour = append(r.Behaviour, name)
	}
	if failed == nil && r.Counts[CountCrashes] == 0 {
		r.Inconclusive = "no disk was recovered from"
	}
	return r, failed
}

// settings are those of the n-th program of a round.
func (c Crash) settings(spec RoundSpec, model crash.Model, handover string, n uint64, left time.Duration) explore.Config {
	config := explore.Config{
		Subject: cases.Subject, Name: handover, Settle: cases.OnHandover(handover), Draw: cases.Shape{Threads: 3, Operations: 3, Small: true, Torn: true}, PerProgram: c.PerProgram,
		Crash:  &cases.Crash{Any: true, Model: model},
		Search: sched.Options{Seed: SeedOf(spec.Seed, n), Schedules: c.PerProgram, Budget: max(left, time.Millisecond), Workers: 1, All: true},
	}
	if spec.Seed%2 == 0 {
		config.DrawFaults = 2
	}
	return config
}

// addCrashes takes over what one program came to.
func addCrashes(r *RoundResult, seen map[string]bool, spec RoundSpec, s *explore.Summary) {
	c := s.Crashes
	r.Counts.add(Counts{
		CountSchedules: s.Statistics.Schedules, CountPrograms: uint64(s.Programs), CountCrashes: c.Recoveries, CountFaults: c.Faults,
		"disks": c.Disks, "distinct disks": c.Distinct, "steps that could lose something": c.Unsynced,
	})
	r.Unnamed += c.Distinct
	r.Faults.add(c.Came)
	for kind := range c.Came {
		seen["crash: fault "+kind] = true
	}
	for _, p := range s.Statistics.Points {
		r.Points[p.Point] += p.Count
		seen["crash: point "+p.Point] = true
	}
	for _, x := range s.Statistics.Crossings {
		seen[PairPrefix+x.Window+" > "+x.By] = true
	}
	seen[fmt.Sprintf("crash %s: a program with 2^%d disks", spec.Variant, bits.Len64(c.Distinct))] = true
	for _, f := range s.Findings {
		r.Found = append(r.Found, Found{Class: f.Class, Report: f.Report, Case: f.Case, Count: f.Count})
	}
	if spec.Progress != nil {
		spec.Progress(r.Counts)
	}
}
