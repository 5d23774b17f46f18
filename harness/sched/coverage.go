package sched

import (
	"cmp"
	"slices"

	"github.com/racewindow/racewindow/failpoints"
)

// Coverage is what the executions of a search had of the program: how much of it they passed, and how differently.
type Coverage struct {
	// Executions is how many of the schedules the other figures look at: one in CoverageEvery.
	Executions uint64 `json:"coverage_schedules"`
	Every      int    `json:"coverage_every"`
	// PartialOrders counts schedules as one that differ only in the order of events that do not conflict: the traces of
	// Mazurkiewicz. An event is what a thread does after a point; it conflicts with another thread's as the catalogue has it.
	// What the catalogue does not know conflicts with everything. Up to 4 million are kept.
	PartialOrders uint64 `json:"distinct_partial_orders"`
	// Unseen estimates how likely one more random schedule is to show a new partial order (Good and Turing: the share of those
	// that were seen once). It is 0 where every schedule of the last bound was executed, or none was drawn at random.
	Unseen float64 `json:"unseen_estimate"`
	// Points are those that threads passed.
	Points []PointCount `json:"points"`
	// Crossings are windows in which another thread did something that conflicts.
	Crossings []Crossing `json:"window_crossings"`
	// Pairs counts the pairs of points that followed each other in different threads.
	Pairs int `json:"failpoint_pairs"`
}

// A PointCount says how often a point was passed, and how many events of other threads came at the most while one stood there.
type PointCount struct {
	Point     string `json:"point"`
	Count     uint64 `json:"count"`
	Overtaken int    `json:"overtaken_by,omitempty"`
}

// A Crossing says that a thread stood at Window, between that point and its next, while another one completed what follows By,
// which conflicts with what the first one did then.
type Crossing struct {
	Window string `json:"window"`
	By     string `json:"by"`
	Count  uint64 `json:"count"`
}

// A follower looks at the traces of one worker. Points are numbered as they come, so that its tables stay small.
type follower struct {
	numbers  []int16 // by an arrival's code
	points   []use
	writes   []uint64 // by resource: the hash of the last one in this execution
	names    map[string]int
	crossed  []uint64 // window by point
	followed []uint64 // point by point
	stride   int

	threads []following
}

// A use is a point: what the code after it touches.
type use struct {
	code     uint16
	resource int32
	writes   bool
	passed   uint64
	// overtaken is by how many events of others it was at the most.
	overtaken int32
}

// following is where a thread stands, -1 for at no point, since which event of the execution, and the hash of its last event.
type following struct {
	stands int16
	since  int32
	last   uint64
}

// coverageEvery is 1: following costs less than a tenth of an execution.
const coverageEvery = 1

// unknown is the number of the resource of points that the catalogue does not know.
const unknown = 0

func newFollower() *follower {
	return &follower{names: map[string]int{"": unknown}, writes: make([]uint64, 1)}
}

// follow counts one trace and returns its fingerprint, which does not depend on the order of events that do not conflict: each
// event's hash holds its thread's event before and the last write of its resource, and they are summed.
func (f *follower) follow(trace []step, threads int) (fingerprint uint64) {
	f.reset(threads)
	previous, previousThread := int16(-1), int16(-1)
	events := int32(0)
	for _, s := range trace {
		if s.from >= 0 {
			from := &f.threads[s.from]
			from.stands, from.since = f.number(s.at), events
		}
		t := &f.threads[s.to]
		n := t.stands
		if n < 0 {
			continue
		}
		t.stands = -1
		u := &f.points[n]
		u.passed++
		u.overtaken = max(u.overtaken, events-t.since)
		events++
		t.last = f.hash(u, s.to, t.last)
		fingerprint += t.last
		for i := range f.threads {
			if w := f.threads[i].stands; w >= 0 && u.conflicts(&f.points[w]) {
				f.crossed[int(w)*f.stride+int(n)]++
			}
		}
		if previous >= 0 && previousThread != s.to {
			f.followed[int(previous)*f.stride+int(n)]++
		}
		previous, previousThread = n, s.to
	}
	return fingerprint
}

func (f *follower) reset(threads int) {
	f.threads = f.threads[:0]
	for range threads {
		f.threads = append(f.threads, following{stands: -1})
	}
	clear(f.writes)
}

// conflicts is Conflict.
func (u *use) conflicts(v *use) bool {
	return u.resource == v.resource && (u.writes || v.writes) || u.resource == unknown || v.resource == unknown
}

