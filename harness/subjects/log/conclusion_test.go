package log

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// After its first flush, a sleeping engine never reports anything further as durable.
type asleep struct {
	full
	first *harness.Offset
}

func (a asleep) Durable() harness.Offset {
	if a.first.Tx == 0 {
		*a.first = a.full.Durable()
	}
	return *a.first
}

func TestAFlushByTimeThatComesOnlyOnceIsAViolation(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, program := range []string{"t0: append 1", "t0: other 1; t1: append 1"} {
		c := parse(t, "v1 scenario=log handover=snapshot interval=1s; "+program)
		p, err := c.plan()
		require.NoError(t, err)
		require.Nil(t, sched.NewRunner(p.scenario, sched.Options{}).Replay(nil, false).Failure, program)
		p.wrong = func(_ *run, e harness.Engine) harness.Engine { return asleep{e.(full), &harness.Offset{}} }
		if program != "t0: append 1" { // the second log is asked of the engine itself
			continue
		}
		f := sched.NewRunner(p.scenario, sched.Options{}).Replay(nil, false).Failure
		require.NotNil(t, f)
		require.Equal(t, "FlushByTime/record at the end", f.Class())
	}
}

// A tireless engine repeats a flush until there is room.
type tireless struct{ full }

func (e tireless) Flush(ctx context.Context) error {
	for {
		if err := e.full.Flush(ctx); !errors.Is(err, storage.ErrNoSpace) {
			return err
		}
	}
}

func TestAnOperationThatTriesAgainForEverIsAViolation(t *testing.T) {
	if raceoff.Enabled {
		t.Skip("invariants are checked between two threads: not under -race")
	}
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! disk write * #1+ = ENOSPC", func(_ *run, e harness.Engine) harness.Engine { return tireless{e.(full)} })
	require.Contains(t, f.Error(), "one tries again for ever")
}

// The program neither flushes nor opens a log, so the faults strike after its end.
func TestFaultsThatTheProgramHasNotMetComeAtItsEnd(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, text := range []string{
		"interval=1s; t0: append 1; ! disk write * #1 = ENOSPC",
		"interval=1s; t0: append 1; ! flusher@flush/sync-error#1=EIO",
		"flush=56; t0: append 1; ! disk list * #2 = EIO",
		"flush=56; t0: append 1; ! disk size * #1+ = EIO",
		"segment=1; t0: append 1, flush, append 1, flush; ! disk open * #2 = EIO",
	} {
		c := parse(t, "v1 scenario=log handover=snapshot "+text)
		scenario, crashes, err := c.Crashing()
		require.NoError(t, err)
		require.Nil(t, sched.NewRunner(scenario, sched.Options{}).Replay(nil, false).Failure, text)
		require.Empty(t, crashes.Missing(c.General()), text)
	}
}

// A thread that closes the log and asks for it again gets an open log, even if other threads close it meanwhile.
func TestALogThatIsAskedForAfterACloseIsOpen(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, program := range []string{
		"; t0: append 1, close, handle, append 1",
		"; t0: close, handle, append 1; t1: handle, append 1; t2: close, handle",
		"; t0: close; t1: close, handle; t2: handle, append 1, closestore",
	} {
		for _, f := range search(t, "v1 scenario=log handover=snapshot"+program, 500) {
			t.Errorf("%s; @ %v: %v", program, f.Schedule, f.Failure)
		}
	}
}
