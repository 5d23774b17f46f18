package registry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

// The minima: from a larger program, to the same failure, within one preemption.
var minima = []struct{ name, program, class, want string }{
	{
		"statusfirst-crash", "v1 scenario=registry removal=statusfirst; setup: subscribe a, subscribe b; p0: publish a+b; m0: remove a, subscribe a", NoCrash.Name,
		"v1 scenario=registry removal=statusfirst; setup: subscribe a; m0: remove a, publish a",
	},
	{
		"filternil-left", "v1 scenario=registry removal=filternil promise=NothingLeft; setup: subscribe a, suspend a; p0: publish a, publish a; m0: remove a", NothingLeft.Name,
		"v1 scenario=registry removal=filternil; setup: subscribe a, suspend a; p0: publish a; m0: remove a; @ p0@start/live#1>m0",
	},
	{
		"filternil-late", "v1 scenario=registry removal=filternil promise=GoneAtReturn; setup: subscribe a; p0: publish a; m0: remove a", GoneAtReturn.Name,
		"v1 scenario=registry removal=filternil promise=GoneAtReturn; setup: subscribe a; m0: remove a",
	},
	{
		"reorder-concurrent-crash", "v1 scenario=registry removal=reorder concurrent=true; setup: subscribe a, subscribe b; p0: publish a+b; m0: remove a", NoCrash.Name,
		"v1 scenario=registry removal=reorder concurrent=true; setup: subscribe a; p0: publish a; m0: remove a",
	},
	{
		"reorder-concurrent-left", "v1 scenario=registry removal=reorder concurrent=true promise=NothingLeft; setup: subscribe a; p0: publish a; m0: remove a, subscribe a", NothingLeft.Name,
		"v1 scenario=registry removal=reorder concurrent=true; setup: subscribe a; p0: publish a; m0: remove a; @ m0@remove/stopped#1>p0",
	},
}

// sourceLine is where a failpoint stands: lines move whenever the engine is edited.
var sourceLine = regexp.MustCompile(`\.go:\d+`)

func TestFailuresShrinkToTheSmallestProgramAndReplayEachTime(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, m := range minima {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			found := parse(t, m.program)
			first, err := sched.Search(context.Background(), scenario(found), sched.Options{Strategy: "bounded", Preemptions: 1, Class: m.class, Workers: 1})
			require.NoError(t, err)
			i := slices.IndexFunc(first.Findings, func(f sched.Finding) bool { return f.Failure.Class() == m.class })
			require.GreaterOrEqual(t, i, 0, "%v", first.Findings)
			found.Switches = first.Findings[i].Schedule
			small, err := shrink.Minimize(context.Background(), found, shrink.Limits{})
			require.NoError(t, err)
			require.Equal(t, m.want, small.Case.String())
			require.Equal(t, m.class, small.Failure.Class())
			require.LessOrEqual(t, small.Preemptions, 1)
			require.True(t, small.Minimal || raceoff.Enabled, "%+v", small.Without)

			r, err := report.New(small, found, first.Findings[i].Preemptions)
			require.NoError(t, err)
			r.Shrink.Took = 0 // it differs each time
			var text strings.Builder
			require.NoError(t, r.WriteText(&text, 100, report.Palette{}))
			if !raceoff.Enabled { // a state is not looked at there
				golden(t, m.name+".txt", sourceLine.ReplaceAllString(text.String(), ".go"))
			}

			runner := sched.NewRunner(scenario(parse(t, m.want)), sched.Options{})
			for i := range 100 {
				o := runner.Replay(small.Case.Switches, false)
				require.NotNil(t, o.Failure, "replay %d", i)
				require.Equal(t, m.class, o.Failure.Class(), "replay %d", i)
				require.Equal(t, small.Case.Switches, o.Schedule)
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
	for _, program := range larger {
		fmt.Fprintln(&b, program)
		for _, settings := range []string{"removal=reorder", "removal=checked", "removal=checked concurrent=true"} {
			v, err := Verify(context.Background(), scenario(parse(t, "v1 scenario=registry "+settings+"; "+program)), bound)
			require.NoError(t, err)
			require.Empty(t, v.Findings)
			fmt.Fprintf(&b, "    %s: %v\n", settings, v)
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
	for _, program := range []string{removalProgram, asleepProgram} {
		for _, order := range Orders() {
			v, err := Verify(context.Background(), scenario(written("v1 scenario=registry promise=GoneAtReturn removal="+order.String()+program)), bound)
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

// The judge must be able to report a violation: otherwise every fix would seem to hold.
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
