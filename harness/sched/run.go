package sched

import (
	"fmt"
	"slices"
	"time"
)

// An Outcome is the result of one execution.
type Outcome struct {
	// Failure is nil if everything held.
	Failure *Failure
	// Beside are other failures of the same execution: data races beside a panic, say. Each has a class of its own.
	Beside []*Failure `json:",omitempty"`
	// Schedule is what was executed. Preemptions counts its switches away from a thread that could have gone on.
	Schedule    Schedule
	Preemptions int
	// Steps is how many choices there were.
	Steps int
	// Early says that Shrink ended before it had tried to leave out each switch: a smaller schedule may exist.
	Early bool
	// Fewer is how many schedules with fewer preemptions Shrink executed at the end, none of which shows the failure; 0 if there are
	// no others, so that no schedule with fewer shows it.
	Fewer int `json:",omitempty"`
	// Events are what the threads did, in order; only if they were asked for. Written is what they wrote meanwhile, the newest 500
	// to 1,000 texts of it.
	Events  []Event
	Written []Written `json:",omitempty"`
}

// Written is a text that a thread wrote, such as a line of a log. Step counts the choices before it.
type Written struct {
	Step   int
	Thread string
	Text   string
}

// Of returns the outcome with the failure of a class as Failure and the others beside it; unchanged if there is no such failure.
func (o Outcome) Of(class string) Outcome {
	for i, f := range o.Beside {
		if f.Class() == class {
			o.Beside = slices.Clone(o.Beside)
			o.Failure, o.Beside[i] = f, o.Failure
			break
		}
	}
	return o
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
	// Path is the full name of File, and Function is where the line belongs to; only if they were recorded.
	Path, Function string
	// State is what an Observer saw then, and Learned names the fields of it that the thread has just read.
	State   []Field
	Learned []string
	// Next is the thread that went on then, if that is another one. Preempted says whether this one could have.
	Next      string
	Preempted bool
	// Begins says that Text is an operation, which begins here.
	Begins bool
	// Ended says that the thread came to its end; Waits that it could not go on.
	Ended, Waits bool
	// Left is how many events were left out where this one stands (Shortened); 0 for an event of the execution.
	Left int `json:",omitempty"`
}

// A Note is a line that a thread wrote.
type Note struct {
	Step   int
	Thread string
	Text   string
	State  []Field
	Begins bool
}

// A Runner executes single schedules of one program. Only one goroutine at a time may use it.
type Runner struct {
	w     *worker
	hang  time.Duration
	brief bool      // an Outcome without a failure has no Schedule
	until time.Time // when shrinking and the search nearby end; zero for no such time
}

// NewRunner returns a Runner with the step limit and the hang limit of o.
func NewRunner(scenario Scenario, o Options) *Runner {
	return NewMechanismRunner(scenario.mechanism, o)
}

// NewMechanismRunner is NewRunner for a program that has a mechanism of its own.
func NewMechanismRunner(mechanism func() Mechanism, o Options) *Runner {
	o, _ = o.withDefaults()
	w := newWorker(mechanism, newPoints(), o.StepLimit)
	w.test, w.chooser.trail = o.test, o.Trail
	return &Runner{w: w, hang: o.Hang}
}

// Until bounds the time of shrinking, of Windows and of Nearest too. It is for programs whose executions wait for the system and stray, such
// as those that use the network: thousands of them take minutes, and the result is not the same each time anyway.
func (r *Runner) Until(t time.Time) { r.until = t }

// Late says whether that time is over.
func (r *Runner) Late() bool { return !r.until.IsZero() && time.Until(r.until) <= 0 }

// Run executes the scenario once under a strategy. events also collects the timeline.
func (r *Runner) Run(s Strategy, events bool) (o Outcome) {
	outside(func() { o = r.run(s, events) })
	return o
}

