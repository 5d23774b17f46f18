package sched

import "fmt"

// reduced executes one schedule of a reduction, and notes which states it passes.
//
// A state is known by what led to it up to the order of independent steps, its happens-before relation, as the states of CHESS are
// (Musuvathi and Qadeer, Iterative Context Bounding for Systematic Testing of Multithreaded Programs, PLDI 2007): after the same steps
// in another order each thread stands where it stood, and can go on as it could. So what follows a state need be executed once,
// and that with the fewest preemptions. Nothing is lost within a bound. (Sleep sets lose schedules: the one that they leave out
// as executed before may have spent one preemption too many.)
//
// Each step has a hash, of the step before it in its thread and of the last write of what it touches, as for coverage. The hash
// of a state is the sum of the hashes of its steps. Some order is kept besides:
//   - between the end of an operation and the beginning of another one, because judges go by time;
//   - between all steps and a step that begins and ends an operation and comes to no point, or in which the scenario itself shares
//     something (Execution.Shares), or whose point does not declare what it touches.
//
// A thread that has waited for the clock reads it, which no declaration says: such programs are not reduced.
//
// What points declare must be all that the steps after them touch. A state that was reached twice is therefore compared: threads
// that stand elsewhere contradict the declarations.
type reduced struct {
	of    *reduction
	vary  variant
	place int // in the batch

	chooser *Chooser
	knows   interface{ alsoTouches(PointID) []touch } // nil if points declare one resource alone
	prefix  []turning
	moments []moment
	keys    []stateKey // of the candidates of all moments after the prefix
	spent   int
	strange bool // something came to pass that a reduction cannot judge

	stands []standing // by thread
	writes []sum      // by resource
	all    sum        // of all steps
	ended  sum        // of the ends of operations
	ran    int        // the thread that went on last
	from   PointID    // and from where
}

// A moment is a choice. came is where all threads stood and which could go on, and from where the one that ran before had gone on.
type moment struct {
	state, came sum
	from        PointID

	at, many int // in reduced.keys
	taken    uint16
	current  int16 // the index of the thread that stopped, -1 if it could not go on
	free     bool  // a switch cost nothing
	spent    int32 // before it
}

// A standing is where a thread stands, what it touches next, and the hash of what it did last.
type standing struct {
	at     PointID
	touch  touch
	also   []touch
	last   sum
	begins bool // its last step began an operation
}

// A touch is a resource, and in the lowest bit whether it is written.
type touch uint32

func newTouch(r Resource, writes bool) touch {
	t := touch(r) << 1
	if writes {
		t |= 1
	}
	return t
}

func (t touch) resource() Resource { return max(Resource(t>>1), Everything) }

func (t touch) writes() bool { return t&1 != 0 || t.resource() == Everything }

// A sum is a hash of 128 bits: no two states of a search have the same by chance.
type sum [2]uint64

func (s sum) plus(more sum) sum { return sum{s[0] + more[0], s[1] + more[1]} }

// hashed mixes numbers, each half in its own way.
func hashed(word uint64, all ...sum) (h sum) {
	h = sum{mix(word + 0x9e3779b97f4a7c15), mix(word ^ 0xd1342543de82ef95)}
	for _, s := range all {
		h[0] = mix(h[0]*0xaf251af3b0f025b5 + s[0])
		h[1] = mix(h[1]*0xb564ef22ec7aece5 + s[1] + s[0]>>32)
	}
	return h
}

// A stateKey is a state, and the same with the thread whose step led to it.
type stateKey struct{ state, with sum }

const (
	hashOfClient = iota << 32
	hashOfTask
	hashOfEnd
	hashOfShared
	hashOfStep
)

func (r *reduced) Name() string { return fmt.Sprintf("bounded(%d)", r.of.bound) }

func (r *reduced) Begin() bool {
	r.moments, r.keys, r.stands, r.spent, r.strange = r.moments[:0], r.keys[:0], r.stands[:0], 0, false
	r.all, r.ended, r.ran = sum{}, sum{}, NoThread
	clear(r.writes)
	r.prefix = r.vary.prefix(r.prefix[:0])
	return true
}

