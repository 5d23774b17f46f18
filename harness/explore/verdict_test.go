package explore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

func TestAnExplorationThatJudgedNothingHasNoVerdict(t *testing.T) {
	t.Parallel()
	some := sched.Statistics{Schedules: 10, MaxSteps: 7}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	crash := Config{Crash: &cases.Crash{Any: true}}
	asked := Config{Exhaustive: true, Search: sched.Options{Preemptions: 2}}
	for _, c := range []struct {
		name    string
		ctx     context.Context
		config  Config
		summary *Summary
		failed  error
		verdict string
		because string
	}{
		{name: "held", summary: &Summary{Statistics: some}, verdict: Held},
		{name: "interrupted", ctx: gone, summary: &Summary{Statistics: some}, verdict: NoVerdict, because: "interrupted"},
		{name: "interrupted with a finding", ctx: gone, summary: &Summary{Statistics: some, Findings: []Finding{{}}}, verdict: Violated, because: "interrupted"},
		{name: "failed", summary: &Summary{Statistics: some}, failed: errors.New("the disk is gone"), verdict: NoVerdict, because: "the disk is gone"},
		{name: "failed with a finding", summary: &Summary{Statistics: some, Findings: []Finding{{}}}, failed: errors.New("x"), verdict: Violated, because: "x"},
		{name: "no schedule", summary: &Summary{Ended: "the budget is spent"}, verdict: NoVerdict, because: "no schedule was executed: the budget is spent"},
		{name: "all given up", summary: &Summary{Statistics: sched.Statistics{Schedules: 3, Unknown: 3, MaxSteps: 9}}, verdict: NoVerdict, because: "none of 3 schedules was judged: each came to the limit of 9 choices"},
		{name: "some given up", summary: &Summary{Statistics: sched.Statistics{Schedules: 3, Unknown: 2}}, verdict: Held},
		{name: "no fault came", config: Config{DrawFaults: 2}, summary: &Summary{Statistics: some, Programs: 2}, verdict: NoVerdict, because: "no fault came in 10 schedules of 2 programs"},
		{name: "a fault came", config: Config{DrawFaults: 2}, summary: &Summary{Statistics: some, Crashes: Crashes{Faults: 1}}, verdict: Held},
		{name: "no disk", config: crash, summary: &Summary{Statistics: some}, verdict: NoVerdict, because: "no disk was recovered from"},
		{name: "nothing to lose", config: crash, summary: &Summary{Statistics: some, Crashes: Crashes{Moments: 4, Unsynced: 4, Recoveries: 5}}, verdict: NoVerdict, because: "nothing that a program had done could be lost at any of 4 steps"},
		{name: "something to lose", config: crash, summary: &Summary{Statistics: some, Crashes: Crashes{Exposed: 1, Recoveries: 5, Partial: 1}}, verdict: Held},
		{name: "nothing exhausted", config: asked, summary: &Summary{Statistics: some, Ended: "the budget is spent"}, verdict: NoVerdict, because: "NOT exhausted: the budget is spent before every schedule within --preemptions 2"},
		{name: "less exhausted", config: asked, summary: &Summary{Statistics: some, Exhausted: []sched.Exhausted{{Bound: 1}}}, verdict: NoVerdict, because: "NOT exhausted"},
		{name: "disks left out", config: asked, summary: &Summary{Statistics: some, Crashes: Crashes{Partial: 1}}, verdict: NoVerdict, because: "before every disk of every schedule within --preemptions 2"},
		{name: "schedules given up", config: asked, summary: &Summary{Statistics: sched.Statistics{Schedules: 9, Unknown: 1, MaxSteps: 5}}, verdict: NoVerdict, because: "1 of 9 schedules came to the limit of 5 choices"},
		{name: "exhausted", config: asked, summary: &Summary{Statistics: some, Exhausted: []sched.Exhausted{{Bound: 2}}}, verdict: Held},
		{name: "complete", config: asked, summary: &Summary{Statistics: some, Exhausted: []sched.Exhausted{{Bound: 1, Complete: true}}}, verdict: Held},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		s := c.summary
		s.Claims = []string{"a claim"}
		s.conclude(ctx, c.config, c.failed)
		require.Equal(t, c.verdict, s.Verdict, c.name)
		if c.because == "" {
			require.Empty(t, s.Because, c.name)
			require.NotEmpty(t, s.Claims, c.name)
			continue
		}
		require.Contains(t, s.Because, c.because, c.name)
		require.Empty(t, s.Claims, "%s: what has no verdict claims nothing", c.name)
	}
}

