package stress

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

func TestTheHandoversThatHoldDoHold(t *testing.T) {
	requireInstrumented(t)
	for _, h := range []storage.Handover{storage.Snapshot, storage.Retain} {
		t.Run(h.Name(), func(t *testing.T) {
			config := smallRun(storageOn(h))
			config.Goroutines, config.Pause, config.Rounds = 200, 20*time.Millisecond, 2
			config.MinOverlaps, config.Fragments = 1, 0.1
			config.NotJudged, config.NoCanaries = nil, false
			s, err := Run(context.Background(), config)
			require.NoError(t, err)
			require.Nil(t, s.Violation)
			require.True(t, s.Passed)
			require.Empty(t, s.Failure)
			for _, p := range Promises() {
				if p != check.Durability {
					require.Equal(t, check.Satisfied.String(), s.Verdicts[p.Name], p.Name)
				}
			}
			require.Equal(t, notJudged, s.Verdicts[check.Durability.Name])
			require.Contains(t, s.NotJudged[check.Durability.Name], "according to the engine itself")
			require.Len(t, s.Planted, len(plants))
			require.Positive(t, s.PerGoroutine.Min, "every goroutine has completed an operation")
			require.GreaterOrEqual(t, s.Rounds, 2)
			require.GreaterOrEqual(t, s.PeakGoroutines, 200)
			require.Positive(t, s.PeakMemory)
			total := uint64(0)
			for _, kind := range harness.OperationKinds() {
				require.Positive(t, s.ByKind[kind.String()], kind)
				total += s.ByKind[kind.String()]
			}
			require.Equal(t, s.Operations, total)
			require.Equal(t, s.ByKind["read"], s.Reads.Count)
			appended := uint64(0)
			for _, kind := range harness.OperationKinds() {
				if kind.Appends() {
					appended += s.ByKind[kind.String()]
				}
			}
			require.Equal(t, appended+s.ByKind["abort"], s.Appends.Count)
			require.Equal(t, appended, s.Transactions, "nothing failed, so all was acknowledged")
			require.Positive(t, min(s.Flushes, s.Delays, s.RecordsChecked, s.RecordsScanned, s.Overlaps))
			require.Zero(t, s.Failures)
			requireHits(t, s, "flush/trimmed", s.Flushes)
			requireHits(t, s, "read/before-metadata", s.ByKind["read"])
		})
	}
}

func requireHits(t *testing.T, s *Summary, point string, want uint64) {
	t.Helper()
	for _, h := range s.Points {
		if h.Name == point {
			require.GreaterOrEqual(t, h.Hits, want, point)
			return
		}
	}
	t.Errorf("no failpoint %s in the summary", point)
}

func TestEveryKnownBugIsFound(t *testing.T) {
	requireInstrumented(t)
	for _, h := range []storage.Handover{storage.Stale, storage.RecheckLiteral, storage.Recheck, storage.Fallback} {
		t.Run(h.Name(), func(t *testing.T) { requireFound(t, h, delays) })
	}
}

func TestTheSeedsBugIsFoundWithoutDelaysToo(t *testing.T) {
	requireInstrumented(t)
	requireFound(t, storage.Stale, failpoints.Delays{})
}

func requireFound(t *testing.T, h storage.Handover, d failpoints.Delays) {
	t.Helper()
	config := smallRun(storageOn(h))
	config.Name, config.Delays = h.Name(), d
	config.Goroutines, config.Flushers, config.Pause, config.Each = 300, 3, 20*time.Millisecond, 20_000
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	f := s.Violation
	require.NotNil(t, f, "nothing found in %v and %d operations", s.Elapsed, s.Operations)
	require.False(t, s.Passed)
	// A read that loses records breaks whichever of these is asked first: the watermark's reader is one of the readers.
	require.Contains(t, []string{"ReadAfterWrite", "MonotonicReads", "Order", "TransactionAtomicity", "NamedIsRead", "OtherLog"}, f.Promise, f.Detail)
	require.Equal(t, check.Violated.String(), s.Verdicts[f.Promise])
	require.Equal(t, check.Unknown.String(), s.Verdicts["NoCorruption"], "a run that ends early shows nothing else")
	require.NotEmpty(t, f.Moments)
	require.Positive(t, f.Operations)
	t.Logf("%s after %v and %d operations: %s", f.Promise, f.Found, f.Operations, f.Detail)
}

