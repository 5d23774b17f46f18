package sched

import (
	"fmt"
	"time"
)

// An execution that does not end within the step limit is either unfair, or long, or a livelock. These rules tell the
// three apart:
//
//  1. From the limit on, the strategy is not asked any more. The threads take turns, for as many choices again, and so do the ways in
//     which a thread can go on. A schedule that only starved a thread, or a case of its select, then ends, and is judged like any other.
//  2. At the first turn the mechanism may know that the first thread can never go on: a deadlock.
//  3. If it does not end, it may be a livelock, provided that the second half of the turns repeated a cycle at least four times: the
//     same threads came to the same places, and their functions held the same (locals). A loop that counts its passes does not
//     repeat. What is held does not matter if more than longest passed on the clock meanwhile: nobody waits for such a count, and a
//     ticker's number of the hour would hide that all others wait for ever.
//  4. A count may be elsewhere than in the functions. So it is a livelock only if the scenario is usually much shorter: among a few
//     fair schedules (usualSteps) at least one ends, and none of those that end takes a tenth of this one. If none ends, it is one if
//     more than longest had passed on the clock already when the threads began to take turns: go test ends such a test.
//
// Everything else is the step limit: unknown. A timer that ticks while no client can go on is judged by the third rule alone,
// because time passes for it alone: after it has ticked the same way for half of the step limit, the clients are deadlocked.

// A turns records what threads do while they take turns, or while only timers tick.
type turns struct {
	watching bool
	last     int      // the thread that had the last turn
	ways     int      // how often a thread had several ways to go on: they take turns too
	seen     []uint64 // by step: a hash of the place it came to and of what was held there
	places   []step   // by step: where it came to
	clock    []int64  // by step: to when the clock had last been moved
	now      int64    // to when the clock was last moved
	began    int64    // to when it was first moved
	waited   int64    // how much time had passed so when threads began to take turns, in nanoseconds; 0 if somebody outside may end it
	circled  bool     // seen repeated itself when the execution was given up
	rounds   int      // how often seen did not repeat itself where nothing is chosen
	standing string   // where threads stood then
	after    string   // how much there had been then
}

func (u *turns) begin() {
	*u = turns{last: -1, seen: u.seen[:0], places: u.places[:0], clock: u.clock[:0]}
}

func (u *turns) forget() {
	u.watching, u.seen, u.places, u.clock = false, u.seen[:0], u.places[:0], u.clock[:0]
}

// see records the place that a step reached.
func (u *turns) see(stopped *Candidate, held uint64) {
	if u.watching {
		u.seen = append(u.seen, mix(held*0x9e3779b97f4a7c15+uint64(stopped.Point)<<16+uint64(stopped.Thread+1)))
		u.places = append(u.places, newStep(stopped, 0, 0))
		u.clock = append(u.clock, u.now)
	}
}

// circle says whether the second half of what was seen repeats itself.
func (u *turns) circle() bool {
	window := u.seen[len(u.seen)/2:]
	return len(window) >= leastRounds*period(window)
}

// longest is how long a test can be thought to wait for something: go test ends those that take so long.
const longest = 10 * time.Minute

// outlasts says whether the places at the end of what was seen repeat themselves, for longer on the clock than anybody waits. It looks at the
// second half, and then at shorter parts: time passes unevenly for who reads the clock (Hurries), and a tick may be left out.
func (u *turns) outlasts() bool {
	for from := len(u.clock) / 2; from < len(u.clock) && u.now-u.clock[from] > int64(longest); from = (from + len(u.clock) + 1) / 2 {
		if window := u.places[from:]; len(window) >= leastRounds*period(window) {
			return true
		}
	}
	return false
}

// takeTurn lets the next thread in order go on. The schedule's text does not list this step, because a replay with the same step
// limit takes the same turns.
func (c *Chooser) takeTurn() (thread int, ok bool) {
	choice := &c.choice
	if c.turnsAt < 0 {
		c.beginTurns()
	}
	if choice.Step >= c.turnsAt+c.limit {
		c.turns.circled = c.turns.circle() || c.turns.outlasts()
		c.giveUp(fmt.Sprintf("%d choices, the last %d of them with turns for each thread", len(c.trace), len(c.trace)-c.turnsAt))
		return 0, false
	}
	if choice.Step == c.turnsAt+1 && c.hopeless() {
		return 0, false
	}
	c.turns.watching = true
	next := choice.Enabled[0].Thread
	for i := range choice.Enabled {
		if e := &choice.Enabled[i]; e.Thread > c.turns.last {
			next = e.Thread
			break
		}
	}
	c.turns.last = next
	flags := ownTurn
	if choice.Current < 0 {
		flags |= waited
	}
	return c.goOn(next, flags)
}

// beginTurns is called when the strategy is asked no more.
func (c *Chooser) beginTurns() {
	c.turnsAt = c.choice.Step
	if m, is := c.mechanism.(interface{ WaitsOutside() bool }); is && !m.WaitsOutside() {
		c.turns.waited = c.turns.now - c.turns.began
	}
}

// hopeless fails the execution if its first thread can never go on.
func (c *Chooser) hopeless() bool {
	m, is := c.mechanism.(interface{ Hopeless() *Failure })
	if !is {
		return false
	}
	f := m.Hopeless()
	if f != nil {
		c.Fail(f)
	}
	return f != nil
}

// TakesTurns says whether the strategy is no longer asked. A mechanism may let time pass then, because a thread that never waits
// also starves one that waits for a moment.
func (c *Chooser) TakesTurns() bool { return c.turnsAt >= 0 }

// Hurries says whether half of the turns are over: a thread that waits for a moment would not see it if time did not pass faster.
func (c *Chooser) Hurries() bool { return c.TakesTurns() && len(c.trace) >= c.turnsAt+c.limit/2 }

