// Package rounds holds the kinds of rounds that a campaign (package soak) can run on the log, and their canaries.
package rounds

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// Handovers are the names of the hand-overs that must hold, or of those that are known to be wrong.
func Handovers(hold bool) (names []string) {
	for _, h := range storage.Handovers() {
		if h.Holds() == hold {
			names = append(names, h.Name())
		}
	}
	return names
}

// orThoseThatHold returns the given names, or those of the hand-overs that must hold if there are none.
func orThoseThatHold(names []string) []string {
	if len(names) > 0 {
		return names
	}
	return Handovers(true)
}

// Explore explores drawn programs; its variants are hand-overs. One round in four has larger programs.
func Explore(handovers []string) soak.Explore {
	return soak.Explore{Label: "explore", Of: orThoseThatHold(handovers), Config: func(spec soak.RoundSpec) (explore.Config, error) {
		handover, err := storage.HandoverByName(spec.Variant)
		if err != nil {
			return explore.Config{}, err
		}
		shape := cases.Shape{Threads: 3, Operations: 3, Small: true}
		if spec.Seed%4 == 0 {
			shape.Threads, shape.Operations = 4, 5
		}
		return explore.Config{
			Subject: log.Subject, Name: handover.Name(), Settle: log.OnHandover(handover.Name()), Draw: shape, PerProgram: perProgram, Canary: handover.Holds(),
		}, nil
	}}
}

// How many schedules of a drawn program are executed. With crashes they are few, because each schedule has hundreds of
// recoveries.
const (
	perProgram        = 600
	perCrashedProgram = 40
)

// Crash explores drawn programs, with faults in half of the rounds, and cuts the power at every step of their schedules. Its
// variants are the persistence models. It uses one hand-over only, because what survives does not depend on it.
func Crash() soak.Explore {
	return soak.Explore{Label: "crash", Of: models(), Config: func(spec soak.RoundSpec) (explore.Config, error) {
		model, err := disks.ModelByName(spec.Variant)
		if err != nil {
			return explore.Config{}, err
		}
		right, err := storage.HandoverByName("")
		if err != nil {
			return explore.Config{}, err
		}
		c := explore.Config{
			Subject: log.Subject, Name: right.Name(), Settle: log.OnHandover(right.Name()), Draw: cases.Shape{Threads: 3, Operations: 3, Small: true, Torn: true},
			PerProgram: perCrashedProgram, Crash: &cases.Crash{Any: true, Model: model},
		}
		if spec.Seed%2 == 0 {
			c.DrawFaults = 2
		}
		if spec.Count > 0 { // even a round with few schedules has several programs
			c.PerProgram = max(1, min(c.PerProgram, int(spec.Count/4)))
		}
		return c, nil
	}}
}

// models are the names of the persistence models.
func models() (names []string) {
	for _, m := range disks.Models {
		names = append(names, m.String())
	}
	return names
}

// lostReads is the family of the promises that a lost record breaks; which of them it breaks is chance.
const lostReads = "reads"

// ofLostReads are the promises of this family.
var ofLostReads = []check.Promise{check.ReadAfterWrite, check.Order, check.NoDuplicate, check.TransactionAtomicity, check.MonotonicReads, check.NamedIsRead}

// Promise returns the promise that a class of failures breaks, for soak.Subjects.
func Promise(class string) (name, sentence, family string) {
	name, _, _ = strings.Cut(class, "/")
	for _, p := range ofLostReads {
		if p.Name == name {
			family = lostReads
		}
	}
	for _, p := range append(append(check.Promises(), check.SaidPromises()...), check.Durability, check.RecoveryIdempotence, check.StickyPoison, check.AppendAfterRecovery, check.DamageReported) {
		if p.Name == name {
			return p.Name, p.Sentence, family
		}
	}
	return "", "", family
}

// A Known is a known bug that a kind must find before its rounds count: the variant that has it, the count of the first try, and
// the classes of failures, one of which must be found.
type Known struct {
	Variant string
	Count   uint64
	Classes []string
}

// Bad are the canaries, by the names of the kinds. The kinds take these variants, but no campaign draws them.
func Bad() map[string][]Known {
	bad := map[string][]Known{
		"crashstress": {{VariantSyncless, canaryCycles, []string{check.Durability.Name, check.RecoveryIdempotence.Name}}},
		"kill":        {{VariantLiar, canaryKills, []string{check.Durability.Name}}},
	}
	for _, name := range Handovers(false) {
		bad["explore"] = append(bad["explore"], Known{Variant: name, Count: canarySchedules})
	}
	for _, h := range storage.Handovers() {
		if h.Canary() {
			known := Known{Variant: h.Name(), Count: canaryOperations}
			for _, p := range ofLostReads {
				known.Classes = append(known.Classes, p.Name)
			}
			bad["stress"], bad["race"] = append(bad["stress"], known), append(bad["race"], known)
		}
	}
	return bad
}

// The counts of a canary's first round; the nth round has n times as much.
const (
	canarySchedules  = 100_000
	canaryOperations = 20_000
	canaryCycles     = 200
	canaryKills      = 10
)

// CountNames are the names of the counts of these kinds, besides those in package soak.
var CountNames = []string{countUnderLoad, countDurable, "process deaths", "crashes that could lose something", "clients poisoned", "reads across a flush", "flushes", "properties"}

// minimalFor is the default time to search for the smallest case of a violation.
const minimalFor = 10 * time.Second

// oneOf picks one of several.
func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// lanes is how many logs are under load at the same time. Under the race detector it is one, so that a report belongs to one
// log.
func lanes() int {
	if sched.UnderRaceDetector() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}
