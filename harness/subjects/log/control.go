package log

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

// A control is the controller of one thread. What other threads read of it is hidden from the race detector, so it orders no
// threads.
type control struct {
	run    *run
	name   string
	passes []raceoff.Number // by the ID of the point: how often the thread has reached it
	done   raceoff.Number   // operations that have ended
	begun  raceoff.Number   // 1 once the thread has reached its first operation
	ended  raceoff.Number   // 1 once the thread has nothing more to do
	held   []hold           // at failpoints
	edges  []hold           // between operations
	events []Event
	sink   *sched.T // takes the events of an execution under the scheduler
}

// A hold is a delay, from the side of the thread that it delays. A "while" makes two of them: the thread waits for the end of
// the operation, and the other thread waits before its beginning.
type hold struct {
	point, hit int // the point's ID; for edges, how many operations the thread has done
	sleep      time.Duration
	until      func() bool
	by         *control // who must make until true
	text       string
	came       *raceoff.Number // 1 once the thread has reached the place; nil for the other half of a "while"
}

// Yield counts the pass, which may release other threads, and waits if a hold says so.
func (c *control) Yield(_ context.Context, p *failpoints.Point) {
	if p.ID() >= len(c.passes) {
		return // a point outside the case, made since the run began
	}
	hit := int(c.passes[p.ID()].Add(1))
	c.note(p.Name())
	for i := range c.held {
		if h := &c.held[i]; h.point == p.ID() && h.hit == hit {
			c.wait(h)
		}
	}
}

// Fault delivers no fault.
func (c *control) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }

// Now stands still, except for the operation advance.
func (c *control) Now() time.Time { return epoch.Add(time.Duration(c.run.clock.Load())) }

var epoch = time.Unix(0, 0)

// Spawn gives the store's task the controller of the thread "flusher".
func (c *control) Spawn(ctx context.Context, _ string, f func(context.Context)) func() {
	return func() { f(failpoints.With(ctx, &task{c.run.flusher})) }
}

// A task waits on the clock of the case, which only an operation moves, so it polls.
type task struct{ *control }

// Wait implements failpoints.Waiter.
func (t *task) Wait(ctx context.Context, w failpoints.Wait) (expired bool) {
	t.Yield(ctx, w.Point)
	if w.Kind == failpoints.WaitLock {
		return false // the goroutine then locks the mutex itself, for as long as that takes
	}
	for pause := time.Microsecond; w.Try == nil || !w.Try(); pause = min(2*pause, 100*time.Microsecond) {
		if !w.Deadline.IsZero() && !t.Now().Before(w.Deadline) {
			return true
		}
		time.Sleep(pause)
	}
	return false
}

// wait holds the thread up. If the hold cannot come true, the run fails, unless a violation was found first.
func (c *control) wait(h *hold) {
	if h.came != nil {
		h.came.Store(1)
	}
	if h.until == nil {
		time.Sleep(h.sleep)
		return
	}
	began := time.Now()
	for pause := time.Microsecond; !h.until(); pause = min(2*pause, 50*time.Microsecond) {
		ended := h.by.ended.Load() == 1 && !h.until()
		if c.run.stopped() {
			return
		}
		if ended || time.Since(began) > c.run.patience {
			c.run.unmet(h, ended)
			return
		}
		time.Sleep(pause)
	}
}

// edge is called between two operations.
func (c *control) edge(done int) {
	if done == 0 {
		c.begun.Store(1)
	}
	c.done.Store(uint64(done))
	for i := range c.edges {
		if h := &c.edges[i]; h.hit == done {
			c.wait(h)
		}
	}
}

// An Event is something that a thread did at a moment.
type Event struct {
	// At is the time since the run began.
	At     time.Duration
	Thread string
	// Text is a failpoint, an operation, or the result of one; Point is set for failpoints.
	Text  string
	Point bool
}

const maxEvents = 4096 // of one thread

func (c *control) note(point string) { c.event(point, true) }

// noting says whether anybody will read the events. Ask it before you make an event that is costly.
func (c *control) noting() bool { return c.run.events || c.sink != nil && c.sink.Noting() }

func (c *control) event(text string, point bool) {
	if c.sink != nil {
		c.sink.Note(text)
		return
	}
	if c.run.events && len(c.events) < maxEvents {
		c.events = append(c.events, Event{time.Since(c.run.began), c.name, text, point})
	}
}

// reached says whether the thread of c has reached a place.
func (c *control) reached(point, hit int) bool {
	if point < 0 {
		return c.begun.Load() == 1 && c.done.Load() >= uint64(hit)
	}
	return c.passes[point].Load() >= uint64(hit)
}

// hold arms a delay of a case. The controls of all threads must exist.
func (r *run) hold(number int, d Delay) {
	c := r.control(d.At.Thread)
	h := hold{point: pointID(d.At.Point), hit: d.At.Hit, sleep: d.For, text: d.String(), came: &r.came[number]}
	switch {
	case d.Until != nil:
		other := r.control(d.Until.Thread)
		point, hit := pointID(d.Until.Point), d.Until.Hit
		h.by, h.until = other, func() bool { return other.reached(point, hit) }
	case d.While != nil:
		other, turn := r.control(d.While.Thread), d.While.Operation
		h.by, h.until = other, func() bool { return other.reached(-1, turn) }
		point, hit := h.point, h.hit
		other.edges = append(other.edges, hold{
			point: -1, hit: turn - 1, text: h.text, by: c, until: func() bool { return c.reached(point, hit) },
		})
	}
	if h.point < 0 {
		c.edges = append(c.edges, h)
	} else {
		c.held = append(c.held, h)
	}
}

func (r *run) control(name string) *control {
	if name == flusherThread {
		return r.flusher
	}
	return r.controls[r.c.thread(name)]
}

// pointID is -1 for the boundary between operations.
func pointID(name string) int {
	if name == sched.OpPoint {
		return -1
	}
	return failpoints.Lookup(storage.Package, name).ID()
}

// unreached returns an error if no thread reached the place of a delay: then the case was not executed as written.
func (r *run) unreached() error {
	var places []string
	for i, d := range r.c.Delays {
		if r.came[i].Load() == 0 {
			places = append(places, d.At.String())
		}
	}
	if len(places) == 0 {
		return nil
	}
	return fmt.Errorf("%w: the threads did not come to %s", ErrUnmet, strings.Join(places, ", "))
}

// unmet records the first hold that did not come true, and ends the run.
func (r *run) unmet(h *hold, ended bool) {
	why := fmt.Errorf("it did not come true within %v; %w", r.patience, ErrPatience)
	if ended {
		why = errors.New("the other thread ended without that")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil && r.violation == nil {
		r.failed = fmt.Errorf("%w: %s: %w", ErrUnmet, h.text, why)
	}
	r.stop.Store(1)
}