// hash is that of an event, and notes the event at its resource if it is a write. That is enough: a read and a write of one
// resource are in another order just if the read has another write before it. All that is known reads what is unknown, and so
// conflicts with it and not with what else is known.
func (f *follower) hash(u *use, thread int16, before uint64) uint64 {
	event := uint64(u.code)<<16 + uint64(thread) + 1
	h := mix(before*0x9e3779b97f4a7c15 + event*0xd1342543de82ef95 + f.writes[unknown]*0xaf251af3b0f025b5 + f.writes[u.resource]*0xb564ef22ec7aece5)
	if u.writes {
		f.writes[u.resource] = h
	}
	return h
}

// mix is the finaliser of SplitMix64. Its results times odd numbers, added, are as good a hash as its results.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func (f *follower) number(code uint16) int16 {
	if int(code) < len(f.numbers) && f.numbers[code] >= 0 {
		return f.numbers[code]
	}
	p := pointOf(code)
	if p == nil {
		return -1
	}
	for len(f.numbers) <= int(code) {
		f.numbers = append(f.numbers, -1)
	}
	name, how := p.Resource()
	r, ok := f.names[name]
	if !ok {
		r = len(f.writes)
		f.names[name], f.writes = r, append(f.writes, 0)
	}
	n := len(f.points)
	f.numbers[code] = int16(n)
	f.points = append(f.points, use{code: code, resource: int32(r), writes: name == "" || how == failpoints.Writes})
	if n >= f.stride {
		f.widen()
	}
	return int16(n)
}

// widen doubles the tables.
func (f *follower) widen() {
	stride := max(16, 2*f.stride)
	grown := func(old []uint64) []uint64 {
		table := make([]uint64, stride*stride)
		for i := range f.stride {
			copy(table[i*stride:], old[i*f.stride:(i+1)*f.stride])
		}
		return table
	}
	f.crossed, f.followed, f.stride = grown(f.crossed), grown(f.followed), stride
}

// A covered is what the workers of a search have seen together.
type covered struct {
	executions uint64
	sampled    uint64          // executions that were drawn at random
	orders     map[uint64]bool // whether it was seen more than once, or in an enumeration
	singles    uint64
	points     map[uint16]uint64
	overtaken  map[uint16]int32
	crossed    map[[2]uint16]uint64
	followed   map[[2]uint16]struct{}
}

func newCovered() *covered {
	return &covered{orders: map[uint64]bool{}, points: map[uint16]uint64{}, overtaken: map[uint16]int32{}, crossed: map[[2]uint16]uint64{}, followed: map[[2]uint16]struct{}{}}
}

// add takes over what a worker has followed since the last time.
func (c *covered) add(f *follower, fingerprints []uint64, random bool) {
	for _, h := range fingerprints {
		c.see(h, random)
	}
	for i := range f.points {
		from := &f.points[i]
		c.points[from.code] += from.passed
		c.overtaken[from.code] = max(c.overtaken[from.code], from.overtaken)
		from.passed = 0
		for j := range f.points {
			pair := [2]uint16{from.code, f.points[j].code}
			if n := &f.crossed[i*f.stride+j]; *n > 0 {
				c.crossed[pair] += *n
				*n = 0
			}
			if n := &f.followed[i*f.stride+j]; *n > 0 {
				c.followed[pair] = struct{}{}
				*n = 0
			}
		}
	}
}

func (c *covered) see(order uint64, random bool) {
	c.executions++
	if random {
		c.sampled++
	}
	again, known := c.orders[order]
	switch {
	case !known && len(c.orders) >= maxDistinct:
	case !known:
		c.orders[order] = !random
		if random {
			c.singles++
		}
	case !again:
		c.orders[order] = true
		c.singles--
	}
}

func (c *covered) coverage() Coverage {
	all := Coverage{Executions: c.executions, Every: coverageEvery, PartialOrders: uint64(len(c.orders)), Pairs: len(c.followed)}
	if c.sampled > 0 {
		all.Unseen = float64(c.singles) / float64(c.sampled)
	}
	for code, n := range c.points {
		if n > 0 {
			all.Points = append(all.Points, PointCount{pointOf(code).Name(), n, int(c.overtaken[code])})
		}
	}
	for pair, n := range c.crossed {
		all.Crossings = append(all.Crossings, Crossing{pointOf(pair[0]).Name(), pointOf(pair[1]).Name(), n})
	}
	slices.SortFunc(all.Points, func(a, b PointCount) int { return cmp.Compare(a.Point, b.Point) })
	slices.SortFunc(all.Crossings, func(a, b Crossing) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Window, b.Window), cmp.Compare(a.By, b.By))
	})
	return all
}
