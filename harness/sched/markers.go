package sched

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
)

// markers is the Mechanism of code with failpoints: each thread is the controller of its own context. The build decides how a
// thread is held and resumed: on a coroutine or by a baton.
type markers struct{ Execution }

// mechanism makes a mechanism for the scenario.
func (s Scenario) mechanism() Mechanism {
	if goroutines != nil {
		return goroutines.Mechanism(s)
	}
	return &markers{Execution{scenario: s, pool: newPool()}}
}

// Begin reuses the threads of the execution before, but never under -race.
func (x *markers) Begin(c *Chooser) {
	x.stray.begin()
	if !raceEnabled && x.main != nil {
		x.spare = append(append(x.spare[:0], x.main), x.threads...)
	}
	x.chooser = c
	x.clients, x.threads = x.clients[:0], x.threads[:0]
	x.spawned, x.phase, x.over, x.live, x.finally, x.invariant, x.tasksMay = nil, phaseSetup, false, 0, nil, nil, false
	x.stuck, x.atEnd, x.faults, x.observer = nil, x.atEnd[:0], nil, nil
	x.now, x.moment = 0, 0
	x.main = newThread(&x.Execution, "main", false)
	if x.mainDoes == nil {
		x.mainDoes = x.mainBody
	}
	x.main.id, x.main.body = NoThread, x.mainDoes
	x.start(x.main)
	x.upcoming = x.main
}

// Run executes the threads. A task that has not ended although all is over is a leak.
func (x *markers) Run() {
	for x.upcoming != nil {
		x.resume()
	}
	if x.chooser.over() || x.tasksMay {
		return
	}
	for _, t := range x.threads {
		if t.state != ended {
			x.chooser.Fail(&Failure{Kind: Leak, Thread: t.name, Message: "a task has not ended: " + x.Remaining() + t.whereabouts()})
			return
		}
	}
}

// Drop unwinds the threads that have not ended.
func (x *markers) Drop() {
	x.over = true
	for again := true; again; {
		again = false
		x.adopt()
		for i, n := 0, len(x.threads); i <= n; i++ {
			t := x.main // the last
			if i < n {
				t = x.threads[i]
			}
			if t.state != ended {
				x.upcoming = t
				x.resume()
				again = true
			}
		}
		if x.phase == phaseSetup {
			x.clients = x.clients[:0] // never started
		}
	}
	x.upcoming = nil
	for _, do := range x.atEnd {
		do()
	}
	x.judgeStray()
}

// Close ends the coroutines.
func (x *markers) Close() (problem string) {
	x.pool.close()
	return x.stray.end()
}

// mainBody is what the main thread does: the scenario's function, a pause while the threads run, then Finally's function.
func (x *Execution) mainBody(t *T) {
	x.scenario(x)
	x.startClients()
	x.park()
	if x.finally != nil {
		x.finally(t)
	}
}

//go:norace
func (x *Execution) park() {
	x.phase = phaseThreads
	x.main.state, x.main.at = parked, arrival{kind: atStart}
	x.main.stop()
	x.join()
}

// decide is called when t has stopped. It sets the thread that goes on: nil when all is over.
func (x *Execution) decide(t *thread) {
	x.adopt()
	next := x.next(t)
	if next != nil {
		next.state = ready
	}
	x.upcoming = next
}

func (x *Execution) next(t *thread) *thread {
	if x.over || x.chooser.over() || !x.stand(t) {
		return nil
	}
	if x.phase == phaseThreads {
		if t.client && t.state == ended {
			x.live--
		}
		if t == x.main {
			x.assemble()
		}
		if !x.holds(&t.stands, t.name) { // the invariant must hold after the last step too
			return nil
		}
		if x.live > 0 || x.chooser.hasFailed() {
			if n, ok := x.chooser.Choose(&t.stands, t.locals); ok {
				return x.threads[n]
			}
			return nil
		}
		x.phase, x.main.state = phaseFinish, ready
		x.chooser.Finish()
	}
	switch n, ok := x.chooser.Pass(&t.stands, t.locals); {
	case !ok:
		return nil
	case n == NoThread:
		return x.main
	default:
		return x.threads[n]
	}
}