func (c *Chooser) giveUp(after string) {
	c.turns.standing, c.turns.after = c.mechanism.Remaining(), after
	c.Fail(&Failure{Kind: StepLimit, Message: fmt.Sprintf("unknown: no end after %s; if that is honest work, raise Options.StepLimit, which is %d: %s",
		after, c.limit, c.turns.standing)})
}

// mostTicks is how often the clock may jump while no client goes on, before ticksForEver asks whether only timers tick.
func (c *Chooser) mostTicks() int { return max(c.limit/2, 64) }

// ticksForEver says whether only timers tick, always the same, while no client goes on.
func (c *Chooser) ticksForEver() bool {
	if c.jumps >= c.mostTicks()/4 {
		c.turns.watching = true
	}
	return c.jumps > 0 && c.jumps%c.mostTicks() == 0 && c.turns.circle()
}

const (
	// usualRuns is how many fair schedules are executed to find out how long a scenario usually is.
	usualRuns = 8
	// farLonger is how many times as long as usual a livelock is at least.
	farLonger = 10
)

const (
	// lingering is how many times the step limit the points are that threads may pass where nothing is chosen, before they take turns. They
	// are leastLingering at least.
	lingering      = 50
	leastLingering = 100_000
	// mostRounds is how often they take turns, for as many points as the step limit, before the part counts as long. A collection may
	// move a stack in one round, and the words on it that nobody uses look different then.
	mostRounds = 8
)

// Lingers counts a point that a thread comes to before or after the threads' part. It says whether the thread must stop there, because
// that part seems not to end.
//
//go:norace
func (c *Chooser) Lingers() bool {
	c.passes++
	return c.Lingering()
}

// Lingering says whether threads take turns where nothing is chosen.
//
//go:norace
func (c *Chooser) Lingering() bool {
	return c.passes >= c.lingersFrom() && c.turns.rounds < mostRounds
}

//go:norace
func (c *Chooser) lingersFrom() int { return max(lingering*c.limit, leastLingering) }

// passInTurn lets the next thread in order go on where nothing is chosen, for as many points as the step limit. A loop that asks for what
// another thread does, or for the time, then ends. If it does not, and all repeats itself, it may be a livelock; else it is asked again, and
// at last the part is long, and goes on as before.
func (c *Chooser) passInTurn(stopped *Candidate) (thread int, ok bool) {
	enabled := c.choice.Enabled
	if c.passes < c.lingersFrom()+(c.turns.rounds+1)*c.limit {
		c.turns.watching = true
		if at, _, any := c.mechanism.Due(); any && len(enabled) == 1 {
			c.mechanism.Jump(at)
		}
		next := enabled[0].Thread
		for i := range enabled {
			if enabled[i].Thread > stopped.Thread {
				next = enabled[i].Thread
				break
			}
		}
		return next, true
	}
	if c.turns.circle() {
		c.giveUpLingering(fmt.Sprintf("%d points %s, the last %d of them with turns for each thread", c.passes, c.part(), c.limit))
		return 0, false
	}
	c.turns.rounds++
	c.turns.forget()
	return enabled[0].Thread, true
}

// giveUpLingering gives an execution up in a part where nothing is chosen.
func (c *Chooser) giveUpLingering(after string) {
	c.turns.circled = c.turns.circle()
	c.giveUp(after)
	c.failure.lingers = true
}

// judgeCircle turns an execution that was given up into a livelock, if it is one.
func (w *worker) judgeCircle() {
	c := &w.chooser
	if !c.turns.circled || w.comparing {
		return
	}
	if w.usual < 0 {
		w.usual, w.usualPasses = w.usualSteps()
	}
	length, usual := len(c.trace), w.usual
	if c.failure.lingers {
		length, usual = c.passes, w.usualPasses
	}
	beside := fmt.Sprintf("where other schedules end after %d", usual)
	if usual == 0 && c.turns.waited > int64(longest) {
		beside = fmt.Sprintf("nor in the %v on the clock before these, and go test ends a test after %v", time.Duration(c.turns.waited).Round(time.Second), longest)
	} else if usual == 0 || length < farLonger*usual {
		return
	}
	c.failure = &Failure{Kind: Livelock, Step: c.failure.Step, Note: c.failure.Note, Timing: c.failure.Timing, lingers: c.failure.lingers, Message: fmt.Sprintf(
		"the threads go round in a circle: no end after %s, %s: %s", c.turns.after, beside, c.turns.standing)}
}

// part names the part of the execution in which nothing is chosen.
func (c *Chooser) part() string {
	if c.finished {
		return "after the threads have ended"
	}
	return "before the threads begin"
}

// usualSteps returns the choices of the longest among a few fair schedules that end, 0 if none does, and the most points that such a
// schedule passes after its threads have ended. For one scenario they are the same each time.
func (w *worker) usualSteps() (longest, passes int) {
	other := newWorker(w.another, w.chooser.points, w.chooser.limit)
	other.comparing, other.chooser.trail = true, w.chooser.trail
	left := usualRuns
	other.next = func() Strategy {
		if left--; left < 0 {
			return nil
		}
		if left == usualRuns-1 {
			return Follow(nil)
		}
		return newRandom(Parameters{Seed: uint64(left)})
	}
	other.judge = func(c *Chooser, s Strategy) {
		w.runs.Add(1) // tells the watchdog that something happens
		if c.finished && !c.TakesTurns() && (c.failure == nil || !c.failure.lingers) {
			longest, passes = max(longest, len(c.trace)), max(passes, c.passes)
		}
	}
	go other.loop()
	<-other.done
	return longest, passes
}