// Next repeats the prefix, then takes the candidates that cost nothing.
func (r *reduced) Next(c *Choice) int {
	r.chooser = c.chooser
	r.knows, _ = c.chooser.mechanism.(interface{ alsoTouches(PointID) []touch })
	n, taken := len(r.moments), c.Default()
	if n < len(r.prefix) {
		taken = int(r.prefix[n].taken)
		if before := int(r.prefix[n].many); before != len(c.Enabled) {
			c.strayed(before)
			return -1
		}
	}
	r.arrive(c)
	m := moment{at: len(r.keys), many: len(c.Enabled), taken: uint16(taken), current: int16(c.Current), free: c.Current < 0 || c.Boundary, spent: int32(r.spent)}
	m.state, m.came, m.from = r.all, r.came(c), r.from
	r.strange = r.strange || c.chooser.jumps > 0 // what a thread reads on the clock is in no declaration
	for i := range c.Enabled {
		r.strange = r.strange || c.Enabled[i].Action == Pauses || c.Enabled[i].Action == Fires
		if n >= len(r.prefix) {
			h := r.step(c.Enabled[i].Thread)
			state := r.all.plus(h)
			r.keys = append(r.keys, stateKey{state, hashed(hashOfStep, state, h)})
		}
	}
	r.spent += int(m.cost(taken))
	r.moments = append(r.moments, m)
	r.goOn(c.Enabled[taken].Thread)
	return taken
}

// arrive takes in where the thread that went on last has stopped, and the threads that it started.
func (r *reduced) arrive(c *Choice) {
	shared := c.chooser.shared
	c.chooser.shared = false
	if s := c.chooser.stopped; r.ran >= 0 && s.Thread == r.ran {
		t := &r.stands[r.ran]
		t.at, t.touch, t.also = s.Point, newTouch(s.Resource, s.Writes), nil
		if r.knows != nil && s.Point >= firstPoint {
			t.also = r.knows.alsoTouches(s.Point)
		}
		if s.Point < firstPoint {
			r.ended = r.ended.plus(hashed(hashOfEnd, t.last))
			shared = shared || t.begins
		}
		if shared {
			t.last = hashed(hashOfShared, t.last, r.write(Everything))
			r.all = r.all.plus(t.last)
			r.setWrite(Everything, t.last)
		}
	}
	for born := 0; len(r.stands) < c.chooser.mechanism.Threads(); born++ {
		t := standing{at: AtStart, last: hashed(hashOfClient + uint64(len(r.stands)))}
		if r.ran >= 0 {
			t.last = hashed(hashOfTask+uint64(born), r.stands[r.ran].last)
		}
		r.stands = append(r.stands, t)
	}
}

// step is the hash of what a thread does next.
func (r *reduced) step(thread int) sum {
	t := &r.stands[thread]
	word := hashOfStep + uint64(t.at)<<1 | uint64(t.touch&1)
	if t.at < firstPoint {
		return hashed(word, t.last, r.write(Everything), r.ended)
	}
	h := hashed(word, t.last, r.write(Everything), r.write(t.touch.resource()))
	for _, also := range t.also {
		h = hashed(hashOfStep|uint64(also), h, r.write(also.resource()))
	}
	return h
}

// goOn takes in a step.
func (r *reduced) goOn(thread int) {
	h, t := r.step(thread), &r.stands[thread]
	r.from = t.at
	r.all = r.all.plus(h)
	t.last, t.begins = h, t.at < firstPoint
	if !t.begins {
		r.touches(t.touch, h)
		for _, also := range t.also {
			r.touches(also, h)
		}
	}
	r.ran = thread
}

// came is where all threads stand, and which can go on.
func (r *reduced) came(c *Choice) (all sum) {
	for i := range r.stands {
		t := &r.stands[i]
		all = all.plus(hashed(uint64(t.at)<<32|uint64(t.touch), t.last))
	}
	for i := range c.Enabled {
		all = all.plus(hashed(hashOfStep, r.stands[c.Enabled[i].Thread].last))
	}
	return all
}

func (r *reduced) touches(t touch, h sum) {
	if t.writes() {
		r.setWrite(t.resource(), h)
	}
}

func (r *reduced) write(at Resource) sum {
	if int(at) < len(r.writes) {
		return r.writes[at]
	}
	return sum{}
}

func (r *reduced) setWrite(at Resource, h sum) {
	for len(r.writes) <= int(at) {
		r.writes = append(r.writes, sum{})
	}
	r.writes[at] = h
}

// cost is what taking a candidate spends.
func (m *moment) cost(taken int) int32 {
	if m.free || taken == int(m.current) {
		return 0
	}
	return 1
}

// End hands over what the schedule has passed.
func (r *reduced) End(int, bool) {
	declares, able := r.chooser.mechanism.(interface{ Declares() bool })
	r.of.executed(r, able && declares.Declares() && !r.strange)
}