// When the context ends, the search ends between two schedules. What was done is reported, and claims nothing.
func TestAnInterruptedExplorationSaysWhatWasDone(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for name, text := range map[string]string{"drawn": "", "given": "v1 scenario=log handover=snapshot; w0: append 2, flush; r0: read - end; r1: read - end"} {
		ctx, cancel := context.WithCancel(context.Background())
		config := Config{Subject: log.Subject, Draw: cases.Shape{Threads: 2, Operations: 2, Small: true}, Search: sched.Options{Strategy: "random", Seed: 1, Schedules: 1 << 40, Workers: 1}}
		if text != "" {
			program := parse(t, text)
			config.Program = &program
		}
		config.Progress = func(p Progress) {
			if p.Statistics.Schedules > 0 {
				cancel()
			}
		}
		s, err := Run(ctx, config)
		cancel()
		require.NoError(t, err, name)
		require.Equal(t, NoVerdict, s.Verdict, name)
		require.Contains(t, s.Because, "interrupted", name)
		require.NotZero(t, s.Statistics.Schedules, name)
		require.Empty(t, s.Claims, name)
	}
}

// A budget that ends within the first disks leaves schedules partly tried. The claim for a bound needs them completely
// tried.
func TestABudgetEndsBetweenTheDisksOfASchedule(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 2, flush, append 1; r0: read - end")
	config := Config{Subject: log.Subject, Program: &c, Crash: &cases.Crash{Any: true}, Search: sched.Options{Strategy: "bounded", Preemptions: 1, Workers: 1}}
	whole, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.Equal(t, Held, whole.Verdict, whole.Because)
	require.NotEmpty(t, whole.Claims)
	require.Zero(t, whole.Crashes.Partial)

	ctx, cancel := context.WithCancel(context.Background())
	config.Progress = func(p Progress) {
		if p.Disks > 0 {
			cancel()
		}
	}
	config.Exhaustive, config.Search.Preemptions = true, 5
	s, err := Run(ctx, config)
	cancel()
	require.NoError(t, err)
	require.Equal(t, NoVerdict, s.Verdict)
	require.Empty(t, s.Claims)
	if s.Crashes.Partial > 0 { // the interrupt may also fall between two schedules: then the lower bounds are whole
		require.Empty(t, s.Exhausted)
	}
}

func TestTwoFindingsHaveTwoFingerprints(t *testing.T) {
	t.Parallel()
	a, b, c := Finding{Class: "a", Case: "x"}, Finding{Class: "a", Case: "y"}, Finding{Class: "b", Case: "x"}
	require.NotEqual(t, a.Fingerprint(), b.Fingerprint())
	require.NotEqual(t, a.Fingerprint(), c.Fingerprint())
	again := a
	again.Count, again.Drawn = 7, "elsewhere"
	require.Equal(t, a.Fingerprint(), again.Fingerprint())
	require.Len(t, a.Fingerprint(), 8)
}

// Progress is reported at intervals, whatever the exploration is doing.
func TestProgressIsToldFromTheCanaryOn(t *testing.T) {
	t.Parallel()
	var u teller
	told := make(chan Progress)
	u.stage(StageCanary)
	stop := u.tell(func(p Progress) { told <- p })
	require.Equal(t, StageCanary, (<-told).Stage)
	u.update(func(p *Progress) { p.Stage, p.Findings = StageShrink, 2 })
	for p := range told {
		if p.Stage == StageShrink {
			require.Equal(t, 2, p.Findings)
			require.Greater(t, p.Elapsed, time.Duration(0))
			break
		}
	}
	go func() {
		for range told { // until stop returns, somebody must listen
		}
	}()
	stop()
	require.True(t, strings.HasPrefix(StageCanary, "looking"))
}
