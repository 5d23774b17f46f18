package log

import (
	"context"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A lifeline is how a program ends the context of a thread's calls.
type lifeline struct {
	begun, ended raceoff.Number // before done is closed, and after that
	done         chan struct{}
}

func newLifeline() *lifeline { return &lifeline{done: make(chan struct{})} }

// end ends the context, once.
func (l *lifeline) end() {
	if l.begun.Add(1) == 1 {
		close(l.done)
		l.ended.Add(1)
	}
}

// over says whether the context has certainly ended, so that a call that begins now must not be carried out.
func (l *lifeline) over() bool { return l != nil && l.ended.Load() != 0 }

// mayBeOver says whether the context may have ended, so that a call may have returned its error.
func (l *lifeline) mayBeOver() bool { return l != nil && l.begun.Load() != 0 }

// An endable context is its parent, except that it also ends with the lifeline. It starts no goroutine, because a scheduler
// would not know it.
type endable struct {
	context.Context
	*lifeline
}

// Done implements context.Context.
func (e endable) Done() <-chan struct{} { return e.done }

// Err implements context.Context.
func (e endable) Err() error {
	select {
	case <-e.done:
		return context.Canceled
	default:
		return nil
	}
}

// lifelines makes one for each thread that a program cancels; nil for the others.
func (c Case) lifelines() []*lifeline {
	all := make([]*lifeline, len(c.Threads))
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			if i := c.thread(o.Thread); o.Kind == Cancel && i >= 0 && all[i] == nil {
				all[i] = newLifeline()
			}
		}
	}
	return all
}

// calls returns the context of the thread's calls to the engine. Calls that must not end halfway use ctx itself.
func (t *thread) calls(ctx context.Context) context.Context {
	if t.lifeline == nil {
		return ctx
	}
	return endable{ctx, t.lifeline}
}
