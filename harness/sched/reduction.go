package sched

import (
	"fmt"
	"slices"
	"sync"
)

// A reduction enumerates schedules up to the order of independent steps (strategy_reduced.go), those with fewer preemptions first. Each
// schedule shows others that differ from it at one choice; what leads to a state that was reached before, with no more preemptions,
// is left. Schedules are executed in batches, the newest first, so that any number of workers executes the same ones.
type reduction struct {
	bound int
	limit uint64 // of schedules; 0 for none

	mu      sync.Mutex
	changed sync.Cond
	open    [][]variant    // by what they spend, not in a batch yet
	least   map[sum]uint16 // what is spent where a state was reached, or will be: by any thread, and by one
	came    map[sum]sum    // by state: where threads stood
	against *PointID       // a step from there contradicts what points declare
	spends  int            // what the schedules of the batch spend
	batch   []variant
	given   int       // of the batch
	shown   [][]shows // by the schedules of the batch
	over    int       // schedules of the batch that were executed
	before  uint64    // in earlier batches
	drained []uint64  // how many there were when a bound was exhausted

	closed    bool
	whole     bool // nothing is left within the bound
	unsuited  bool // the program is one that cannot be reduced
	limited   bool // more were left than the limit allows
	abandoned bool
	capped    bool // something was left out because of the bound
	unjudged  int  // schedules that came to the step limit
}

const (
	// mostBatch schedules are executed before what they show is looked at.
	mostBatch = 128
	// mostStatesKept bounds the memory, to about a gigabyte. States beyond are reached again and again.
	mostStatesKept = 1 << 24
)

// shows is what a schedule shows at one choice: the variants there, and the state to which it went on.
type shows struct {
	state, came sum
	from        PointID
	reached     stateKey
	spent       int32
	others      []variant
}

// A fork is a choice of a schedule that others may share up to there. Those that nobody can come back to are garbage.
type fork struct {
	parent *fork // nil for the first choice
	by     turning
	many   uint16
}

// A turning is the candidate that was taken at a choice, and of how many.
type turning struct{ taken, many uint16 }

// A variant is a schedule to execute: up to a choice as others were, then with another candidate. The zero value is the first
// schedule.
type variant struct {
	at    *fork
	taken uint16
	spent int32 // with the step that it takes there
	to    stateKey
}

