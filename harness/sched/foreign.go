package sched

import (
	"fmt"
	"runtime"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A stray is a goroutine that came to a failpoint with a thread's context but is not the thread: a plain go statement started it.
// The Go runtime decides when it runs, so no schedule could be repeated.
//
// Its problem is kept here and not in the execution, whose fields belong to the thread that runs at the same time.
type stray struct {
	mu      raceoff.Mutex
	problem string
	came    bool // read without mu: a stale value only delays detection, and the final check takes mu
	ended   bool // the worker has stopped, and reads problem no more
}

// foreign ends the goroutine that calls it. Its defers run, so that a thread that waits for it does not wait for ever. The search
// or the replay ends with an error; if that is already over, nobody can report the error, and the process ends.
//
//go:norace
func (x *Execution) foreign(t *thread, place string) {
	problem := "a goroutine that the scheduler does not know of came to " + place + " with the context of thread " + t.name +
		": start it with failpoints.Go, or give it a context without a controller"
	if r := x.upcoming; r != nil && r != t && r.goroutine == goroutine() {
		problem = "thread " + r.name + " came to " + place + " with the context of thread " + t.name +
			": hand each thread's own context (T.Context, or what failpoints.Go gives a task) to what it calls"
	}
	if !x.stray.say(problem) {
		panic("racewindow: when all was over, " + problem)
	}
	runtime.Goexit()
}

//go:norace
func (s *stray) say(problem string) bool {
	s.mu.Lock()
	heard := !s.ended
	if s.problem == "" {
		s.problem, s.came = problem, true
	}
	s.mu.Unlock()
	return heard
}

//go:norace
func (s *stray) seen() string {
	s.mu.Lock()
	problem := s.problem
	s.mu.Unlock()
	return problem
}

//go:norace
func (s *stray) mayHaveCome() bool { return s.came }

// end is called when the worker stops. It returns the problem that was reported.
//
//go:norace
func (s *stray) end() (problem string) {
	s.mu.Lock()
	s.ended = true
	problem = s.problem
	s.mu.Unlock()
	return problem
}

// begin forgets what was reported before the worker last stopped.
//
//go:norace
func (s *stray) begin() {
	if !s.ended {
		return
	}
	s.mu.Lock()
	s.problem, s.came, s.ended = "", false, false
	s.mu.Unlock()
}

// judgeStray makes an execution unusable if a stray goroutine came by during it or since, whatever else it showed.
func (x *Execution) judgeStray() {
	if !x.stray.mayHaveCome() {
		return
	}
	if problem := x.stray.seen(); problem != "" {
		x.chooser.Doubt(problem)
	}
}

// misnamed says what is wrong with the names of the clients: a schedule must be able to name each.
func (x *Execution) misnamed() string {
	if len(x.clients) == 0 {
		return "the scenario names no thread: call Execution.Go"
	}
	if x.named {
		return "" // it names the same each time
	}
	x.named = true
	seen := map[string]bool{}
	for _, t := range x.threads {
		if !isThreadName(t.name) {
			return fmt.Sprintf("a thread is named %q: a name is not empty and has no blank and none of , ; > @ ' \"", t.name)
		}
		if seen[t.name] {
			return fmt.Sprintf("two threads are named %q", t.name)
		}
		seen[t.name] = true
	}
	return ""
}
