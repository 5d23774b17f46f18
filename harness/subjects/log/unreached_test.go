package log

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestADelayWhosePlaceIsNotReachedIsNoVerdict(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for text, want := range map[string]string{
		"w0: append 1; ~ w0@flush/before-write#3=1ms":                                          "the threads did not come to w0@flush/before-write#3",
		"w0: append 1; r0: read - end; ~ w0@op#1=1ms, r0@read/metadata-loaded#2=1ms":           "did not come to r0@read/metadata-loaded#2",
		"w0: append 1; r0: read - end; ~ r0@read/metadata-loaded#9=until:w0@op#1, w0@op#1=1ms": "did not come to r0@read/metadata-loaded#9",
		"w0: append 1, flush; ~ w0@flush/before-write#1=1ms":                                   "",
	} {
		c, err := Parse("v1 scenario=log handover=snapshot; " + text)
		require.NoError(t, err, text)
		_, err = Runner{}.Run(context.Background(), c)
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorIs(t, err, ErrUnmet, text)
		require.ErrorContains(t, err, want, text)
	}
}

// A thread that waits patiently for another one stops when the run must end.
func TestARunThatIsInterruptedDoesNotWaitForItsDelays(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, append 1; r0: read - end, read - end; ~ w0@op#1=until:r0@op#2, r0@op#1=until:w0@op#2")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Runner{Patience: time.Hour, Hang: 2 * time.Hour}.Run(ctx, c)
	require.ErrorIs(t, err, context.Canceled)
}

// No more disks are tried once the time is over, and the schedules with untried disks are counted.
func TestNoMoreDisksAreTriedOnceItIsOver(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 2, flush, append 1; r0: read - end; crash any")
	require.NoError(t, err)
	scenario, crashes, err := c.Crashing()
	require.NoError(t, err)
	asked := 0
	crashes.Until(func() bool { asked++; return asked > 6 })
	r, err := sched.Search(context.Background(), scenario, sched.Options{Strategy: "random", Schedules: 5, Seed: 1, Workers: 1, RepeatEvery: -1})
	require.NoError(t, err)
	require.EqualValues(t, 5, r.Schedules, "the schedules themselves go on")
	require.LessOrEqual(t, crashes.Disks.Load(), uint64(6))
	require.Positive(t, crashes.Disks.Load())
	require.EqualValues(t, 5, crashes.Partial.Load())
}

// A fault of the disk that came before the place of the crash counts, although the execution ends there.
func TestAFaultBeforeTheCrashHasCome(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	for text, missing := range map[string]int{
		"w0: append 1, flush, append 1; ! disk sync * #1 = EIO; crash w0@op#2 disk=1": 0,
		"w0: append 1, flush, append 1; ! disk sync * #1 = EIO; crash w0@op#1 disk=1": 1,
	} {
		c, err := Parse("v1 scenario=log handover=snapshot; " + text)
		require.NoError(t, err, text)
		scenario, crashes, err := c.Crashing()
		require.NoError(t, err)
		out := sched.NewRunner(scenario, sched.Options{}).Replay(nil, false)
		require.Nil(t, out.Failure, text)
		require.True(t, crashes.Reached.Load(), text)
		require.Len(t, crashes.Missing(c.General()), missing, text)
	}
}