// prefix appends the choices of a variant, up to where it differs.
func (v variant) prefix(all []turning) []turning {
	if v.at == nil {
		return all
	}
	all = append(all, turning{v.taken, v.at.many})
	for f := v.at; f.parent != nil; f = f.parent {
		all = append(all, f.by)
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func newReduction(bound int, limit uint64) *reduction {
	x := &reduction{bound: bound, limit: limit, open: make([][]variant, bound+1), least: map[sum]uint16{{}: 0}, came: map[sum]sum{}}
	x.open[0] = []variant{{}}
	x.changed.L = &x.mu
	return x
}

// take gives a worker its next schedule, and waits for one if others may still ask for some.
func (x *reduction) take(own *reduced) (Strategy, uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for {
		switch {
		case x.closed:
			return nil, 0
		case x.given < len(x.batch):
			own.vary, own.place = x.batch[x.given], x.given
			x.given++
			own.Begin()
			return own, x.before + uint64(own.place)
		case x.over < len(x.batch):
			x.changed.Wait()
		default:
			x.gather()
		}
	}
}

// gather takes in what the schedules of the batch have shown, in their order, and makes the next batch.
func (x *reduction) gather() {
	x.before += uint64(len(x.batch))
	for _, shown := range x.shown {
		x.expand(shown)
	}
	x.batch, x.given, x.over = x.batch[:0], 0, 0
	for len(x.batch) == 0 && x.spends <= x.bound {
		if x.fill(); len(x.batch) == 0 {
			x.drained = append(x.drained, x.before)
			x.spends++
			if !x.more() {
				break
			}
		}
	}
	x.whole = len(x.batch) == 0
	if n := uint64(len(x.batch)); x.limit > 0 && n > x.limit-x.before {
		x.batch, x.limited = x.batch[:x.limit-x.before], true
	}
	x.shown = make([][]shows, len(x.batch))
	if len(x.batch) == 0 || x.unjudged >= mostUnjudged || x.against != nil {
		x.end()
	}
	x.changed.Broadcast()
}

// fill takes the newest schedules that spend as much as those before. Some were found again with fewer preemptions.
func (x *reduction) fill() {
	open := &x.open[x.spends]
	for len(*open) > 0 && len(x.batch) < mostBatch {
		last := len(*open) - 1
		if v := (*open)[last]; !x.reached(v.to, v.spent-1) {
			x.batch = append(x.batch, v)
		}
		(*open)[last] = variant{}
		*open = (*open)[:last]
	}
}

// more says whether schedules are left that spend more.
func (x *reduction) more() bool {
	for _, open := range x.open[min(x.spends, len(x.open)):] {
		if slices.ContainsFunc(open, func(v variant) bool { return !x.reached(v.to, v.spent-1) }) {
			return true
		}
	}
	return false
}

// expand keeps the variants of a schedule, up to where it came to a state that was reached before.
func (x *reduction) expand(shown []shows) {
	for _, at := range shown {
		x.compare(at)
		for _, v := range at.others {
			switch {
			case x.reached(v.to, v.spent):
			case int(v.spent) > x.bound:
				x.capped = true
			default:
				x.reach(v.to, v.spent)
				x.open[v.spent] = append(x.open[v.spent], v)
			}
		}
		if x.reached(at.reached, at.spent) {
			return
		}
		x.reach(at.reached, at.spent)
	}
}

// compare holds where threads stand in a state against where they stood when it was reached before.
func (x *reduction) compare(at shows) {
	before, known := x.came[at.state]
	switch {
	case known && before != at.came && x.against == nil:
		x.against = &at.from
	case !known && len(x.came) < mostStatesKept:
		x.came[at.state] = at.came
	}
}

// reached says whether a state was reached with no more preemptions, so that all that follows was, or will be, executed from there.
// If another thread's step led there, one preemption less will do: it switches to the thread that went on here.
func (x *reduction) reached(to stateKey, spent int32) bool {
	least, known := x.least[to.with]
	if known && int32(least) <= spent {
		return true
	}
	least, known = x.least[to.state]
	return known && int32(least) < spent
}

func (x *reduction) reach(to stateKey, spent int32) {
	for _, key := range [2]sum{to.with, to.state} {
		if least, known := x.least[key]; !known && len(x.least) < mostStatesKept || known && uint16(spent) < least {
			x.least[key] = uint16(spent)
		}
	}
}

func (x *reduction) end() {
	x.closed, x.batch, x.given, x.over = true, nil, 0, 0
	x.changed.Broadcast()
}

// executed takes what a schedule has shown. suits says whether the program can be reduced.
func (x *reduction) executed(r *reduced, suits bool) {
	var shown []shows
	if suits {
		shown = r.shows()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	if !suits {
		x.unsuited = true
		x.end()
		return
	}
	if r.chooser.TakesTurns() {
		x.unjudged++
	}
	x.shown[r.place] = shown
	if x.over++; x.over == len(x.batch) {
		x.changed.Broadcast()
	}
}

// shows lists the variants of a schedule at each choice after those that it shares.
func (r *reduced) shows() (all []shows) {
	path := r.path()
	for n := len(r.prefix); n < len(r.moments); n++ {
		m := &r.moments[n]
		at := shows{m.state, m.came, m.from, r.keys[m.at+int(m.taken)], m.spent + m.cost(int(m.taken)), nil}
		for i := range m.many {
			if i != int(m.taken) {
				at.others = append(at.others, variant{path[n], uint16(i), m.spent + m.cost(i), r.keys[m.at+i]})
			}
		}
		all = append(all, at)
	}
	return all
}

// path is the fork of each choice of the schedule: those that it shares, and its own.
func (r *reduced) path() []*fork {
	path := make([]*fork, len(r.moments))
	shared := len(r.prefix)
	if shared > 0 {
		for i, f := shared-1, r.vary.at; i >= 0; i, f = i-1, f.parent {
			path[i] = f
		}
	}
	for i := shared; i < len(path); i++ {
		f := &fork{many: uint16(r.moments[i].many)}
		if i > 0 {
			f.parent, f.by = path[i-1], turning{r.moments[i-1].taken, uint16(r.moments[i-1].many)}
		}
		path[i] = f
	}
	return path
}

// abandon ends the enumeration because it is worth no more schedules.
func (x *reduction) abandon() {
	x.mu.Lock()
	x.abandoned = true
	x.mu.Unlock()
	x.close()
}

// close ends the enumeration early.
func (x *reduction) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	x.changed.Broadcast()
}

// counts says whether what the schedule has shown counts: if the program cannot be reduced, another enumeration shows it.
func (x *reduction) counts() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.unsuited
}

// reduce enumerates all bounds up to the last one, up to the order of independent steps. suits says whether the program is one that
// can be reduced.
func (s *search) reduce(last int, limit uint64) (claims []Exhausted, suits bool) {
	x := newReduction(last, limit)
	defer s.enumerating(x, Within(last, s.options.Strategy))()
	s.run(s.options.Workers, false, func(int) func() (Strategy, uint64) {
		own := &reduced{of: x}
		return func() (Strategy, uint64) { return x.take(own) }
	})
	if x.unsuited {
		s.drawn, s.late = sightings{}, s.late[:0]
		return nil, false
	}
	executed := s.settleDrawn(x.before+uint64(x.given), false)
	if x.unjudged > 0 {
		s.noteUnjudged(x.spends)
	}
	if x.limited && executed == limit {
		s.endedBy(endedByLimit)
	}
	if x.against != nil {
		name, _, _ := s.points.At(*x.against)
		s.reject(&Failure{Kind: Unusable, Message: fmt.Sprintf("Options.Reduced: a thread that went on from %s stood elsewhere afterwards than after the same steps in another order: "+
			"declare (failpoints.Declare) all that the steps after its points touch, or nothing, or search without Reduced (racewindow explore --every-order)", name)})
		return nil, true
	}
	if x.abandoned || s.unjudged != nil {
		return nil, true
	}
	for bound, schedules := range x.drained {
		if schedules > executed { // a failure ended the search before
			break
		}
		complete := x.whole && !x.capped && bound == len(x.drained)-1
		claims = append(claims, Exhausted{Bound: bound, Schedules: schedules, MaxSteps: s.stats.MaxSteps, Complete: complete, Reduced: true})
		if !s.stopped.Load() {
			s.ended = s.options.everySchedule(bound)
		}
	}
	return claims, true
}
