package sched

import (
	"cmp"
	"math"
	"slices"
)

// Sightings are the failures of numbered schedules, by class. The result depends on the numbers and not on the order in which
// they are added, so that several workers find the same as one.
type sightings struct {
	classes map[string]*sighting
	unknown sighting // of schedules that say nothing, because they came to the step limit
}

// A sighting is all that was seen of one class.
type sighting struct {
	numbers []uint64 // of the schedules that showed it, as they came, up to maxNumbers
	more    uint64   // how many more there were
	// lightest are the findings that are lighter than every one of a lower number, in the order of their numbers.
	lightest []numberedFinding
}

type numberedFinding struct {
	number uint64
	Finding
}

const (
	maxNumbers = 1 << 20
	everything = math.MaxUint64 // no number is above it
)

// add records what a schedule has shown.
func (s *sightings) add(number uint64, class string, f Finding) {
	seen := s.of(class)
	seen.count(number)
	seen.keep(numberedFinding{number, f})
}

// addUnknown records that a schedule says nothing.
func (s *sightings) addUnknown(number uint64, why *Failure) {
	s.unknown.count(number)
	s.unknown.keep(numberedFinding{number, Finding{Failure: why}})
}

// empty says whether nothing was seen.
func (s *sightings) empty() bool { return len(s.classes) == 0 && s.unknown.total() == 0 }

func (s *sightings) of(class string) *sighting {
	if s.classes == nil {
		s.classes = map[string]*sighting{}
	}
	if s.classes[class] == nil {
		s.classes[class] = &sighting{}
	}
	return s.classes[class]
}

func (s *sighting) count(number uint64) {
	if len(s.numbers) < maxNumbers {
		s.numbers = append(s.numbers, number)
	} else {
		s.more++
	}
}

// keep records a finding, unless one of a lower number is as light. It drops those of higher numbers that are not lighter.
func (s *sighting) keep(f numberedFinding) {
	at, _ := slices.BinarySearchFunc(s.lightest, f.number, func(g numberedFinding, number uint64) int { return cmp.Compare(g.number, number) })
	if at > 0 && !f.lighter(s.lightest[at-1]) {
		return
	}
	end := at
	for end < len(s.lightest) && !s.lightest[end].lighter(f) {
		end++
	}
	s.lightest = slices.Replace(s.lightest, at, end, f)
}

// lighter says whether f needs fewer preemptions than g, or as many and fewer switches.
func (f numberedFinding) lighter(g numberedFinding) bool {
	return cmp.Or(cmp.Compare(f.Preemptions, g.Preemptions), cmp.Compare(len(f.Schedule), len(g.Schedule))) < 0
}

// total returns how many schedules have shown it.
func (s *sighting) total() uint64 { return uint64(len(s.numbers)) + s.more }

// include adds what other has seen in schedules numbered below a limit; here their numbers begin at base.
func (s *sightings) include(other *sightings, base, below uint64) {
	s.unknown.include(&other.unknown, base, below)
	for class, theirs := range other.classes {
		s.of(class).include(theirs, base, below)
	}
}

func (s *sighting) include(other *sighting, base, below uint64) {
	for _, number := range other.numbers {
		if number < below {
			s.count(base + number)
		}
	}
	s.more += other.more
	for _, f := range other.lightest {
		if f.number < below {
			f.number += base
			s.keep(f)
		}
	}
}

// first returns the lowest number that showed a class, or any class if class is "".
func (s *sightings) first(class string) (number uint64, any bool) {
	number = everything
	for name, seen := range s.classes {
		if (class == "" || name == class) && len(seen.lightest) > 0 {
			number, any = min(number, seen.lightest[0].number), true
		}
	}
	return number, any
}

// findings returns one finding for each class, in the order in which the classes were first seen: the lightest one, with the
// strategy that saw the class first.
func (s *sightings) findings() (all []Finding) {
	var seen []*sighting
	for _, one := range s.classes {
		if len(one.lightest) > 0 {
			seen = append(seen, one)
		}
	}
	slices.SortFunc(seen, func(a, b *sighting) int { return cmp.Compare(a.lightest[0].number, b.lightest[0].number) })
	for _, one := range seen {
		first, f := one.lightest[0], one.lightest[len(one.lightest)-1].Finding
		f.Strategy, f.After, f.Count = first.Strategy, first.number+1, one.total()
		all = append(all, f)
	}
	return all
}
