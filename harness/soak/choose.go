// Which round comes next. What can be done (a kind and a variant: an arm) gets shares of the time. Half of the time is divided
// evenly among the kinds and then among their variants, so that nothing ever starves, however little it has shown: what has
// found nothing for a week is what finds the bug that was made today. The other half follows what has been new lately: for each
// arm, new behaviour per second over its last rounds, each round before counting four fifths of the next.
//
// New behaviour is what no round of the campaign has shown: failpoints, pairs of them, steps in the counts of both by powers of
// two, and at a discount (a sixteenth for each doubling) partial orders, which are nearly always new.
//
// Next is the arm whose share of the time lies farthest ahead of what it got. Time is forgotten slowly (two hundredths with each
// round), so that an arm whose share has risen is not paid for the past. No randomness is needed, and everything follows from
// the journal: the same journal chooses the same round.

package soak

import "math"

// An Arm is what is known about one kind and variant.
type Arm struct {
	// New and Seconds are behaviour and time of its last rounds, older ones discounted.
	New     float64 `json:"new"`
	Seconds float64 `json:"seconds"`
	// Time is how long it ran, older rounds of anything discounted.
	Time   float64 `json:"time"`
	Rounds uint64  `json:"rounds"`
}

const (
	evenShare    = 0.5  // of the time, divided evenly
	ownMemory    = 0.8  // what a round counts beside the next of the same arm
	timeMemory   = 0.98 // what a second counts beside one that is a round later
	unnamedWorth = 1.0 / 16
)

// learn takes over what a round of an arm came to.
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

// A choice is one arm that can be taken.
type choice struct {
	kind    Kind
	variant string
	even    float64 // its part of the even share
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

// next chooses. What has never been done comes first.
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

// shares are the parts of the time that the arms are due; they add up to 1.
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
