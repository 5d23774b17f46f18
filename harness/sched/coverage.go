package sched

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Coverage says how much of the program the executions of a search passed, and in how many different orders.
type Coverage struct {
	// Executions is the number of schedules from which the other figures come: one in Every.
	Executions uint64 `json:"coverage_schedules"`
	Every      int    `json:"coverage_every"`
	// PartialOrders counts as one the schedules that differ only in the order of events that do not conflict (Mazurkiewicz
	// traces). An event is what a thread does after a point; Conflict says whether two events conflict, by the resource that
	// each point names first (not by failpoints.Declaration.Also). Up to 4 million are kept.
	PartialOrders uint64 `json:"distinct_partial_orders"`
	// Unseen estimates the probability that one more random schedule shows a new partial order (Good and Turing: the share of
	// those seen once). It is 0 if every schedule of the last bound was executed, or none was drawn at random.
	Unseen float64 `json:"unseen_estimate"`
	// Points are the points that threads passed. Undeclared names those without a declared resource: they conflict with every
	// point, so more orders are counted than there are.
	Points     []PointCount `json:"points"`
	Undeclared []string     `json:"undeclared_points,omitempty"`
	// Crossings are windows in which another thread did something that conflicts.
	Crossings []Crossing `json:"window_crossings"`
	// Pairs counts the pairs of points that followed each other in different threads.
	Pairs int `json:"failpoint_pairs"`
}

// UndeclaredWords says how many points have no declared resource, and what that means; "" if there are none.
func (c Coverage) UndeclaredWords() string {
	n := len(c.Undeclared)
	if n == 0 {
		return ""
	}
	shown := strings.Join(c.Undeclared[:min(n, 3)], ", ")
	if n > 3 {
		shown += ", ..."
	}
	return fmt.Sprintf("undeclared: %d of %d points (%s): each conflicts with every other; failpoints.Declare says what it touches", n, len(c.Points), shown)
}

// A PointCount says how often a point was passed, and the largest number of other threads' events while one thread stood there.
type PointCount struct {
	Point     string `json:"point"`
	Count     uint64 `json:"count"`
	Overtaken int    `json:"overtaken_by,omitempty"`
}

// A Crossing says that one thread stood at Window while another executed the event after By, and that this event conflicts with
// the next one of the first thread.
type Crossing struct {
	Window string `json:"window"`
	By     string `json:"by"`
	Count  uint64 `json:"count"`
}

// A follower computes coverage from the traces of one worker. It numbers points as they come, so that its tables stay small.
type follower struct {
	numbers  []int32 // by point, -1 for none yet
	points   []use
	writes   []uint64   // by resource: the hash of its last write in this execution
	crossed  pairCounts // window and point
	followed pairCounts // point and point

	threads []following
}

// A use is a point that was passed.
type use struct {
	id     PointID
	passed uint64
	// overtaken is the largest number of other threads' events executed while a thread waited here.
	overtaken int32
	unknown   bool // its resource was unknown at least once
}

// following is where a thread stands (-1 for at no point), the number of events of the execution when it stopped there, what it
// touches next, and the hash of its last event.
type following struct {
	stands  int32
	since   int32
	touches uint32
	came    bool // it has come to a point in this execution
	last    uint64
}

// coverageEvery is 1, because following costs less than a tenth of an execution.
const coverageEvery = 1

func newFollower() *follower { return &follower{} }

// follow counts one trace and returns its fingerprint, which does not depend on the order of events that do not conflict. Each
// event's hash covers the event before it in its thread and the last write of its resource; the fingerprint is their sum.
func (f *follower) follow(trace []step, threads int) (fingerprint uint64) {
	f.reset(threads)
	previous, previousThread := int32(-1), int16(-1)
	events := int32(0)
	all := f.threads
	for _, s := range trace {
		if s.from >= 0 {
			all[s.from].stop(f.number(s.point()), events, s.touches)
		}
		if s.is(picked) {
			continue
		}
		t := &all[s.to]
		n, touches := t.stands, t.touches
		if n < 0 {
			continue
		}
		t.stands = -1
		u := &f.points[n]
		u.passed++
		if by := events - t.since; by > u.overtaken {
			u.overtaken = by
		}
		if Resource(touches>>1) == Unknown {
			u.unknown = true
		}
		events++
		t.last = f.hash(u.id, touches, s.to, t.last)
		fingerprint += t.last
		for i := range all {
			if w := &all[i]; w.stands >= 0 && meet(touches, w.touches) {
				f.crossed.add(w.stands, n)
			}
		}
		if previous >= 0 && previousThread != s.to {
			f.followed.add(previous, n)
		}
		previous, previousThread = n, s.to
	}
	return fingerprint
}

func (t *following) stop(at, event int32, touches uint32) {
	t.stands, t.since, t.touches = at, event, touches
	t.came = t.came || at >= 0
}

func (f *follower) reset(threads int) {
	f.threads = f.threads[:0]
	for range threads {
		f.threads = append(f.threads, following{stands: -1})
	}
	clear(f.writes)
}

// meet is Conflict for what two steps touch.
func meet(a, b uint32) bool {
	ra, rb := Resource(a>>1), Resource(b>>1)
	return ra == rb && (a|b)&1 != 0 || ra <= Everything || rb <= Everything
}