// stand notes what t does next, at the place where it stands.
func (x *Execution) stand(t *thread) (ok bool) {
	switch t.at.kind {
	case atStart:
		t.stands = Candidate{Thread: t.id, Point: AtStart}
	case atOp:
		t.stands = Candidate{Thread: t.id, Point: AtOp}
	case atEnd:
		t.stands = Candidate{Thread: t.id, Point: AtEnd}
	default:
		return x.standAt(t, t.at.point)
	}
	return true
}

func (x *Execution) standAt(t *thread, p *failpoints.Point) (ok bool) {
	id := p.ID()
	if id >= len(x.known) || x.known[id].Point < firstPoint {
		if err := x.meet(p); err != nil {
			x.chooser.Fail(&Failure{Kind: Unusable, Thread: t.name, Message: err.Error()})
			return false
		}
	}
	known := &x.known[id]
	t.stands = *known
	t.stands.Thread = t.id
	return true
}

// meet notes what a thread does after a failpoint, as the program declares it.
func (x *Execution) meet(p *failpoints.Point) error {
	for len(x.known) <= p.ID() {
		x.known = append(x.known, Candidate{})
	}
	file, line := p.Position()
	id, err := x.chooser.points.Named(p.Name(), file, line)
	if err != nil {
		return err
	}
	name, access := p.Resource()
	does := Candidate{Point: id, Writes: name == "" || access == failpoints.Writes}
	if p.Declared() {
		does.Resource = x.chooser.points.Resource(name)
	}
	if p.Kind() == failpoints.KindWait {
		does.Action = Waits
	}
	x.known[p.ID()] = does
	for len(x.besides) <= int(id) {
		x.besides, x.also = append(x.besides, nil), append(x.also, nil)
	}
	x.besides[id] = slices.Concat(x.besides[id], p.Also()) // points of one name are one point
	return nil
}

// assemble puts the clients before the tasks, and numbers both.
func (x *Execution) assemble() {
	x.threads = slices.Insert(x.threads, 0, x.clients...)
	for i, t := range x.threads {
		t.id, t.stands.Thread = i, i
	}
	x.live = len(x.clients)
	if problem := x.misnamed(); problem != "" {
		x.chooser.Fail(&Failure{Kind: Unusable, Message: problem})
	}
}

// adopt takes in the threads that were made since the last decision.
func (x *Execution) adopt() {
	if x.spawned == nil {
		return
	}
	var oldest *thread
	for t := x.spawned; t != nil; {
		t.nexts, oldest, t = oldest, t, t.nexts
	}
	x.spawned = nil
	for t := oldest; t != nil; t = t.nexts {
		if t.late {
			x.chooser.Fail(&Failure{Kind: Unusable, Thread: t.name, Message: "Execution.Go is for the scenario's function: a thread starts another one with failpoints.Go"})
			continue
		}
		if t.client {
			x.clients = append(x.clients, t)
			continue
		}
		if !isThreadName(t.name) {
			x.chooser.Fail(&Failure{Kind: Unusable, Thread: t.name, Message: "the name of this task cannot stand in a schedule"})
		}
		t.name = x.unused(t.name)
		t.id = len(x.threads)
		t.stands.Thread = t.id
		x.threads = append(x.threads, t)
	}
}

