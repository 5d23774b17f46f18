package registry

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
)

// The minima: from a larger program, to the same failure, within one preemption.
var minima = []struct {
	name     string
	program  string
	options  Options
	class    string
	promises []Promise
	want     string
	schedule string
	found    int // preemptions
}{
	{
		"statusfirst-crash", "setup: subscribe a, subscribe b; p0: publish a+b; m0: remove a, subscribe a",
		Options{},
		Crash, nil,
		"setup: subscribe a; m0: remove a, publish a", "", 0,
	},
	{
		"filternil-left", "setup: subscribe a, suspend a; p0: publish a, publish a; m0: remove a",
		Options{Order: FilterNil},
		NothingLeft.Name,
		[]Promise{NothingLeft},
		"setup: subscribe a, suspend a; p0: publish a; m0: remove a", "p0@start/log-open#1>m0", 1,
	},
	{
		"filternil-late", "setup: subscribe a; p0: publish a; m0: remove a",
		Options{Order: FilterNil},
		GoneAtReturn.Name,
		[]Promise{GoneAtReturn},
		"setup: subscribe a; p0: remove a", "", 0,
	},
	{
		"reorder-concurrent-crash", "setup: subscribe a, subscribe b; p0: publish a+b; m0: remove a",
		Options{Order: Reorder, Concurrent: true},
		Crash, nil, "setup: subscribe a; p0: publish a; m0: remove a", "", 0,
	},
	{
		"reorder-concurrent-left", "setup: subscribe a; p0: publish a; m0: remove a, subscribe a",
		Options{Order: Reorder, Concurrent: true},
		NothingLeft.Name,
		[]Promise{NothingLeft},
		"setup: subscribe a; p0: publish a; m0: remove a", "m0@remove/stopped#1>p0", 1,
	},
}

func TestFailuresShrinkToTheSmallestProgramAndReplayEachTime(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, m := range minima {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			small, f, err := Minimal(context.Background(), program(t, m.program), m.options, m.class, 1, m.promises...)
			require.NoError(t, err)
			require.Equal(t, m.want, small.String())
			require.Equal(t, m.schedule, f.Schedule.String())
			require.Equal(t, m.found, f.Preemptions)
			golden(t, m.name+".txt", Report(small, m.options, f, m.promises...))

			pinned, err := sched.ParseSchedule(m.schedule)
			require.NoError(t, err)
			runner := sched.NewRunner(Scenario(program(t, m.want), m.options, m.promises...), sched.Options{})
			for i := range 100 {
				o := runner.Replay(pinned, false)
				require.NotNil(t, o.Failure, "replay %d", i)
				require.Equal(t, m.class, classOf(o.Failure), "replay %d", i)
				require.Equal(t, pinned, o.Schedule)
			}
		})
	}
}

// Programs that are explored to one preemption, with the fixes that hold.
var larger = []string{
	"setup: subscribe a; p0: publish a; m0: suspend a",
	"setup: subscribe a; p0: publish a; s0: subscribe a",
	"setup: subscribe a; p0: publish a; m0: remove a, subscribe a, publish a",
	"setup: subscribe a, subscribe b; p0: publish a+b; m0: remove a",
	"setup: subscribe a; p0: publish a; p1: publish a; m0: remove a",
	"setup: subscribe a; p0: publish a; m0: suspend a; m1: remove a",
}

func TestTheFixesThatHoldDoSoInLargerPrograms(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	bound := 1
	if raceoff.Enabled { // a schedule takes ten times as long
		bound = 0
	}
	var b strings.Builder
	for _, text := range larger {
		fmt.Fprintln(&b, text)
		for _, options := range []Options{{Order: Reorder}, {Order: Checked}, {Order: Checked, Concurrent: true}} {
			v, err := Verify(context.Background(), Scenario(program(t, text), options, lasting()...), bound)
			require.NoError(t, err)
			require.Empty(t, v.Findings)
			fmt.Fprintf(&b, "    %v, concurrent %v: %v\n", options.Order, options.Concurrent, v)
		}
	}
	if !raceoff.Enabled {
		golden(t, "larger.txt", b.String())
	}
}

func TestOnlyReorderLeavesNothingWhenARemovalReturns(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	bound := 2
	if raceoff.Enabled {
		bound = 1
	}
	for _, text := range []string{removalProgram, asleepProgram} {
		for _, order := range Orders() {
			v, err := Verify(context.Background(), Scenario(program(t, text), Options{Order: order}, Promises()...), bound)
			require.NoError(t, err)
			late := v.of(GoneAtReturn.Name)
			require.Equal(t, order == Reorder, len(v.Findings) == 0, "%v: %v", order, v)
			require.Equal(t, order == Reorder, late == nil, "%v: %v", order, v)
			if late != nil {
				require.Zero(t, late.Preemptions)
				require.Contains(t, late.Failure.Message, "of a.1: route")
			}
		}
	}
}

// A judge that could not say no would make every fix hold.
func TestThePromisesAreJudged(t *testing.T) {
	t.Parallel()
	a := []string{"a"}
	subscribed := call{operation: Operation{Subscribe, a}, begin: 1, end: 2, handle: "a.1"}
	published := call{operation: Operation{Publish, a}, begin: 3, end: 4, value: "p0.1"}
	delivered := published
	delivered.delivered = []string{"a.1"}
	removed := call{operation: Operation{Remove, a}, begin: 3, end: 5, handle: "a.1"}
	late := removed
	late.left = []string{"route"}
	after := removed
	after.begin = 5
	type table = map[string][]string
	for _, c := range []struct {
		promise       Promise
		calls         []call
		content, left table
		want          string
	}{
		{Delivery, []call{subscribed, published}, nil, nil, "p0.1 was not delivered to a.1"},
		{Delivery, []call{subscribed, published, after}, nil, nil, "p0.1 was not delivered to a.1"},
		{Delivery, []call{subscribed, published, removed}, nil, nil, ""},
		{Delivery, []call{subscribed, delivered}, nil, nil, ""},
		{Delivery, []call{published}, nil, nil, ""},
		{Kept, []call{subscribed, delivered}, table{"a.1": nil}, nil, "a.1 holds [], delivered were [p0.1]"},
		{Kept, []call{subscribed, delivered}, table{"a.1": {"p0.1", "p0.1"}}, nil, "a.1 holds [p0.1 p0.1], delivered were [p0.1]"},
		{Kept, []call{subscribed, published}, table{"a.1": {"p0.1"}}, nil, "a.1 holds [p0.1], delivered were []"},
		{Kept, []call{subscribed, delivered}, table{"a.1": {"p0.1"}}, nil, ""},
		{NothingLeft, []call{subscribed, removed}, nil, table{"a.1": {"consumer"}}, "of a.1, in the end: consumer"},
		{NothingLeft, []call{subscribed}, nil, table{"a.1": {"consumer"}}, ""},
		{GoneAtReturn, []call{subscribed, late}, nil, nil, "of a.1: route"},
		{GoneAtReturn, []call{subscribed, removed}, nil, nil, ""},
	} {
		b := judge(c.promise, c.calls, c.content, c.left)
		if c.want == "" {
			require.Nil(t, b, "%+v", c)
			continue
		}
		require.NotNil(t, b, "%+v", c)
		require.Equal(t, c.want, b.Detail)
		require.Contains(t, b.Error(), c.promise.Sentence)
	}
}
