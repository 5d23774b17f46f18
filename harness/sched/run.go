package sched

import "time"

// An Outcome is what one execution came to.
type Outcome struct {
	// Failure is nil if everything held.
	Failure *Failure
	// Schedule is what was executed; Preemptions how many of its switches were away from a thread that could have gone on.
	Schedule    Schedule
	Preemptions int
	// Steps is how many choices there were.
	Steps int
	// Early says that Shrink ended before it had tried to leave out each switch: a smaller schedule may do.
	Early bool
	// Events are what the threads did, in order; only if they were asked for.
	Events []Event
}

// An Event is a line of the timeline.
type Event struct {
	// Step counts the choices before it.
	Step   int
	Thread string
	// Text is a note, or the name of the point that the thread came to.
	Text string
	// Point says that Text is a point; File and Line are where its marker stands, if that is known.
	Point bool
	File  string
	Line  int
	// Path is the whole name of File and Function what the line belongs to; only where they were recorded.
	Path, Function string
	// State is what an Observer saw then, and Learned names the fields of it that the thread has just read.
	State   []Field
	Learned []string
	// Next is the thread that went on then, if that is another one, and Preempted whether this one could have.
	Next      string
	Preempted bool
	// Begins says that Text is an operation, which so begins.
	Begins bool
	// Ended says that the thread came to its end; Waits that it could not go on.
	Ended, Waits bool
}

// A Note is a line that a thread wrote.
type Note struct {
	Step   int
	Thread string
	Text   string
	State  []Field
	Begins bool
}

// A Runner executes single schedules of one scenario. It is not for several goroutines at once.
type Runner struct {
	w    *worker
	hang time.Duration
}

// NewRunner returns a Runner with the step limit and the hang limit of o.
func NewRunner(scenario Scenario, o Options) *Runner {
	o, _ = o.withDefaults()
	w := newWorker(scenario, o.StepLimit)
	w.test = o.test
	return &Runner{w, o.Hang}
}

// Run executes the scenario once under a strategy. events also collects the timeline.
func (r *Runner) Run(s Strategy, events bool) (o Outcome) {
	w := r.w
	w.x.pool, w.finished, w.done = newPool(), false, make(chan struct{})
	w.x.notes = events
	w.stray.begin()
	asked := false
	w.next = func() Strategy {
		if asked || !s.Begin() {
			return nil
		}
		asked = true
		return s
	}
	w.judge = func(x *Execution, s Strategy) { o = x.outcome(s, events) }
	stop := w.watch(r.hang)
	go w.loop()
	<-w.done
	stop()
	if problem := w.stray.seen(); problem != "" {
		o.Failure = &Failure{Kind: Unusable, Message: problem}
	}
	return o
}

// Replay executes the scenario once under a schedule. A switch whose place is not reached, or that cannot be made, is a
// Failure of the kind Unusable, unless the execution fails otherwise before.
func (r *Runner) Replay(s Schedule, events bool) Outcome { return r.Run(Replay(s), events) }

func (x *Execution) outcome(s Strategy, events bool) (o Outcome) {
	s.End(len(x.trace), x.failure != nil)
	o.Failure, o.Steps = x.failure, len(x.trace)
	o.Schedule, o.Preemptions = x.schedule()
	r, replayed := s.(*replay)
	switch {
	case replayed && o.Failure == nil && !r.lenient:
		if problem := r.unmet(x); problem != "" {
			o.Failure = &Failure{Kind: Unusable, Message: problem}
		}
	case replayed && r.rounds > 0 && o.Failure != nil && o.Failure.hangs():
		o.Schedule, o.Preemptions = r.followed(), x.preemptions(r.round)
	}
	if events {
		o.Events = x.events()
	}
	return o
}

// events puts arrivals and notes into one order.
func (x *Execution) events() (all []Event) {
	var hits hitCounts
	notes := x.noted
	note := func(step int) {
		for len(notes) > 0 && notes[0].Step <= step {
			all = append(all, Event{Step: notes[0].Step, Thread: notes[0].Thread, Text: notes[0].Text, State: notes[0].State, Begins: notes[0].Begins})
			notes = notes[1:]
		}
	}
	for i, s := range x.trace {
		note(i)
		place := x.place(s, hits.next(s))
		e := Event{Step: i, Thread: place.Thread, Text: place.Point, Ended: place.Point == EndPoint, Waits: s.flags&waited != 0, Preempted: s.flags&preemption != 0}
		if p := pointOf(s.at); p != nil {
			e.Point = true
			e.File, e.Line = p.Position()
		}
		if i < len(x.sights) {
			x.sights[i].describe(&e)
		}
		if s.to != s.from {
			e.Next = x.threads[s.to].name
		}
		all = append(all, e)
	}
	note(len(x.trace))
	return all
}

// addNote keeps a note. It is on the side of the threads: the worker reads notes when all threads have ended.
//
//go:norace
func (x *Execution) addNote(t *thread, text string, begins bool) {
	x.noted = append(x.noted, Note{len(x.trace), t.name, text, x.look(), begins})
}
