package explore

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/racewindow/racewindow/harness/drive"
)

// The names of counts.
const (
	CountSchedules = "schedules"
	CountPrograms  = "programs"
	CountOrders    = "partial orders"
	CountCrashes   = "crashes"
	CountFaults    = "faults"
)

// Done says in numbers what an exploration did. What it saw is named by places and by powers of two, because drawn programs
// themselves would be new every time.
func (s *Summary) Done() drive.Done {
	d := drive.Done{
		Counts: map[string]uint64{CountSchedules: s.Statistics.Schedules, CountPrograms: uint64(s.Programs), CountOrders: s.Statistics.PartialOrders, "steps": s.Statistics.Steps},
		Points: map[string]uint64{}, Faults: s.Crashes.Came, Unnamed: s.Statistics.PartialOrders, Canary: s.Canary,
	}
	see := func(format string, arguments ...any) { d.Seen = append(d.Seen, fmt.Sprintf(format, arguments...)) }
	if c := s.Crashes; c.Moments > 0 {
		for name, n := range map[string]uint64{
			CountCrashes: c.Recoveries, CountFaults: c.Faults, "disks": c.Disks, "distinct disks": c.Distinct, "steps that could lose something": c.Unsynced,
		} {
			d.Counts[name] = n
		}
		d.Unnamed += c.Distinct
		see("programs with 2^%d disks", bits.Len64(c.Distinct/max(uint64(s.Programs), 1)))
	}
	for kind := range s.Crashes.Came {
		see("fault %s", kind)
	}
	for _, p := range s.Statistics.Points {
		d.Points[p.Point] = p.Count
		see("point %s", p.Point)
		see("at %s overtaken by 2^%d events", p.Point, bits.Len(uint(p.Overtaken)))
	}
	for _, c := range s.Statistics.Crossings {
		see("%s%s > %s", drive.PairPrefix, c.Window, c.By)
	}
	see("schedules of 2^%d steps", bits.Len(uint(s.Statistics.MaxSteps)))
	see("programs with 2^%d partial orders", bits.Len64(s.Statistics.PartialOrders/max(uint64(s.Programs), 1)))
	slices.Sort(d.Seen)
	return d
}
