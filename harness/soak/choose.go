// Chooses the next round. A kind and a variant of it are an arm, and each arm is due a share of the time. Half of the time is
// divided evenly among the kinds, and then among their variants, so that no arm starves: one that has found nothing for a week
// may be the only one to find today's bug. The other half goes to the arms in proportion to their new behaviour per second over
// their last rounds. An older round counts four fifths of the one after it.
//
// New behaviour is what no round of the campaign has shown before: failpoints, pairs of failpoints, and each doubling of their
// counts. Partial orders also count, but are nearly always new: each doubling of their number counts a sixteenth.
//
// The next arm is the one whose share exceeds its time the most. With each round, two hundredths of all past time are forgotten,
// so that an arm whose share rises does not get back pay for the past. Nothing is random: the same journal chooses the same
// round.

package soak

import "math"

// An Arm is what is known of one kind and variant.
type Arm struct {
	// New and Seconds are the new behaviour and the time of its rounds; older rounds count less.
	New     float64 `json:"new"`
	Seconds float64 `json:"seconds"`
	// Time is how long it ran; with each round of any arm, the past counts less.
	Time   float64 `json:"time"`
	Rounds uint64  `json:"rounds"`
}

const (
	evenShare    = 0.5      // the part of the time that is divided evenly
	ownMemory    = 0.8      // the weight of a round, relative to the next round of the same arm
	timeMemory   = 0.98     // the weight of a second, relative to a second one round later
	unnamedWorth = 1.0 / 16 // the worth of a doubling of partial orders
)

// learn adds the result of a round to its arm.
func (s *State) learn(name string, r *RoundRecord) {
	for _, arm := range s.Arms {
		arm.Time *= timeMemory
	}
	arm := s.Arms[name]
	if arm == nil {
		arm = &Arm{}
		s.Arms[name] = arm
	}
	seconds := max(r.Took.Seconds(), 0.001)
	arm.New = ownMemory*arm.New + float64(len(r.New)) + unnamedWorth*math.Log2(float64(1+r.Unnamed))
	arm.Seconds = ownMemory*arm.Seconds + seconds
	arm.Time += seconds
	arm.Rounds++
}

// A choice is an arm that can be chosen.
type choice struct {
	kind    Kind
	variant string
	even    float64 // its part of the time that is divided evenly, 0 to 1
}

func choices(kinds []Kind) (all []choice) {
	for _, k := range kinds {
		variants := k.Variants()
		for _, v := range variants {
			all = append(all, choice{k, v, 1 / float64(len(kinds)*len(variants))})
		}
	}
	return all
}

func (c choice) arm() string { return c.kind.Name() + "/" + c.variant }

// next chooses the next arm. One that never ran comes first.
func (s *State) next(all []choice) choice {
	shares := s.shares(all)
	total := 0.0
	for _, c := range all {
		if arm := s.Arms[c.arm()]; arm != nil {
			total += arm.Time
		}
	}
	best, ahead := 0, math.Inf(-1)
	for i, c := range all {
		arm := s.Arms[c.arm()]
		if arm == nil {
			return c
		}
		if d := shares[i]*total - arm.Time; d > ahead {
			best, ahead = i, d
		}
	}
	return all[best]
}

// shares are the parts of the time that the arms are due. They add up to 1.
func (s *State) shares(all []choice) []float64 {
	rates, sum := make([]float64, len(all)), 0.0
	for i, c := range all {
		if arm := s.Arms[c.arm()]; arm != nil && arm.Seconds > 0 {
			rates[i] = arm.New / arm.Seconds
			sum += rates[i]
		}
	}
	for i, c := range all {
		if sum == 0 {
			rates[i] = c.even
			continue
		}
		rates[i] = evenShare*c.even + (1-evenShare)*rates[i]/sum
	}
	return rates
}