// unused adds a number to a name that another thread has.
func (x *Execution) unused(name string) string {
	n := 1
	for _, t := range x.threads {
		if t.name == name || strings.HasPrefix(t.name, name+"#") {
			n++
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s#%d", name, n)
	}
	return name
}

// holds asks the invariant after a thread has stopped. It says whether the execution goes on.
func (x *Execution) holds(stopped *Candidate, name string) bool {
	if x.invariant == nil {
		return true
	}
	x.chooser.stopped = stopped
	err := x.invariant()
	var unusable UnusableError
	switch {
	case errors.As(err, &unusable):
		x.chooser.Fail(&Failure{Kind: Unusable, Thread: name, Message: err.Error(), Err: err})
	case err != nil:
		x.chooser.Fail(&Failure{Kind: Invariant, Thread: name, Message: err.Error(), Err: err})
	}
	return err == nil && !x.chooser.enough
}

// Candidates returns the threads that can go on. Before and after the threads' part, that is the main thread alone if it
// can go on, otherwise a task; the main thread is the first of all, if they take turns.
func (x *markers) Candidates(all []Candidate) []Candidate {
	if x.phase != phaseThreads && x.canGoOn(x.main) {
		if all = append(all, x.main.stands); !x.chooser.Lingering() {
			return all
		}
	}
	for _, t := range x.threads {
		if t.state == ready || t.state == waiting && x.canGoOn(t) {
			all = append(all, t.stands)
		}
	}
	return all
}

// canGoOn says whether t could be resumed.
func (x *Execution) canGoOn(t *thread) bool {
	switch t.state {
	case ready:
		return true
	case waiting:
		return t.wait.Ready() || !t.wait.Deadline.IsZero() && x.now >= t.wait.Deadline.UnixNano()
	}
	return false
}

// Due finds the earliest deadline. After the main thread has ended too, time passes for tasks that sleep, so that one that ends
// then is no leak; it does not if tasks may remain.
func (x *markers) Due() (at int64, counts, any bool) {
	if x.main.state == ended && x.tasksMay {
		return 0, false, false
	}
	due := func(t *thread) {
		if t.state != waiting || t.wait.Deadline.IsZero() {
			return
		}
		if own := t.wait.Deadline.UnixNano(); !any || own < at {
			at, any = own, true
		}
		counts = counts || t.client || t == x.main
	}
	for _, t := range x.threads {
		due(t)
	}
	due(x.main)
	return at, counts, any
}

// Jump moves the clock, but never back.
func (x *markers) Jump(at int64) { x.now = max(x.now, at) }

// Deadlock asks the scenario's judge. After the main thread has ended it returns nil, because Run reports the tasks that are left.
func (x *markers) Deadlock(why string) *Failure {
	if x.main.state == ended {
		return nil
	}
	return x.judgeStuck(why, x.Remaining())
}

func (x *markers) Threads() int { return len(x.threads) }

//go:norace
func (x *markers) Name(thread int) string { return x.threads[thread].name }

// Counts says that clients count and tasks do not.
func (x *markers) Counts(thread int) bool { return x.threads[thread].client }

// Remaining lists the threads that have not ended, and what they wait for.
func (x *markers) Remaining() string {
	var words []string
	for _, t := range append(append([]*thread(nil), x.threads...), x.main) {
		switch {
		case t.state == ended || t.state == parked:
		case t.at.kind != atPoint:
			words = append(words, t.name)
		case t.state == waiting:
			words = append(words, fmt.Sprintf("%s waits at %s", t.name, t.at.point.Name()))
		default:
			words = append(words, fmt.Sprintf("%s stands at %s", t.name, t.at.point.Name()))
		}
	}
	return strings.Join(words, "; ")
}

// View is what a report shows.
func (x *markers) View(stopped Candidate) (s Sight) {
	t := x.main
	if stopped.Thread != NoThread {
		t = x.threads[stopped.Thread]
	}
	s.State = x.look()
	if t.at.kind == atPoint {
		s.Place = t.place
		if s.State != nil {
			s.Learned = x.observer.Learns(t.at.point.Name())
		}
	}
	return s
}

// Declares says whether what a step does is all in what its point declares. An invariant looks at everything between any two
// steps, and a fault may come with the Nth pass of a point by any thread.
func (x *markers) Declares() bool { return x.invariant == nil && x.faults == nil }

// alsoTouches lists what a step touches besides its point's resource. These resources get their numbers only when somebody asks,
// because strategies go by the numbers of the others.
func (x *markers) alsoTouches(at PointID) []touch {
	for _, t := range x.besides[at][len(x.also[at]):] {
		x.also[at] = append(x.also[at], newTouch(x.chooser.points.Resource(t.Resource), t.Resource == "" || t.Access == failpoints.Writes))
	}
	return x.also[at]
}

// Knows says whether this build has a point of that name.
func (x *markers) Knows(name string) bool {
	for _, p := range failpoints.Points() {
		if p.Name() == name {
			return true
		}
	}
	return false
}
