package stress

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/deadlock"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// A changedLog is the log of this module with something changed, which still gives access to it.
type changedLog struct {
	harness.Opened
	harness.Watermarked
	harness.Engine
}

// changed opens the log of this module and changes it.
func changed(change func(harness.Opened, harness.Engine) harness.Engine) func(int) (harness.Factory, error) {
	return func(round int) (harness.Factory, error) {
		factory, err := storageOn(storage.Snapshot)(round)
		return func(ctx context.Context) (harness.Engine, error) {
			e, err := factory(ctx)
			if err != nil {
				return nil, err
			}
			opened := e.(harness.Opened)
			return changedLog{opened, e.(harness.Watermarked), change(opened, e)}, nil
		}, err
	}
}

func TestAppendsThatWaitAreCalledOffAndALogIsClosedBesideOperations(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.Rounds, config.Each = 2, 20
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.Nil(t, s.Violation)
	require.EqualValues(t, 2, s.proof.ours)
	require.EqualValues(t, 2, s.proof.waits)
	require.EqualValues(t, 2, s.proof.closes)
}

func TestOtherEnginesAreClosedAfterTheirClients(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), smallRun(always(func() *sliceLog { return &sliceLog{} }, nil)))
	require.NoError(t, err)
	require.Zero(t, s.proof.ours)
	require.Zero(t, s.proof.waits)
	require.Zero(t, s.proof.closes)
}

// A wordyLog says in words of its own that it is closed.
type wordyLog struct{ harness.Engine }

func (l wordyLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := l.Engine.Append(ctx, records)
	if errors.Is(err, storage.ErrClosed) {
		err = errors.New("no longer in business")
	}
	return at, err
}

func TestAnErrorBesideACloseMustSayThatTheLogIsClosed(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for seed := range uint64(2) { // with and without a transaction that is open
		config := smallRun(changed(func(_ harness.Opened, e harness.Engine) harness.Engine { return wordyLog{e} }))
		config.Each, config.Seed = 5, seed
		s, err := Run(context.Background(), config)
		require.NoError(t, err)
		require.NotNil(t, s.Violation)
		require.Equal(t, "Progress", s.Violation.Promise)
		require.Contains(t, s.Violation.Detail, "append beside a close failed: no longer in business")
	}
}

// A lateLog makes the append that a close refused once it is opened again.
type lateLog struct {
	harness.Engine
	refused *[]harness.Record
}

func (l lateLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := l.Engine.Append(ctx, records)
	if errors.Is(err, storage.ErrClosed) {
		*l.refused = records
	}
	return at, err
}

func TestAnAppendThatACloseRefusedIsNotInTheReopenedLog(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var refused []harness.Record
	config := smallRun(changed(func(_ harness.Opened, e harness.Engine) harness.Engine {
		if refused != nil {
			_, _ = e.Append(context.Background(), refused) // the scan shows whether it did
		}
		return lateLog{e, &refused}
	}))
	config.Writers, config.Each = 1, 5
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Refusals", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "of client 0 is in the log, though it returned an error that says that the log is closed")
}

// A stuckLog never returns from an append that waits for an open transaction while the log is closed.
type stuckLog struct {
	harness.Engine
	letGo chan struct{}
}

func (l stuckLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := l.Engine.Append(ctx, records)
	if errors.Is(err, storage.ErrClosed) {
		<-l.letGo
	}
	return at, err
}

func TestAnAppendThatACloseDoesNotEndHangs(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	letGo := make(chan struct{})
	t.Cleanup(func() { close(letGo) })
	config := smallRun(changed(func(_ harness.Opened, e harness.Engine) harness.Engine { return stuckLog{e, letGo} }))
	config.Each, config.Grace = 5, 10*time.Second
	_, err := Run(context.Background(), config)
	var hang *HangError
	require.ErrorAs(t, err, &hang)
	require.Contains(t, hang.Stacks, "stuckLog.Append")
}

// A forgetfulLog wakes nobody who waits for an open transaction while the log is closed.
type forgetfulLog struct {
	harness.Engine
	woken chan struct{}
}

var forgetfulAppend = failpoints.WaitPoint("stress", "forgetful/append")

func (l forgetfulLog) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := l.Engine.Append(ctx, records)
	if errors.Is(err, storage.ErrClosed) {
		_, _, _ = failpoints.Receive(context.Background(), forgetfulAppend, l.woken)
	}
	return at, err
}

// No other test may run beside this one: it looks at the goroutines of the process.
func TestAnAppendThatNobodyCanWakeBreaksAPromise(t *testing.T) {
	requireInstrumented(t)
	woken := make(chan struct{})
	defer close(woken)
	config := smallRun(changed(func(_ harness.Opened, e harness.Engine) harness.Engine { return forgetfulLog{e, woken} }))
	config.Each, config.Grace = 5, 10*time.Minute
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Equal(t, check.Violated.String(), s.Verdicts["Progress"])
	require.Contains(t, s.Violation.Detail, "operations never end: all ")
	require.Contains(t, s.Violation.Detail, "in stress.forgetfulLog.Append")
	require.Contains(t, s.Violation.Stacks, "receiveWithoutTimer")
	require.Empty(t, s.Failure)
}

// Half of the rounds open no transaction before the close, so in a run of one round only the rounds with a planted defect may show it.
func TestADeadlockInARoundWithAPlantedDefectIsTheEngines(t *testing.T) {
	requireInstrumented(t)
	config := smallRun(storageOn(storage.Snapshot))
	r, err := newRound(context.Background(), config, CanaryRounds, time.Minute)
	require.NoError(t, err)
	r.operations = r.doneSoFar
	s := newSummary(config)
	slow := fmt.Errorf("planted: %w", &HangError{Round: r.number})
	require.False(t, s.deadlocked(r, slow), "it may only be slow")
	require.Nil(t, s.Violation)
	hang := &HangError{Round: r.number, Deadlock: &deadlock.Deadlock{Goroutines: 2, Places: []string{"2 in storage.(*Log).append"}, Stacks: "stacks"}}
	require.True(t, s.deadlocked(r, fmt.Errorf("planted: %w", hang)))
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Equal(t, "operations never end: all 2 goroutines that are left wait for one another: 2 in storage.(*Log).append", s.Violation.Detail)
	require.Equal(t, "stacks", s.Violation.Stacks)
}
