package sched

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A worker executes schedules one after the other.
type worker struct {
	x        *Execution
	next     func() Strategy // of the next schedule, nil when there is none
	judge    func(x *Execution, s Strategy)
	strategy Strategy
	running  bool
	finished bool
	done     chan struct{}
	races    int
	runs     atomic.Uint64
	idle     atomic.Bool // waits for a schedule
	stray    stray
	// usual is usualSteps, -1 for not known yet. A worker that is comparing finds that out.
	usual     int
	comparing bool
	test      string // that searches, for its replay command; "" if it is none
}

func newWorker(scenario Scenario, limit int) *worker {
	w := &worker{done: make(chan struct{}), usual: -1}
	w.x = &Execution{worker: w, scenario: scenario, limit: limit, pool: newPool()}
	return w
}

// loop executes schedules until there is none. A thread that ends with runtime.Goexit ends this goroutine too, which is how
// package iter passes it on; another one then goes on where this one was.
func (w *worker) loop() {
	defer func() {
		if w.finished {
			w.x.pool.close()
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
			w.x.begin(w.strategy)
			w.running = true
		}
		w.execute()
		w.running = false
		w.runs.Add(1)
		w.judge(w.x, w.strategy)
	}
	w.stray.end()
	w.finished = true
}

// execute runs the execution to its end.
func (w *worker) execute() {
	x := w.x
	for x.upcoming != nil {
		x.resume()
	}
	x.leaks()
	x.unwind()
	for _, do := range x.atEnd {
		do()
	}
	x.judgeStray()
	w.judgeCircle()
	if n := raceoff.Races(); n > w.races {
		x.over = false
		x.fail(&Failure{Kind: DataRace, Message: fmt.Sprintf("Go's race detector reported %d in this execution, see above", n-w.races)})
	}
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
	want := int(r.trace[r.at].to)
	r.at++
	return slices.IndexFunc(c.Enabled, func(e Candidate) bool { return e.Thread == want })
}

// diverged says where a second execution of the same choices differs from the first.
func (x *Execution) diverged(first []step) string {
	for i, want := range first {
		switch {
		case i >= len(x.trace):
			return fmt.Sprintf("at choice %d the first execution came to %v, the second cannot be continued: %v", i+1, x.place(want, 0), x.failure)
		case x.trace[i] != want:
			return fmt.Sprintf("at choice %d the first execution came to %v, the second to %v", i+1, x.place(want, 0), x.place(x.trace[i], 0))
		}
	}
	if len(x.trace) > len(first) {
		return fmt.Sprintf("the first execution ended after %d choices, the second came to %v", len(first), x.place(x.trace[len(first)], 0))
	}
	if x.failure != nil {
		return "the first execution held, the second did not: " + x.failure.Error()
	}
	return ""
}
