package sched_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// In code that is explored this is a marker: failpoint.InjectCall("counter/loaded", ctx), and racewindow test builds it in.
var loaded = failpoints.Lookup("example.com/counter", "counter/loaded")

type hits struct{ n atomic.Int64 }

// add loses an update when two goroutines are here at a time.
func (h *hits) add(ctx context.Context) {
	n := h.n.Load()
	failpoints.Yield(ctx, loaded)
	h.n.Store(n + 1)
}

func twoHits(x *sched.Execution) {
	h := &hits{}
	x.Go("a", func(t *sched.T) { h.add(t.Context()) })
	x.Go("b", func(t *sched.T) { h.add(t.Context()) })
	x.Finally(func(t *sched.T) {
		if n := h.n.Load(); n != 2 {
			t.Fatalf("%d hits", n)
		}
	})
}

// A test explores a scenario in one line. It fails with the schedule and the command that repeats it.
func ExampleExplore() {
	_ = func(t *testing.T) { // func TestHits(t *testing.T) {
		sched.Explore(t, sched.Options{}, twoHits)
	}
}

// A search returns what a test would have reported.
func ExampleSearch() {
	r, err := sched.Search(context.Background(), twoHits, sched.Options{Strategy: "bounded", Preemptions: 2, Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range r.Exhausted {
		fmt.Printf("bound %d: %d schedules hold\n", e.Bound, e.Schedules)
	}
	for _, f := range r.Findings {
		fmt.Printf("%v\n%v\n", f.Failure, f.Schedule)
	}
	// Output:
	// bound 0: 2 schedules hold
	// failed in main: 1 hits
	// a@counter/loaded#1>b
}
