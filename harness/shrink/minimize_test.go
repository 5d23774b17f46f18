package shrink

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// found explores a program at random, and returns the case of a failure with that class.
func found(t *testing.T, program, class string, seed uint64) cases.Case {
	t.Helper()
	c := parse(t, program)
	s, err := c.Scenario()
	require.NoError(t, err)
	r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "random", Schedules: 3000, Seed: seed, Workers: 1, All: true})
	require.NoError(t, err)
	i := slices.IndexFunc(r.Findings, func(f sched.Finding) bool { return f.Failure.Class() == class })
	require.GreaterOrEqual(t, i, 0, "%s: %v", program, r.Findings)
	c.Switches = r.Findings[i].Schedule
	return c
}

func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// What each known-bad hand-over shrinks to, from whatever case.
func TestPinnedMinima(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const program = "; w0: append 2, flush, append 3, flush, append 1; w1: append 1, read - end, flush; r0: read - end, read last end, read 1.5 3.+"
	seeds := 3
	if raceoff.Enabled { // a schedule takes thirty times as long
		seeds = 1
	}
	const beneath = "; w0: append 2, flush, append 3; w1: append 1, read - 1.+, append 2, read 1.+ acked.7; r0: read - end, read - 2.5"
	for _, c := range []struct{ name, program, class, want, window string }{
		{
			"stale, empty", "stale" + program, "ReadAfterWrite/empty", "w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0",
			"r0 read/metadata-loaded#1 tail/lock#1",
		},
		{
			"stale, partial", "stale" + program, "ReadAfterWrite/partial", "w0: append 2, flush; r0: read - end; @ w0@op#1>r0, r0@read/between-tail-records#1>w0",
			"r0 read/between-tail-records#1 tail/lock#2",
		},
		{"recheckliteral", "recheckliteral" + program, "ReadAfterWrite/empty", "w0: append 1, read - end", ""},
		{
			"recheck", "recheck" + program, "ReadAfterWrite/empty", "w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/rechecked#1>w0",
			"r0 read/rechecked#1 tail/lock#1",
		},
		{"fallback", "fallback" + beneath, "ReadAfterWrite/empty", "w0: append 1, append 1, read - 1.+", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(seeds) {
				large := found(t, "v1 scenario=log handover="+c.program, c.class, seed)
				m, err := Minimize(context.Background(), large.General(), Limits{})
				require.NoError(t, err)
				require.True(t, m.Minimal, "%v %v %+v", m.Case, m.Duration, m.Without)
				handover, _, _ := strings.Cut(c.program, ";")
				require.Equal(t, renamed(t, "v1 scenario=log handover="+handover+"; "+c.want), renamed(t, m.Case.String()), "from %v", large)
				require.Equal(t, strings.Count(c.window, "tail/lock"), len(m.Windows))
				require.NotEmpty(t, m.Without)
				for _, w := range m.Without {
					require.True(t, w.Exhausted, w.What)
				}
			}
		})
	}
}

// renamed names the threads of a case by their order, because any of several equal threads may remain.
func renamed(t *testing.T, text string) string {
	t.Helper()
	c := parse(t, text)
	slices.SortFunc(c.Threads, func(a, b cases.Thread) int { return len(b.Operations) - len(a.Operations) })
	for i, thread := range c.Threads {
		name := string(rune('a' + i))
		for j := range c.Switches {
			s := &c.Switches[j]
			if s.At.Thread == thread.Name {
				s.At.Thread = name
			}
			if s.To == thread.Name {
				s.To = name
			}
		}
		c.Threads[i].Name = name
	}
	return c.String()
}

func TestAFaultAndACrashThatAreNotNeededAreLeftOut(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	large := parse(t, "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; r1: read - end; ! disk sync * #2 = EIO; crash any")
	s, err := large.Scenario()
	require.NoError(t, err)
	r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded", Preemptions: 1, Workers: 1})
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings)
	require.Equal(t, "ReadAfterWrite/empty", r.Findings[0].Failure.Class())
	large.Switches = r.Findings[0].Schedule
	m, err := Minimize(context.Background(), large.General(), Limits{})
	require.NoError(t, err)
	require.True(t, m.Minimal, "%v %+v", m.Case, m.Without)
	require.Equal(t, renamed(t, "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"), renamed(t, m.Case.String()), "from %v", large)
}
