package sched

import (
	"context"
	"sync"

	"github.com/racewindow/racewindow/failpoints"
)

const testPackage = "github.com/racewindow/racewindow/harness/sched"

// Register, rather than markers, so that these tests need no instrumented build: what is tested here is what a marker calls.
var (
	pointLoad  = failpoints.Register(testPackage, "test/load", failpoints.KindYield, "fixture_test.go", 1)
	pointStore = failpoints.Register(testPackage, "test/store", failpoints.KindYield, "fixture_test.go", 2)
	pointLock  = failpoints.WaitPoint(testPackage, "test/lock")
	pointWait  = failpoints.WaitPoint(testPackage, "test/wait")
)

// A counter loses an update when two goroutines increment at a time.
type counter struct {
	mu    sync.Mutex
	value int
}

// load and store are atomic to the race detector: the fault is one of order, as in a log that loses a record.
func (c *counter) load() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value
}

func (c *counter) store(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = n
}

func (c *counter) increment(ctx context.Context) {
	failpoints.Yield(ctx, pointLoad)
	n := c.load()
	failpoints.Yield(ctx, pointStore)
	c.store(n + 1)
}

// lostUpdate is the smallest program with a window: two threads increment.
func lostUpdate(x *Execution) {
	c := &counter{}
	for _, name := range []string{"a", "b"} {
		x.Go(name, func(t *T) { c.increment(t.Context()) })
	}
	x.Finally(func(t *T) {
		if n := c.load(); n != 2 {
			t.Fatalf("the counter is %d", n)
		}
	})
}

// locked is lostUpdate with a lock around it.
func locked(x *Execution) {
	c := &counter{}
	var mu sync.Mutex
	for _, name := range []string{"a", "b"} {
		x.Go(name, func(t *T) {
			failpoints.Lock(t.Context(), pointLock, &mu)
			defer mu.Unlock()
			c.increment(t.Context())
		})
	}
	x.Finally(func(t *T) {
		if n := c.load(); n != 2 {
			t.Fatalf("the counter is %d", n)
		}
	})
}

// testPoints numbers the points of candidates that are made up.
var testPoints = newPoints()

// stands is a thread that stands at a failpoint.
func stands(thread int, p *failpoints.Point) Candidate {
	x := Execution{chooser: &Chooser{points: testPoints}}
	if err := x.meet(p); err != nil {
		panic(err)
	}
	c := x.known[p.ID()]
	c.Thread = thread
	return c
}