func (r *Runner) run(s Strategy, events bool) (o Outcome) {
	w := r.w
	w.finished, w.done = false, make(chan struct{})
	w.chooser.notes = events
	asked := false
	w.next = func() Strategy {
		if asked || !s.Begin() {
			return nil
		}
		asked = true
		return s
	}
	w.judge = func(c *Chooser, s Strategy) { o = c.outcome(s, events, r.brief) }
	stop := w.watch(r.hang)
	go w.loop()
	<-w.done
	stop()
	if w.problem != "" {
		o.Failure = &Failure{Kind: Unusable, Message: w.problem}
	}
	return o
}

// Replay executes the scenario once under a schedule. A switch whose place is not reached, or that cannot be made, is a
// Failure of the kind Unusable, unless the execution has failed before.
func (r *Runner) Replay(s Schedule, events bool) Outcome { return r.Run(Replay(s), events) }

// Places executes the scenario once under a schedule, and returns where threads stopped, in order. It looks at nothing else, so it
// costs no more than the execution.
func (r *Runner) Places(s Schedule) (all []Place) {
	r.Replay(s, false)
	c, hits := &r.w.chooser, hitCounts{}
	for _, step := range c.trace {
		all = append(all, c.place(step, hits.next(step)))
	}
	return all
}

func (c *Chooser) outcome(s Strategy, events, brief bool) (o Outcome) {
	s.End(len(c.trace), c.failure != nil)
	o.Failure, o.Beside, o.Steps = c.failure, c.beside, len(c.trace)
	if o.Failure != nil || !brief {
		o.Schedule, o.Preemptions = c.schedule()
	}
	if old, is := s.(older); is {
		s = old.replay
	}
	r, replayed := s.(*replay)
	switch {
	case replayed && o.Failure == nil && !r.lenient:
		if problem := r.unmet(c); problem != "" {
			o.Failure = &Failure{Kind: Unusable, Message: problem}
		}
	case replayed && r.rounds > 0 && o.Failure != nil && o.Failure.hangs():
		o.Schedule, o.Preemptions = r.followed(), c.preemptions(r.round)
	}
	if events {
		o.Events = c.events()
		for _, w := range c.wrote {
			o.Written = append(o.Written, Written{w.step, c.name(w.thread), w.text})
		}
	}
	return o
}

// A report shows only the first and the last events of an execution that has very many.
const (
	firstEvents = 3000
	lastEvents  = 1000
)

// Shortened returns the first 3,000 and the last 1,000 events of an execution that has more, and between them one that says how
// many were left out. An execution that does not end has hundreds of thousands, more than anybody reads.
func Shortened(events []Event) []Event {
	left := len(events) - firstEvents - lastEvents
	if left <= 0 || left == 1 && events[firstEvents].Left > 0 {
		return events
	}
	gap := Event{Step: events[firstEvents].Step, Text: fmt.Sprintf("%d steps are left out here", left), Left: left}
	return slices.Concat(events[:firstEvents], []Event{gap}, events[firstEvents+left:])
}

// events puts arrivals and notes into one order.
func (c *Chooser) events() (all []Event) {
	hits := hitCounts{}
	notes := c.noted
	all = make([]Event, 0, len(c.trace)+len(notes))
	note := func(step int) {
		for len(notes) > 0 && notes[0].Step <= step {
			all = append(all, Event{Step: notes[0].Step, Thread: notes[0].Thread, Text: notes[0].Text, State: notes[0].State, Begins: notes[0].Begins})
			notes = notes[1:]
		}
	}
	for i, s := range c.trace {
		note(i)
		place := c.place(s, hits.next(s))
		if place.Point == SeedPoint { // nobody does anything there
			continue
		}
		e := Event{Step: i, Thread: place.Thread, Text: place.Point, Ended: s.point() == AtEnd, Waits: s.is(waited), Preempted: s.is(preemption)}
		if s.point() >= firstPoint {
			p := c.points.of(s.point())
			e.Point, e.File, e.Line = true, p.file, p.line
		}
		if i < len(c.sights) {
			c.sights[i].describe(&e)
		}
		switch {
		case s.is(picked):
			e.Text += way(int(s.to))
		case s.to != s.from:
			e.Next = c.name(int(s.to))
		}
		all = append(all, e)
	}
	note(len(c.trace))
	return all
}
