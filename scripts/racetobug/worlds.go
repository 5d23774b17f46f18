package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// scheduled executes a program under the scheduler.
type scheduled struct{ *sched.Execution }

func (w scheduled) Go(name string, body func(pass func(string)) error) {
	w.Execution.Go(name, func(t *sched.T) {
		err := body(func(point string) { failpoints.Yield(t.Context(), failpoints.Lookup(ownPackage, point)) })
		if err != nil {
			t.Fail(err)
		}
	})
}

func (w scheduled) Finally(judge func() error) {
	w.Execution.Finally(func(t *sched.T) {
		if err := judge(); err != nil {
			t.Fail(err)
		}
	})
}

// A free executes a program with plain goroutines, which only wait for each other to begin.
type free struct {
	begin   chan struct{}
	threads sync.WaitGroup
	judges  []func() error
	pass    func()

	mu     sync.Mutex
	failed error
}

func (w *free) Go(_ string, body func(pass func(string)) error) {
	w.threads.Go(func() {
		<-w.begin
		if err := body(func(string) { w.pass() }); err != nil {
			w.mu.Lock()
			w.failed = err
			w.mu.Unlock()
		}
	})
}

func (w *free) Finally(judge func() error) { w.judges = append(w.judges, judge) }

// runFreely executes a program once, and says whether it showed its bug. At each access a thread sleeps with some probability.
func runFreely(program func(world), sleeps bool, random *rand.Rand) bool {
	w := &free{begin: make(chan struct{}), pass: func() {}}
	if sleeps {
		var mu sync.Mutex
		w.pass = func() {
			mu.Lock()
			length, strikes := drawSleep(random), random.Float64() < sleepShare
			mu.Unlock()
			if strikes {
				time.Sleep(length)
			}
		}
	}
	program(w)
	close(w.begin)
	w.threads.Wait()
	for _, judge := range w.judges {
		w.failed = errors.Join(w.failed, judge())
	}
	return w.failed != nil
}

// Random sleeps: each access sleeps with this probability, for at most this long.
const (
	sleepShare = 0.2
	sleepMost  = time.Millisecond
)

func drawSleep(random *rand.Rand) time.Duration {
	return time.Duration(random.Int64N(int64(sleepMost))) + time.Microsecond
}

// logFreely executes a case of the log once with plain goroutines. With sleeps, every thread sleeps at some of its first passes of the
// engine's points.
func logFreely(ctx context.Context, c cases.Case, sleeps bool, random *rand.Rand) (bool, error) {
	if sleeps {
		c.Delays = slices.Clone(c.Delays)
		for _, t := range c.Threads {
			for _, p := range cases.Points() {
				if p.Kind != failpoints.KindYield || random.Float64() >= sleepShare {
					continue
				}
				at := cases.Place{Thread: t.Name, Point: p.Name, Hit: 1 + random.IntN(2)}
				c.Delays = append(c.Delays, cases.Delay{At: at, For: drawSleep(random)})
			}
		}
	}
	return endsIn(ctx, c)
}

// mostFree is how long an execution with plain goroutines may take; most take some milliseconds. One that takes longer waits for ever, which a
// test of the engine would show too.
const mostFree = 10 * time.Second

func endsIn(ctx context.Context, c cases.Case) (shows bool, err error) {
	type result struct {
		shows bool
		err   error
	}
	ended := make(chan result, 1)
	go func() {
		out, err := cases.Runner{}.Run(ctx, c)
		ended <- result{out.Violation != nil, err}
	}()
	select {
	case r := <-ended:
		return r.shows || errors.Is(r.err, cases.ErrHang), unlessHang(r.err)
	case <-time.After(mostFree):
		return true, nil
	}
}

func unlessHang(err error) error {
	if errors.Is(err, cases.ErrHang) {
		return nil
	}
	return err
}
