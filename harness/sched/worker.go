package sched

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A worker executes schedules one after another.
type worker struct {
	chooser   Chooser
	mechanism Mechanism
	another   func() Mechanism
	next      func() Strategy // of the next schedule, nil when there is none
	judge     func(c *Chooser, s Strategy)
	strategy  Strategy
	running   bool
	finished  bool
	problem   string // that makes all executions doubtful; "" for none
	done      chan struct{}
	races     int
	runs      atomic.Uint64
	idle      atomic.Bool // waits for a schedule
	// usual and usualPasses are usualSteps, -1 and 0 if not known yet. A worker that is comparing finds them out.
	usual, usualPasses int
	comparing          bool
	test               string // the test that searches, for its replay command; "" if there is none
}

func newWorker(mechanism func() Mechanism, points *Points, limit int) *worker {
	return &worker{another: mechanism, mechanism: mechanism(), chooser: Chooser{points: points, limit: limit}, done: make(chan struct{}), usual: -1}
}

// loop executes schedules until there is none. If a thread ends with runtime.Goexit, package iter passes it on and this goroutine
// ends too; another one then continues from here.
func (w *worker) loop() {
	defer func() {
		if w.finished {
			close(w.done)
		} else {
			go w.loop()
		}
	}()
	for {
		if !w.running {
			w.idle.Store(true)
			w.strategy = w.next()
			w.idle.Store(false)
			if w.strategy == nil {
				break
			}
			w.races = raceoff.Races()
			w.chooser.begin(w.mechanism, w.strategy)
			w.running = true
		}
		w.execute()
		w.running = false
		w.runs.Add(1)
		w.judge(&w.chooser, w.strategy)
	}
	w.problem = w.mechanism.Close()
	w.finished = true
}

// execute runs the execution to its end.
func (w *worker) execute() {
	c := &w.chooser
	w.mechanism.Run()
	c.closed = true
	w.mechanism.Drop()
	w.judgeCircle()
	if races := w.raced(); len(races) > 0 {
		c.closed = false
		for _, f := range races {
			c.failBeside(f)
		}
	}
}

// A Racer is a Mechanism that knows the reports of Go's race detector.
type Racer interface {
	// Races are the data races that were reported in the finished execution, one for each class.
	Races() []*Failure
}

// raced are the data races of an execution.
func (w *worker) raced() []*Failure {
	if r, is := w.mechanism.(Racer); is {
		return r.Races()
	}
	if n := raceoff.Races(); n > w.races {
		return []*Failure{{Kind: DataRace, Message: fmt.Sprintf("Go's race detector reported %d in this execution, see above", n-w.races)}}
	}
	return nil
}

// recorded repeats the choices of an execution.
type recorded struct {
	trace []step
	at    int
}

func (*recorded) Name() string  { return "repeat" }
func (*recorded) End(int, bool) {}
func (r *recorded) Begin() bool { r.at = 0; return true }

func (r *recorded) Next(c *Choice) int {
	if r.at >= len(r.trace) {
		return -1
	}
	if r.trace[r.at].is(picked) {
		return -1
	}
	want := int(r.trace[r.at].to)
	r.at++
	return slices.IndexFunc(c.Enabled, func(e Candidate) bool { return e.Thread == want })
}

// diverged says where a second execution of the same choices differs from the first.
func (c *Chooser) diverged(first []step) string {
	for i, want := range first {
		switch {
		case i >= len(c.trace):
			return fmt.Sprintf("at choice %d the first execution came to %v, the second cannot be continued: %v", i+1, c.lastPlace(first[:i+1]), c.failure)
		case c.trace[i] != want:
			return fmt.Sprintf("at choice %d the first execution came to %v, the second to %v%s",
				i+1, c.lastPlace(first[:i+1]), c.lastPlace(c.trace[:i+1]), c.beneath(want, c.trace[i]))
		}
	}
	if n := len(first); len(c.trace) > n {
		return fmt.Sprintf("the first execution ended after %d choices, the second came to %v", n, c.lastPlace(c.trace[:n+1]))
	}
	if c.failure != nil {
		return "the first execution held, the second did not: " + c.failure.Error()
	}
	return ""
}

// lastPlace returns the place of the last of these steps, with the number of its hit.
func (c *Chooser) lastPlace(steps []step) Place {
	hits, hit := hitCounts{}, 0
	for _, s := range steps {
		hit = hits.next(s)
	}
	return c.place(steps[len(steps)-1], hit)
}

// beneath says how two steps that were taken at the same place differ; "" if the places differ.
func (c *Chooser) beneath(want, got step) string {
	switch {
	case want.from != got.from || want.point() != got.point():
		return ""
	case want.is(waited) && !got.is(waited):
		return ": the same words, but the first had to wait there, and the second could have gone on"
	case got.is(waited) && !want.is(waited):
		return ": the same words, but the first could have gone on there, and the second had to wait"
	case want.to != got.to:
		return fmt.Sprintf(": the same words, but then %s went on in the first and %s in the second", c.whither(want), c.whither(got))
	case want.touches != got.touches:
		return ": the same words, but what the goroutine touches next is another object, or is changed in one of them and looked at in the other"
	}
	return ": the same words, but the choice there was another one"
}
