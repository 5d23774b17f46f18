package driver

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// Time passes when all threads wait. Where timers are choices, the next timer may also fire earlier: then the clock is a
// candidate, and a thread of the schedule that goes on for one step. Its places are named after the thread that set the
// timer: clock@serve.timer#1.

// clockName is the clock's name in schedules. Goroutines other than main have a slash in their names.
const clockName = "clock"

// slowest is how long a goroutine may take for a step while a timer fires by choice. The leases and timeouts that a
// paused process misses are shorter. An hour passes when all wait, but not between two steps.
const slowest = int64(time.Minute)

// mayFire says whether a timer may fire now by choice.
func (m *mechanism) mayFire() bool {
	if m.seen.timers && !m.timing || m.play == nil && m.threads[bubble.Clock].Cases == 0 {
		return false
	}
	if m.ended() && (!m.timing || m.seen.oneOrder) { // there, time passes only when all wait
		return false
	}
	t, any := bubble.NextTimer()
	if any {
		_, now := bubble.Next()
		any = t.When-now <= slowest
	}
	if m.ended() {
		m.seen.oneOrder = any
		return false
	}
	m.seen.timers = m.seen.timers || any
	return any && m.timing
}

// turn is how long a step takes when threads take turns: longer than in reality, but so short that no timeout of seconds
// expires.
const turn = int64(time.Microsecond)

// sleepSlowly divides the time that a sleep has taken, while others go on: a turn takes so much longer then.
const sleepSlowly = 256

// turnTakesTime makes a timer fire eventually while a thread repeats a loop that reads no clock. When half of the turns are over, time
// passes faster and faster for loops that read the clock, and until a thread that sleeps wakes: the others may go on until it stops them.
func (m *mechanism) turnTakesTime() {
	if !m.chooser.TakesTurns() {
		return
	}
	hurries := m.play == nil && m.chooser.Hurries()
	when, now := bubble.Next()
	if hurries && !m.state.Hurries {
		m.state.Hurries = true
		m.sleep, _ = bubble.Awaited(now + slowest)
	}
	switch {
	case when == 0:
	case hurries && now < m.sleep.When:
		takes := min(turn+m.slept/sleepSlowly, m.sleep.When-now)
		m.slept += takes
		bubble.Advance(now + takes)
	default:
		bubble.Advance(now + turn)
	}
}

// fire lets the next timer fire, and returns the clock's candidate, which is at the timer's place.
func (m *mechanism) fire() *sched.Candidate {
	m.meet()
	c := &m.stands[bubble.Clock]
	*c = sched.Candidate{Thread: bubble.Clock, Point: sched.AtOp, Resource: sched.Everything, Writes: true, Action: sched.Fires}
	t, any := bubble.NextTimer()
	if !any {
		return c // it was there when the clock was chosen
	}
	at := &m.threads[bubble.Clock]
	at.PC, at.Op = t.PC, t.Op
	if t.PC != 0 {
		c.Point = m.point(at)
	}
	text := m.timer(t)
	m.seen.fired = append(m.seen.fired, text)
	if m.chooser.Noting() || m.noting {
		m.chooser.Note(sched.Note{Thread: clockName, Text: "early: " + text})
	}
	bubble.Advance(t.When)
	return c
}

// fail reports a failure to the chooser.
func (m *mechanism) fail(f *sched.Failure) { m.chooser.Fail(m.timed(f)) }

// shortly is how much time may pass while others go on, until a failure counts as one of timing. A single step may take that long.
const shortly = int64(time.Millisecond)

// timed marks a failure before which time passed although others could go on, because a goroutine polled the clock or slept.
func (m *mechanism) timed(f *sched.Failure) *sched.Failure {
	clock := &m.threads[bubble.Clock]
	switch {
	case f == nil || f.Kind == sched.Unusable || m.play != nil:
	case clock.Late:
		f.Timing = true
		name, file, line := pointAt(clock.At, "Now")
		m.seen.polls = fmt.Sprintf("%s (%s:%d) reads the clock in a loop", name, file, line)
	case m.slept > shortly:
		f.Timing = true
		m.seen.polls = m.timer(m.sleep) + " ends"
	}
	return f
}

// timer describes a timer: what it is, for how long, and who set it.
func (m *mechanism) timer(t bubble.Timer) string {
	length := time.Duration(t.Length) // includes how far reading the clock has moved it
	if length > time.Millisecond {
		length = length.Round(time.Microsecond)
	}
	text := fmt.Sprintf("the %s of %v that %s set", operations[t.Op].name, length, m.Name(int(t.Thread)))
	if t.PC == 0 {
		return text
	}
	name, file, line := pointAt(t.PC, operations[t.Op].name)
	return fmt.Sprintf("%s at %s (%s:%d)", text, name, file, line)
}

// fireTimers searches once more, for a quarter as long, with timers as choices, and reports what only this search finds.
func (t *test) fireTimers(before []sched.Finding) {
	o := t.options()
	o.Schedules, o.Budget = (o.Schedules+3)/4, o.Budget/4
	o.Progress, t.sights.oneOrder = t.progress, false
	found, err := sched.SearchMechanism(context.Background(), t.timed, o)
	told := &drive.PlainTiming{Because: found.Ended, Statistics: found.Statistics, Exhausted: found.Exhausted, OneOrder: t.sights.oneOrder}
	if err != nil {
		told.Because, told.Exhausted = err.Error(), nil
	}
	t.summary.Timing = told
	if t.strayed = cmp.Or(t.strayed, found.Differed); found.Differed != "" {
		t.summary.Strayed = t.strayed + t.sights.hint()
	}
	known := map[string]bool{}
	for _, f := range before {
		known[untimed(f.Failure)] = true
	}
	all := distinct(found.Findings)
	for i, f := range all {
		f = t.withoutTimers(f)
		if class := untimed(f.Failure); known[class] {
			continue
		}
		known[untimed(f.Failure)] = true
		before := t.summary.Findings
		if t.found(f, len(all)-i-1); t.summary.Findings == before {
			continue
		}
		if f.Failure.Timing {
			told.Findings++
		}
		t.summary.Verdict = drive.FoundSome
	}
}

// withoutTimers returns a finding with the same failure in which time passes only when all wait; f if there is none.
func (t *test) withoutTimers(f sched.Finding) sched.Finding {
	if !f.Schedule.Fires(clockName) {
		return f
	}
	runner := sched.NewMechanismRunner(t.mechanism, t.options())
	for _, schedule := range []sched.Schedule{f.Schedule.Without(clockName), nil} {
		out := runner.Run(sched.Follow(schedule), false)
		for _, failure := range append([]*sched.Failure{out.Failure}, out.Beside...) {
			if failure != nil && untimed(failure) == untimed(f.Failure) {
				f.Failure, f.Schedule, f.Preemptions = failure, out.Schedule, out.Preemptions
				return f
			}
		}
	}
	return f
}

// untimed returns the class of a failure without the mark that timers fired early.
func untimed(f *sched.Failure) string {
	plain := *f
	plain.Timing = false
	return plain.Class()
}