// An engine of somebody else, without failpoints.
func TestAnotherEngineRuns(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), smallRun(always(func() *sliceLog { return &sliceLog{} }, nil)))
	require.NoError(t, err)
	require.True(t, s.Passed)
	require.Zero(t, s.Overlaps)
	require.Zero(t, s.ByKind["abort"]+s.ByKind["append in fragments"], "an engine without fragments is not said to have been given any")
	require.Equal(t, s.ByKind["append"], s.Transactions)
	require.Empty(t, s.Points, "a summary shows no point of the engine that is linked and not under test")
}

func TestEmptyValuesRun(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.MaxValueBytes = -1
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.True(t, s.Passed)
}

func TestARunBelowItsOverlapsDidTooLittle(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.MinOverlaps = 1 << 30
	s, err := Run(context.Background(), config)
	require.ErrorIs(t, err, ErrTooLittle)
	require.ErrorContains(t, err, "at least 1073741824 must")
	require.ErrorContains(t, err, "--min-overlaps")
	require.False(t, s.Passed)
	require.Equal(t, err.Error(), s.Failure)
	require.Nil(t, s.Violation)
}

func TestTheLimitOfOperationsEndsARun(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.Each, config.Operations, config.Duration, config.Round = 0, 3000, 24*time.Hour, 24*time.Hour // so many that each promise is put to the test
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Operations, uint64(3000))
	require.Equal(t, 1, s.Rounds)
	require.Less(t, s.Elapsed, time.Hour)
}

func TestARunThatIsInterruptedSaysWhatWasDone(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config := smallRun(storageOn(storage.Snapshot))
	config.Each, config.Duration = 0, time.Hour
	config.Progress = func(p Progress) {
		require.Equal(t, time.Hour, p.Duration)
		if p.Operations > 100 {
			cancel()
		}
	}
	s, err := Run(ctx, config)
	require.ErrorIs(t, err, ErrTooLittle)
	require.ErrorContains(t, err, "interrupted after")
	require.Greater(t, s.Operations, uint64(100))
	require.Equal(t, 1, s.Rounds)
	require.False(t, s.Passed)
	require.Nil(t, s.Violation)
	s, err = Run(ctx, config)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Zero(t, s.Rounds)
}

// The clients rest for hours. An interruption wakes them, and does not wait for their first operations.
func TestARunIsInterruptedWhileItsClientsRest(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config := smallRun(storageOn(storage.Snapshot))
	config.Duration, config.Round, config.Pause, config.Grace = 10*time.Hour, 10*time.Hour, 10*time.Hour, time.Minute
	config.Progress = func(Progress) { cancel() }
	s, err := Run(ctx, config) // it would hang, and say so after the grace
	require.ErrorIs(t, err, ErrTooLittle)
	require.ErrorContains(t, err, "interrupted after")
	require.Less(t, s.Operations, uint64(config.Goroutines))
}

func TestFailuresThatAreAllowedStayOpenUntilTheReopen(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(always(func() *failingLog { return &failingLog{every: 10} }, nil))
	config.AllowFailures = true
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.Nil(t, s.Violation)
	require.Positive(t, s.Failures)
	require.Positive(t, s.Transactions)
}

func TestTheFirstErrorEndsARunThatAllowsNone(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), smallRun(always(func() *failingLog { return &failingLog{every: 1} }, nil)))
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "failed: planted failure")
	require.NotEmpty(t, s.Violation.Thread)
}

func TestAnEngineThatCannotBeOpenedIsNoVerdict(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for name, open := range map[string]func(int) (harness.Factory, error){
		"no factory": func(int) (harness.Factory, error) { return nil, errPlanted },
		"no engine": func(int) (harness.Factory, error) {
			return func(context.Context) (harness.Engine, error) { return nil, errPlanted }, nil
		},
	} {
		s, err := Run(context.Background(), smallRun(open))
		require.ErrorIs(t, err, errPlanted, name)
		require.ErrorContains(t, err, "round 0", name)
		require.False(t, s.Passed, name)
		require.Contains(t, s.Failure, "planted failure", name)
	}
}