// hash returns the hash of an event and, if it is a write, notes it at its resource. The last write is enough: if a read and a
// write of one resource change their order, then another write comes last before the read. An event of unknown resource writes
// Everything, and every event reads Everything.
func (f *follower) hash(at PointID, touches uint32, thread int16, before uint64) uint64 {
	r := max(touches>>1, uint32(Everything))
	for len(f.writes) <= int(r) {
		f.writes = append(f.writes, 0)
	}
	event := uint64(at)<<16 + uint64(thread) + 1
	h := mix(before*0x9e3779b97f4a7c15 + event*0xd1342543de82ef95 + f.writes[Everything]*0xaf251af3b0f025b5 + f.writes[r]*0xb564ef22ec7aece5)
	if touches&1 != 0 || Resource(r) == Everything {
		f.writes[r] = h
	}
	return h
}

// mix is the finaliser of SplitMix64. A sum of its results times odd numbers is as good a hash as one result.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

func (f *follower) number(id PointID) int32 {
	if id < firstPoint {
		return -1
	}
	for len(f.numbers) <= int(id) {
		f.numbers = append(f.numbers, -1)
	}
	if f.numbers[id] < 0 {
		f.numbers[id] = int32(len(f.points))
		f.points = append(f.points, use{id: id})
	}
	return f.numbers[id]
}

// pairCounts counts pairs of points, by a follower's numbers. Pairs of low numbers are in a table.
type pairCounts struct {
	table  []uint64
	stride int32
	others map[[2]int32]uint64
}

// mostStride bounds the table: 512 KiB.
const mostStride = 256

func (p *pairCounts) add(a, b int32) {
	if a|b < p.stride { // stride is a power of two
		p.table[a*p.stride+b]++
		return
	}
	p.addOther(a, b)
}

func (p *pairCounts) addOther(a, b int32) {
	if n := max(a, b); n < mostStride {
		stride := max(16, p.stride)
		for ; n >= stride; stride *= 2 {
			continue
		}
		table := make([]uint64, stride*stride)
		for i := range p.stride {
			copy(table[i*stride:], p.table[i*p.stride:(i+1)*p.stride])
		}
		p.table, p.stride = table, stride
		p.table[a*stride+b]++
		return
	}
	if p.others == nil {
		p.others = map[[2]int32]uint64{}
	}
	p.others[[2]int32{a, b}]++
}

// take passes the counts to give, and starts again at zero.
func (p *pairCounts) take(give func(a, b int32, n uint64)) {
	for i, n := range p.table {
		if n > 0 {
			give(int32(i)/p.stride, int32(i)%p.stride, n)
		}
	}
	for pair, n := range p.others {
		give(pair[0], pair[1], n)
	}
	clear(p.table)
	clear(p.others)
}

// A covered is what all workers of a search have seen.
type covered struct {
	executions uint64
	sampled    uint64          // executions that were drawn at random
	orders     map[uint64]bool // by fingerprint: true if seen more than once, or in an enumeration
	singles    uint64
	points     map[PointID]use
	crossed    map[[2]PointID]uint64
	followed   map[[2]PointID]struct{}
}

func newCovered() *covered {
	return &covered{orders: map[uint64]bool{}, points: map[PointID]use{}, crossed: map[[2]PointID]uint64{}, followed: map[[2]PointID]struct{}{}}
}

// add takes over what a worker has followed since the last call: the points that were passed and what came between. That
// includes schedules that the worker executed past the end of a part of the search.
func (c *covered) add(f *follower) {
	for i := range f.points {
		from := &f.points[i]
		all := c.points[from.id]
		c.points[from.id] = use{from.id, all.passed + from.passed, max(all.overtaken, from.overtaken), all.unknown || from.unknown}
		from.passed = 0
	}
	f.crossed.take(func(a, b int32, n uint64) { c.crossed[[2]PointID{f.points[a].id, f.points[b].id}] += n })
	f.followed.take(func(a, b int32, _ uint64) { c.followed[[2]PointID{f.points[a].id, f.points[b].id}] = struct{}{} })
}

// see counts the partial order of a schedule; random says whether it was drawn at random.
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

func (c *covered) coverage(points *Points) Coverage {
	all := Coverage{Executions: c.executions, Every: coverageEvery, PartialOrders: uint64(len(c.orders)), Pairs: len(c.followed)}
	if c.sampled > 0 {
		all.Unseen = float64(c.singles) / float64(c.sampled)
	}
	for id, u := range c.points {
		if u.passed == 0 {
			continue
		}
		name := points.of(id).name
		all.Points = append(all.Points, PointCount{name, u.passed, int(u.overtaken)})
		if u.unknown {
			all.Undeclared = append(all.Undeclared, name)
		}
	}
	for pair, n := range c.crossed {
		all.Crossings = append(all.Crossings, Crossing{points.of(pair[0]).name, points.of(pair[1]).name, n})
	}
	slices.Sort(all.Undeclared)
	slices.SortFunc(all.Points, func(a, b PointCount) int { return cmp.Compare(a.Point, b.Point) })
	slices.SortFunc(all.Crossings, func(a, b Crossing) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Window, b.Window), cmp.Compare(a.By, b.By))
	})
	return all
}
