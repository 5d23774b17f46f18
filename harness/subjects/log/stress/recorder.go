package stress

import (
	"context"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A recorder is the controller of one goroutine: it delays the goroutine, counts the failpoints that it passes, and keeps the
// latest events. It shares nothing with other recorders that the race detector could see.
type recorder struct {
	delays *failpoints.Delayer
	run    *round
	name   string
	hits   []uint32 // by point ID
	recent [recentEvents]event
	count  uint64            // of all events, also those that are no longer kept
	fault  *failpoints.Point // where to inject a fault, nil for nowhere
	fired  bool              // the fault was injected
}

// recentEvents is how many events of a goroutine are kept for a report.
const recentEvents = 64

// An event is one moment of one goroutine: a failpoint passed, or an operation begun or ended.
type event struct {
	at    time.Duration // since the round began
	kind  eventKind
	point *failpoints.Point
	op    *operation
}

type eventKind uint8

const (
	eventPoint eventKind = iota
	eventBegin
	eventEnd
)

func newRecorder(r *round, name string, stream uint64) *recorder {
	return &recorder{
		delays: failpoints.NewDelayer(r.config.Delays, r.seed, stream),
		run:    r,
		name:   name,
		hits:   make([]uint32, len(r.points)),
	}
}

func (r *recorder) note(kind eventKind, p *failpoints.Point, op *operation) {
	r.recent[r.count%recentEvents] = event{time.Since(r.run.began), kind, p, op}
	r.count++
}

// events returns the kept events, oldest first.
func (r *recorder) events() []event {
	first := uint64(0)
	if r.count > recentEvents {
		first = r.count - recentEvents
	}
	var es []event
	for i := first; i < r.count; i++ {
		es = append(es, r.recent[i%recentEvents])
	}
	return es
}

// Yield counts and records the point, and may delay the goroutine.
func (r *recorder) Yield(ctx context.Context, p *failpoints.Point) {
	r.pass(p)
	r.delays.Yield(ctx, p)
}

// Fault counts the point, and delivers the point's usual fault if it is the one to inject.
func (r *recorder) Fault(_ context.Context, p *failpoints.Point) (any, bool) {
	if id := p.ID(); id < len(r.hits) {
		r.hits[id]++
	}
	if r.fault != p {
		return nil, false
	}
	r.fired = true
	return true, true
}

func (r *recorder) pass(p *failpoints.Point) {
	if id := p.ID(); id < len(r.hits) {
		r.hits[id]++
	}
	r.note(eventPoint, p, nil)
	switch p {
	case r.run.opens:
		r.run.window.Add(1)
	case r.run.closes:
		r.run.window.Add(1)
	}
}

// Spawn gives a task of the engine a recorder of its own.
func (r *recorder) Spawn(ctx context.Context, name string, f func(context.Context)) func() {
	task := newRecorder(r.run, name, uint64(len(name))<<32|uint64(r.count))
	r.run.tasks.add(task)
	return func() {
		defer r.run.panicked(nil)
		f(failpoints.With(ctx, task))
	}
}

// A taskList holds the recorders of the tasks that the engine started.
type taskList struct {
	mu    sync.Mutex
	tasks []*recorder
}

func (l *taskList) add(r *recorder) {
	raceoff.Disable()
	l.mu.Lock()
	raceoff.Enable()
	l.append(r)
	raceoff.Disable()
	l.mu.Unlock()
	raceoff.Enable()
}

//go:norace
func (l *taskList) append(r *recorder) { l.tasks = append(l.tasks, r) }
