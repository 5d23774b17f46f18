package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spec"
)

// never is a grace that no machine uses up.
const never = 24 * time.Hour

// loadOf is a run of a few thousand operations.
func loadOf(change func(*Load)) Load {
	c := Load{
		Goroutines: 60, Operations: 20_000, Programs: 30, Seed: 1, Grace: never,
		Draw: cases.Shape{Threads: 3, Operations: 3, Small: true}, Delays: failpoints.Delays{Probability: 0.2},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestALoadFindsALostUpdateAndShowsTheHistory(t *testing.T) {
	t.Parallel()
	r, err := counters(t, false).Load(t.Context(), loadOf(nil))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Linearizability", r.Finding.Violation.Class())
	text := r.Finding.History.String()
	require.Contains(t, text, "c0")
	require.Regexp(t, `add\(\d+\) +\d+`, text)
}

func TestALoadOfARightObjectHoldsAndCounts(t *testing.T) {
	t.Parallel()
	r, err := counters(t, true).Load(t.Context(), loadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding)
	require.Zero(t, r.DataRaces)
	require.GreaterOrEqual(t, r.Operations, uint64(20_000))
	require.Greater(t, r.Operations, r.Instances)
	require.NotZero(t, r.Overlapping)
	require.NotZero(t, r.Histories)
	require.Equal(t, 30, r.Programs)
	require.Greater(t, r.Peak, uint64(10))
	for kind := range numberOfKind {
		require.Contains(t, r.Canary, defectWords[kind]+" was caught within")
	}
}

func TestOperationsThatWaitAsTheyDoAloneAreNoHang(t *testing.T) {
	t.Parallel()
	r, err := boxes(t, false, false).Load(t.Context(), loadOf(func(c *Load) { c.Operations, c.NoCanary = 3_000, true }))
	require.NoError(t, err)
	require.Nil(t, r.Finding)
	require.NotZero(t, r.Waiting)
	require.Zero(t, r.Abandoned)
}

func TestALoadFindsALostWakeUpWithTheStacksOfThoseWhoWait(t *testing.T) {
	t.Parallel()
	o := boxes(t, true, false)
	var r LoadResult
	var err error
	for grace, slow := time.Second, new(HangError); ; grace *= 2 {
		r, err = o.Load(t.Context(), loadOf(func(c *Load) { c.NoCanary, c.Grace = true, grace }))
		if !errors.As(err, &slow) { // else a goroutine had not got the processor for as long as the grace, so there is no verdict
			break
		}
	}
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Progress", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "never returned")
	require.ErrorContains(t, r.Finding.Violation, "the last resort")
	require.Regexp(t, `c\d in take\(\): goroutine \d+ `, r.Finding.Stacks)
	require.Contains(t, r.Finding.Stacks, "(*box).Take")
}

func TestALoadFindsAPanicWithItsStack(t *testing.T) {
	t.Parallel()
	r, err := boxes(t, false, true).Load(t.Context(), loadOf(func(c *Load) { c.NoCanary = true }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "NoPanic", r.Finding.Violation.Class(), "%v\n%v", r.Finding.Violation, r.Finding.History)
	require.Contains(t, r.Finding.Violation.Stack(), "(*box).Take")
}

// Where nobody schedules them, a client with one operation has ended before the other one comes to its write: a limiter's canary was not caught
// in a million operations.
func TestTheOtherClientOfALoadsCanaryIsStillThere(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	found, err := o.findSight(o.methods, true)
	require.NoError(t, err)
	for _, reads := range []int{1, len(found.before) + 2} {
		p, err := o.planted(found, losesUpdate, reads)
		require.NoError(t, err)
		require.Len(t, p.c.Threads[0].Operations, len(found.before)+2)
		require.Len(t, p.c.Threads[1].Operations, reads)
	}
}

func TestALoadOfWhatCannotBeJudgedIsNoVerdict(t *testing.T) {
	t.Parallel()
	right := counters(t, true)
	_, err := right.Load(t.Context(), loadOf(func(c *Load) { c.Goroutines = 1 }))
	require.ErrorIs(t, err, ErrLoad)
	_, err = right.Load(t.Context(), loadOf(func(c *Load) { c.Operations = 0 }))
	require.ErrorIs(t, err, ErrLoad)
	_, err = right.Load(t.Context(), loadOf(func(c *Load) { c.Delays.Probability = 2 }))
	require.ErrorIs(t, err, ErrLoad)
	_, err = right.Load(t.Context(), loadOf(func(c *Load) { c.canaryOperations = 1; c.Goroutines = 2 }))
	require.ErrorIs(t, err, ErrLoadCanary)
	_, err = right.Load(t.Context(), loadOf(func(c *Load) { c.NoCanary, c.Operations, c.Duration = true, 1<<60, 100*time.Millisecond }))
	require.ErrorContains(t, err, "operations were executed: the time is over")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = right.Load(ctx, loadOf(nil))
	require.ErrorContains(t, err, "interrupted")

	alone, err := New(Config{
		Name: "TestAlone", Type: reflect.TypeFor[*counter](),
		Open:       func(context.Context, *Env) (any, error) { return counterAt(0, true), nil },
		Operations: []Method{{Name: "get", Do: (*counter).Get}},
	})
	require.NoError(t, err)
	_, err = alone.Load(t.Context(), loadOf(nil))
	require.ErrorIs(t, err, ErrBlind)
}

// To a judge, what has not returned never does: what the run looks at while it goes on, and what it calls off, is nothing for it.
func TestAJudgeOfTheHistorySeesNothingThatTheRunCalledOff(t *testing.T) {
	t.Parallel()
	config := boxes(t, false, false).Config
	config.Holds = func(h History) error {
		puts, takes := 0, 0
		for _, e := range h {
			switch {
			case e.Outcome == spec.Indeterminate:
				return fmt.Errorf("%s was called off", e.Call)
			case e.Operation == "put":
				puts++
			case e.Returned == 0:
				takes++
			}
		}
		if takes > 0 && puts >= len(h) { // which no history has
			return errors.New("a take never returned")
		}
		return nil
	}
	o, err := New(config)
	require.NoError(t, err)
	r, err := o.Load(t.Context(), loadOf(func(c *Load) { c.Operations, c.NoCanary = 3_000, true }))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.NotZero(t, r.Waiting)
}

func TestAJudgeOfTheHistoryIsNotAskedOfOperationsUnderWay(t *testing.T) {
	t.Parallel()
	for holds, wrong := range map[bool]bool{true: false, false: true} {
		config := counters(t, true).Config
		if holds {
			config.Holds = func(History) error { return errors.New("something has not returned") }
		}
		o, err := New(config)
		require.NoError(t, err)
		p, err := o.plan(parseOf(t, o, "c0: add(1); c1: get()"))
		require.NoError(t, err)
		l := newLoad(o, loadOf(nil), []*plan{p})
		seen := &run{plan: p, history: spec.History{{Outcome: spec.Pending, Invoked: 1}, {Outcome: spec.OK, Result: "7", Invoked: 2, Returned: 3}}, values: make([][]any, 2)}
		require.Equal(t, wrong, l.lanes[0].wrongAlready(seen), "get() gives 7, whatever becomes of add(1)")
	}
}

// An engine that opens slowly would be executed alone for minutes before any client begins.
func TestProgramsAreDrawnForAPartOfTheTimeOnly(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	c := Load{Duration: 10 * time.Second}
	c.setDefaults()
	require.Equal(t, 2500*time.Millisecond, c.drawing)
	asked := Load{Programs: 12}
	asked.setDefaults()
	require.Zero(t, asked.drawing, "who asks for a number gets it")
	for want, drawing := range map[int]time.Duration{leastPrograms: 1, 12: 0} {
		asked.drawing = drawing
		plans, err := o.pool(t.Context(), asked)
		require.NoError(t, err)
		require.Len(t, plans, want)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := o.pool(ended, asked)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "interrupted after 0 programs were drawn")
}