func TestAHangIsAnErrorWithTheStacks(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	letGo := make(chan struct{})
	defer close(letGo)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	// The round ends when an append hangs, and not after some time, in which none may have begun.
	config := smallRun(always(func() *hangingLog { return &hangingLog{letGo: letGo, hangs: end} }, nil))
	config.Grace = 300 * time.Millisecond
	s, err := Run(ctx, config)
	var hang *HangError
	require.ErrorAs(t, err, &hang)
	require.GreaterOrEqual(t, hang.Overdue, config.Grace)
	require.Contains(t, hang.Stacks, "hangingLog).Append")
	require.ErrorContains(t, err, "--grace")
	require.False(t, s.Passed)
	require.Equal(t, check.Unknown.String(), s.Verdicts["Progress"])
}

// The grace begins when the round ends, not when it should have ended.
func TestAHangIsToldSoonAfterTheLimitOfOperations(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	letGo := make(chan struct{})
	defer close(letGo)
	config := smallRun(always(func() *hangingLog { return &hangingLog{letGo: letGo, hangs: func() {}} }, nil))
	config.Grace, config.Round, config.Duration, config.Operations = 100*time.Millisecond, 24*time.Hour, 24*time.Hour, 10
	_, err := Run(context.Background(), config)
	var hang *HangError
	require.ErrorAs(t, err, &hang)
	require.Less(t, hang.Overdue, time.Hour)
}

func TestWhatAReopenLosesIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for name, forget := range map[string]func(l *sliceLog){
		"the end":    func(l *sliceLog) { l.records = l.records[:len(l.records)/2] },
		"everything": func(l *sliceLog) { l.records = nil },
		"the middle": func(l *sliceLog) {
			var kept []harness.Record
			for _, r := range l.records {
				if r.Offset.Tx != 2 {
					kept = append(kept, r)
				}
			}
			l.records = kept
		},
	} {
		s, err := Run(context.Background(), smallRun(always(func() *sliceLog { return &sliceLog{} }, forget)))
		require.NoError(t, err, name)
		require.NotNil(t, s.Violation, name)
		require.Equal(t, "PrefixRecovery", s.Violation.Promise, name)
		require.Contains(t, s.Violation.Detail, "after a clean close and reopen", name)
		require.Empty(t, s.Violation.Thread, name)
	}
}

func TestAnEngineThatCannotBeReopenedBreaksItsPromise(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), smallRun(func(int) (harness.Factory, error) {
		opened := false
		return func(context.Context) (harness.Engine, error) {
			if opened {
				return nil, errPlanted
			}
			opened = true
			return &sliceLog{}, nil
		}, nil
	}))
	require.NoError(t, err)
	require.Equal(t, "PrefixRecovery", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "reopen failed")
	require.Contains(t, s.Violation.Detail, "planted failure")
}

func TestWrongOffsetsAndBytesAreFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(always(func() *wrongLog { return &wrongLog{} }, nil))
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "ReadAfterWrite", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "was acknowledged")

	config = smallRun(always(func() *brokenReader {
		return &brokenReader{change: func(r *harness.Record) { r.Operation++ }}
	}, nil))
	s, err = Run(context.Background(), config)
	require.NoError(t, err)
	require.Equal(t, "NoCorruption", s.Violation.Promise)
}

func TestEachRoundsDataAreDiscardedOnceItIsOver(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var done []string
	open := always(func() *sliceLog { return &sliceLog{} }, nil)
	config := smallRun(func(round int) (harness.Factory, error) {
		done = append(done, fmt.Sprintf("open %d", round))
		return open(round)
	})
	config.Each, config.Rounds = 5, 3
	config.Discard = func(round int) error {
		done = append(done, fmt.Sprintf("discard %d", round))
		return nil
	}
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.Equal(t, []string{"open 0", "discard 0", "open 1", "discard 1"}, done[:4])
	require.Len(t, done, 2*s.Rounds)
	config.Discard = func(int) error { return errPlanted }
	s, err = Run(context.Background(), config)
	require.True(t, errors.Is(err, errPlanted) && !s.Passed)
}

// An engine whose tasks went on after the run would race with the making of the report.
func TestAnEngineIsClosedWhateverTheScanFinds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	engine := &doublingLog{}
	s, err := Run(context.Background(), smallRun(always(func() *doublingLog { return engine }, nil)))
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "NoDuplicate", s.Violation.Promise)
	require.Empty(t, s.Violation.Thread)
	require.EqualValues(t, 1, engine.closed.Load())
}
