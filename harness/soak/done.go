package soak

import (
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
)

// doneIn begins the result of a round with what was done in it. Each behaviour has two names, one by itself and one with the
// arm. So it counts if it is new to the campaign, and also if it is new to the arm.
func doneIn(spec RoundSpec, d drive.Done) RoundResult {
	r := RoundResult{Counts: d.Counts, Points: d.Points, Faults: d.Faults, Unnamed: d.Unnamed}
	if r.Counts == nil {
		r.Counts = Counts{}
	}
	for _, name := range d.Seen {
		r.Behaviour = append(r.Behaviour, name, spec.arm()+": "+strings.TrimPrefix(name, PairPrefix))
	}
	return r
}
