// Package rounds is what a campaign (package soak) can do to the log: the kinds of rounds that only a log has, and the table of all.
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

// Handovers are the names of those that are to hold, or of those that are known to be wrong.
func Handovers(hold bool) (names []string) {
	for _, h := range storage.Handovers() {
		if h.Holds() == hold {
			names = append(names, h.Name())
		}
	}
	return names
}

// orThoseThatHold are the names that were given, or the default.
func orThoseThatHold(names []string) []string {
	if len(names) > 0 {
		return names
	}
	return Handovers(true)
}

// Explore draws programs for a hand-over. One round in four has larger ones.
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

// How many schedules a drawn program gets. One with crashes has hundreds of recoveries in each.
const (
	perProgram        = 600
	perCrashedProgram = 40
)

// Crash draws programs, with faults in half of the rounds, and loses power at every step of their schedules. Its variants are the
// persistence models. What survives does not depend on the hand-over.
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
		if spec.Count > 0 { // a round of few schedules has several programs all the same
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

// lostReads is the family of the promises that one lost record breaks: which of them is luck.
const lostReads = "reads"

// Promise says of a class which promise it is about, for soak.Subjects.
func Promise(class string) (name, sentence, family string) {
	name, _, _ = strings.Cut(class, "/")
	for _, p := range []check.Promise{check.ReadAfterWrite, check.Order, check.NoDuplicate, check.TransactionAtomicity, check.MonotonicReads} {
		if p.Name == name {
			family = lostReads
		}
	}
	for _, p := range append(check.Promises(), check.Durability, check.RecoveryIdempotence, check.StickyPoison, check.AppendAfterRecovery, check.DamageReported) {
		if p.Name == name {
			return p.Name, p.Sentence, family
		}
	}
	return "", "", family
}

// A Known kind is one that must find something before its rounds count: in which variant, within how much of what it counts for the
// first try, and of which classes.
type Known struct {
	Variant string
	Count   uint64
	Classes []string
}

// Bad are the canaries of the kinds, by their names. Each variant runs like one of the kind's own, and no campaign draws it.
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
			known := Known{h.Name(), canaryOperations, []string{check.ReadAfterWrite.Name, check.TransactionAtomicity.Name}}
			bad["stress"], bad["race"] = append(bad["stress"], known), append(bad["race"], known)
		}
	}
	return bad
}

// What the first round of a canary may take; the n-th may take n times as much.
const (
	canarySchedules  = 100_000
	canaryOperations = 20_000
	canaryCycles     = 200
	canaryKills      = 10
)

// CountNames are those of the counts that these kinds make, beside those of package soak.
var CountNames = []string{countUnderLoad, countDurable, "process deaths", "crashes that could lose something", "clients poisoned", "reads across a flush", "flushes", "properties"}

// minimalFor is how long to look for the smallest case of a violation, if nothing else was said.
const minimalFor = 10 * time.Second

// oneOf picks one of several.
func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// lanes is how many logs are under load side by side: under the race detector a report must be somebody's.
func lanes() int {
	if sched.UnderRaceDetector() {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}
