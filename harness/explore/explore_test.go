package explore

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

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

func parse(t *testing.T, text string) cases.Case {
	t.Helper()
	c, err := cases.Parse(text, cases.Only(log.Subject))
	require.NoError(t, err)
	return c
}

func TestAProgramIsExploredShrunkAndReported(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=stale; w0: append 2, flush; r0: read - end, read last end")
	s, err := Run(context.Background(), Config{Subject: log.Subject, Program: &c, Search: sched.Options{Seed: 1, Schedules: 2000, Workers: 1}})
	require.NoError(t, err)
	require.Len(t, s.Findings, 1)
	f := s.Findings[0]
	require.Equal(t, 5, f.Report.Replayed)
	require.True(t, f.Report.Shrink.Minimal)
	require.Contains(t, f.Case, "flush; r0: read - end; @ w0@op#1>r0")
	require.Equal(t, 1, s.Programs)
	require.NotZero(t, s.Statistics.Schedules)
}

// A finding that cannot be reported, because it does not show again, is kept, and the reason is reported with it.
func TestAFindingIsKeptThoughItDoesNotShowAgain(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=stale; w0: append 2, flush; r0: read - end, read last end")
	plan, err := log.Subject.Plan(c)
	require.NoError(t, err)
	r, err := sched.Search(context.Background(), plan.Scenario, sched.Options{Seed: 1, Schedules: 2000, Workers: 1})
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings)
	log.OnHandover("snapshot")(&c) // in which the same schedule shows nothing
	s := &Summary{}
	require.ErrorContains(t, s.addAll(context.Background(), Config{}, c, r.Findings), "report v1 scenario=log handover=snapshot")
	require.Len(t, s.Findings, len(r.Findings))
	f := s.Findings[0]
	require.Equal(t, r.Findings[0].Failure.Class(), f.Class)
	require.Contains(t, f.Case, "r0: read - end, read last end", "as it was found")
	require.Contains(t, f.Report.Replay, "racewindow replay 'v1 scenario=log")
}

func TestWhatIsExhaustedIsClaimedWithItsConditions(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1; r0: read - end")
	s, err := Run(context.Background(), Config{Subject: log.Subject, Program: &c, Search: sched.Options{Strategy: "bounded", Preemptions: 1}, Canary: true})
	require.NoError(t, err)
	require.Empty(t, s.Findings)
	require.Len(t, s.Claims, 2)
	require.Contains(t, s.Claims[1], "of 'v1 scenario=log handover=snapshot; w0: append 1; r0: read - end' with at most one preemption at 11 yield points (at most 14 choices a schedule)")
	require.Contains(t, s.Claims[1], "the code between them taken as atomic")
	require.Contains(t, s.Canary, "the known bug was found in schedule")
}

func TestProgramsAreDrawnUntilTheBudgetEnds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	run := func() *Summary {
		s, err := Run(context.Background(), Config{Subject: log.Subject, Search: sched.Options{Strategy: "random", Seed: 5, Schedules: 300, Workers: 1}, PerProgram: 100})
		require.NoError(t, err)
		return s
	}
	first, again := run(), run()
	require.GreaterOrEqual(t, first.Programs, 3, "one that repeats itself is left")
	require.EqualValues(t, 300, first.Statistics.Schedules)
	require.Equal(t, first.Statistics.Distinct, again.Statistics.Distinct, "the seed decides")
	require.Equal(t, first.Statistics.Steps, again.Statistics.Steps)
}

func TestWithoutItsCanaryAnExplorationMeansNothing(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, Config{Subject: log.Subject, Canary: true, Search: sched.Options{Strategy: "random"}})
	require.ErrorContains(t, err, "canary")
}

func TestAFaultThatNeverComesIsNoExploration(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1, flush; ! w0@flush/sync-error#1=EIO, w0@flush/write-error#7=EIO")
	config := Config{Subject: log.Subject, Program: &c, Search: sched.Options{Strategy: "bounded", Preemptions: 1}}
	s, err := Run(context.Background(), config)
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, "[w0@flush/write-error#7=EIO]", "the one that never came is named, and not the other")
	require.Empty(t, s.Claims)
	c.Faults = c.Faults[:1]
	s, err = Run(context.Background(), config)
	require.NoError(t, err)
	require.NotEmpty(t, s.Claims)
	require.NotZero(t, s.Crashes.Faults)
}

// From drawn programs with faults, through every crash in their schedules, to the summary.
func TestDrawnProgramsLosePowerAndMeetFaults(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	for _, model := range disks.Models {
		s, err := Run(context.Background(), Config{
			Subject: log.Subject, Crash: &cases.Crash{Any: true, Model: model}, DrawFaults: 2, PerProgram: 10,
			Draw: cases.Shape{Threads: 3, Operations: 3, Small: true, Torn: true}, Search: sched.Options{Seed: 3, Schedules: 200, Workers: 1},
		})
		require.NoError(t, err)
		require.Empty(t, s.Findings)
		require.GreaterOrEqual(t, s.Programs, 20)
		require.Greater(t, s.Crashes.Disks, s.Crashes.Moments)
		for what, n := range map[string]uint64{"unsynced": s.Crashes.Unsynced, "kills": s.Crashes.Kills, "recoveries": s.Crashes.Recoveries, "faults": s.Crashes.Faults} {
			require.NotZero(t, n, what)
		}
	}
}

// A finding after a crash is one line that shows it again.
func TestAFindingUnderCrashesIsShrunkAndReported(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=stale; w0: append 2, flush; r0: read - end")
	s, err := Run(context.Background(), Config{Subject: log.Subject, Program: &c, Crash: &cases.Crash{Any: true}, Search: sched.Options{Seed: 1, Schedules: 2000, Workers: 1}})
	require.NoError(t, err)
	require.NotEmpty(t, s.Findings)
	require.NotContains(t, s.Findings[0].Case, "crash", "it needs none")
	require.Equal(t, 5, s.Findings[0].Report.Replayed)
}

// Points that are undeclared in any of the programs are counted once.
func TestTheSummaryOfManyProgramsNamesEachUndeclaredPointOnce(t *testing.T) {
	t.Parallel()
	one := sched.Statistics{Schedules: 1, Coverage: sched.Coverage{Undeclared: []string{"b", "c"}}}
	two := sched.Statistics{Schedules: 1, Coverage: sched.Coverage{Undeclared: []string{"a", "c"}}}
	require.Equal(t, []string{"a", "b", "c"}, plus(one, two).Undeclared)
	require.Empty(t, plus(sched.Statistics{Schedules: 1}, sched.Statistics{}).UndeclaredWords())
}

func TestAFindingSaysAfterHowManySchedulesOfAllPrograms(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), Config{
		Subject: log.Subject, Settle: log.OnHandover("stale"), PerProgram: 50, Draw: cases.Shape{Threads: 2, Operations: 2, Small: true},
		Search: sched.Options{Seed: 2, Schedules: 20_000, Workers: 1},
	})
	require.NoError(t, err)
	require.Len(t, s.Findings, 1)
	require.Greater(t, s.Programs, 1, "another seed finds it in a later program")
	require.Equal(t, s.Statistics.Schedules, s.Findings[0].After)
}
