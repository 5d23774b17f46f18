package plain

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// A finding is made smaller until its time is over, and says so. With time enough it is the same as without a limit.
func TestAFindingIsMadeSmallerWhileItHasTime(t *testing.T) {
	t.Parallel()
	dir := copied(t, "fewest")
	schedules := map[time.Duration]string{}
	for _, most := range []time.Duration{0, time.Nanosecond, time.Hour} {
		s := session(t, dir)
		s.Run = Exactly("TestHalf1")
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 4_000, Seed: 1, Shrinking: most}
		f := requireFound(t, explored(t, s, dir), "TestHalf1")
		require.Equal(t, most == time.Nanosecond, f.Late)
		require.Equal(t, f.Replays, f.Replayed)
		require.NotEmpty(t, f.Outcome.Events, "it is told")
		schedules[most] = f.Schedule.String()
		if f.Late {
			require.Len(t, f.Schedule, f.FromSwitches)
		}
	}
	require.Equal(t, schedules[0], schedules[time.Hour])
	require.Less(t, len(schedules[0]), len(schedules[time.Nanosecond]))
}

// What is stopped while a finding is made smaller has found it all the same, and so has a test that hangs then.
func TestAFindingThatIsMadeSmallerOutlivesAnInterruption(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before []drive.Event
		want   []string
	}{
		{[]drive.Event{{Event: drive.Began}, {Event: drive.Sighted}}, []string{drive.Began, drive.Sighted, drive.Abandoned, drive.Ended}},
		{[]drive.Event{{Event: drive.Sighted}, {Event: drive.Ended, Plain: &drive.PlainSummary{}}}, []string{drive.Sighted, drive.Ended}},
		{[]drive.Event{{Event: drive.Sighted}, {Event: drive.Refused}}, []string{drive.Sighted, drive.Abandoned, drive.Ended}},
	} {
		ctx, stop := context.WithCancel(t.Context())
		var told []string
		b := &binary{Session: &Session{Event: func(_ Package, e drive.Event) { told = append(told, e.Event) }}}
		for _, e := range c.before {
			e.Test = "TestX"
			b.take(ctx, e)
		}
		stop()
		require.ErrorIs(t, b.stopped(ctx, context.Canceled), context.Canceled)
		require.Equal(t, c.want, told)
	}
}

// A terminal interrupts a test's process, too. Its death was taken for one that the test had caused, and its finding for one that did not show again.
func TestTheDeathOfAnInterruptedProcessWaitsForTheInterruption(t *testing.T) {
	t.Parallel()
	for state, waits := range map[string]time.Duration{"exit status 2": 0, "signal: killed": 0, "signal: interrupt": 300 * time.Millisecond, "signal: terminated (core dumped)": 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer stop()
			began := time.Now()
			awaitInterruption(ctx, state)
			require.Equal(t, waits, time.Since(began), state)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		awaitInterruption(t.Context(), "signal: interrupt")
		require.Equal(t, time.Second, time.Since(began), "the test may have interrupted its own process")
	})
}

// With ten goroutines or more, an enumeration of the schedules without a preemption does not come to its end, nor to those with one.
func TestAFindingAmongManyGoroutinesHasTheFewestPreemptions(t *testing.T) {
	t.Parallel()
	dir := copied(t, "fewest")
	for seed := range uint64(3) {
		s := session(t, dir)
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 4_000, Seed: seed + 1}
		got := explored(t, s, dir)
		for test := range got.ended {
			f := requireFound(t, got, test)
			needed, err := strconv.Atoi(test[len(test)-1:])
			require.NoError(t, err)
			require.Equal(t, needed, f.Preemptions, "%s, seed %d: shrunk from %d to %v", test, seed+1, f.FromPreemptions, f.Schedule)
			require.Positive(t, f.Fewer, "%s: there are more schedules with fewer preemptions than could be executed", test)
			require.Equal(t, f.Replays, f.Replayed, test)
		}
	}
}
