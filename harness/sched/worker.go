package sched

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

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
	x.judgeStray()
	w.judgeCircle()
	if n := raceoff.Races(); n > w.races {
		x.over = false
		x.fail(&Failure{Kind: DataRace, Message: fmt.Sprintf("Go's race detector reported %d in this execution, see above", n-w.races)})
	}
}

// watch ends the process when no stop is reached for too long. It returns what ends the watch.
func (w *worker) watch(hang time.Duration) (stop func()) {
	end := make(chan struct{})
	go func() {
		tick := time.NewTicker(max(hang/8, time.Millisecond))
		defer tick.Stop()
		seen, since := w.mark(), time.Now()
		for {
			select {
			case <-end:
				return
			case now := <-tick.C:
				if mark := w.mark(); mark != seen || w.idle.Load() {
					seen, since = mark, now
				} else if now.Sub(since) > hang {
					w.hung(hang)
				}
			}
		}
	}()
	return func() { close(end) }
}

// mark changes whenever anything happens. It looks without a lock at what another goroutine writes; a torn look is a change.
//
//go:norace
func (w *worker) mark() [2]uint64 { return [2]uint64{w.runs.Load(), uint64(len(w.x.trace))} }

// exit is a variable for tests: the process cannot go on, because what hangs cannot be stopped.
var exit = os.Exit

var beforeExit atomic.Pointer[func(report string)]

// OnHang has do called, with what is also printed, before a process ends in which a thread hangs, so that it can say so elsewhere; nil
// for nobody. What hangs still does. It returns what was called before.
func OnHang(do func(report string)) (before func(report string)) {
	if p := beforeExit.Swap(&do); p != nil {
		before = *p
	}
	return before
}

func (w *worker) hung(hang time.Duration) {
	if problem := w.stray.seen(); problem != "" {
		fmt.Fprintln(os.Stderr, "racewindow:", problem)
	}
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	text := fmt.Sprintf("no thread has come to a failpoint for %v: one of them blocks where the scheduler cannot see it, or runs in circles.\n"+
		"Wait with failpoints.Lock, Receive, Sleep or Cond, or put a marker into the loop. All goroutines:\n\n%s\n", hang, buffer)
	fmt.Fprint(os.Stderr, "racewindow: ", text)
	if do := beforeExit.Load(); do != nil && *do != nil {
		(*do)(text)
	}
	exit(3)
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
