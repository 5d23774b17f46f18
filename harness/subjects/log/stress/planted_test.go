package stress

import (
	"context"
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// strangerRun is a small run as somebody else would write it: nothing is waived, and the canaries are on.
func strangerRun(open func(int) (harness.Factory, error)) Config {
	c := smallRun(open)
	c.NotJudged, c.NoCanaries = nil, false
	return c
}

func TestEachDefectPlantedOverTheEngineIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), strangerRun(storageOn(storage.Snapshot)))
	require.NoError(t, err)
	require.True(t, s.Passed)
	require.Len(t, s.Planted, len(plants))
	for i, c := range s.Planted {
		require.Equal(t, plants[i].name, c.Defect)
		require.Empty(t, c.NotTried)
		require.NotEmpty(t, c.Promise, c.Defect)
	}
	require.Equal(t, []string{"Durability", "ReadErrors"}, []string{s.Planted[3].Promise, s.Planted[4].Promise})
}

// A storageLike is the log of this module with something changed.
type storageLike struct {
	harness.Engine
	harness.Watermarked
}

func over(change func(harness.Engine) harness.Engine) func(int) (harness.Factory, error) {
	return func(round int) (harness.Factory, error) {
		factory, err := storageOn(storage.Snapshot)(round)
		return func(ctx context.Context) (harness.Engine, error) {
			e, err := factory(ctx)
			if err != nil {
				return nil, err
			}
			return storageLike{change(e), e.(harness.Watermarked)}, nil
		}, err
	}
}

func TestAnEngineWhoseFlushDoesNothingIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), strangerRun(over(func(e harness.Engine) harness.Engine {
		return idleFlushes{e, &planted{}}
	})))
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Durability", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "are not durable")
}

func TestAnEngineWhoseReadHidesErrorsIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), strangerRun(over(func(e harness.Engine) harness.Engine {
		return silentReads{e, &planted{}}
	})))
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "ReadErrors", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "a fault was injected at read/")
	require.Contains(t, s.Violation.Detail, "ended without an error")
}

func TestWhatNobodyCouldJudgeIsNoPassAndIsNamed(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := strangerRun(always(func() *sliceLog { return &sliceLog{} }, nil))
	s, err := Run(context.Background(), config)
	require.ErrorIs(t, err, ErrUnseen, "a flush that does nothing is none, in an engine without a disk")
	require.False(t, s.Passed)
	config.NoCanaries = true
	s, err = Run(context.Background(), config)
	require.ErrorIs(t, err, ErrTooLittle)
	require.ErrorContains(t, err, "never put to the test: Durability: nothing said what a flush had made durable")
	require.ErrorContains(t, err, "ReadErrors: no read could be made to fail")
	require.False(t, s.Passed)
	require.Equal(t, check.Unknown.String(), s.Verdicts["Durability"])

	config.NoCanaries, config.NotJudged = false, map[string]string{"Durability": "it keeps nothing", "ReadErrors": "it has no disk"}
	s, err = Run(context.Background(), config)
	require.NoError(t, err)
	require.True(t, s.Passed)
	require.Equal(t, config.NotJudged, s.NotJudged)
	require.Equal(t, "it keeps nothing", s.Planted[3].NotTried)
}

// A durableLog is an engine of somebody else: memory in two parts, of which a loss of power leaves one.
type durableLog struct {
	sliceLog
	flushed int
	idle    bool // its flush does nothing
	failing bool // its reads fail
	hides   bool // its reads do not say so
	caches  bool // its reads come from memory until it is opened again
}

func (l *durableLog) Flush(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.idle {
		l.flushed = len(l.records)
	}
	return nil
}

func (l *durableLog) losePower() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records = l.records[:l.flushed]; l.flushed > 0 {
		l.tx = l.records[l.flushed-1].Offset.Tx
	}
}

func (l *durableLog) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	l.mu.Lock()
	failing, hides := l.failing && !l.caches, l.hides
	l.mu.Unlock()
	if !failing {
		return l.sliceLog.Read(ctx, after, upTo)
	}
	return func(yield func(harness.Record, error) bool) {
		if !hides {
			yield(harness.Record{}, errPlanted)
		}
	}
}

// durableRun runs one with the hooks for what the harness cannot reach.
func durableRun(l *durableLog) Config {
	logs := map[int]*durableLog{}
	c := strangerRun(func(round int) (harness.Factory, error) {
		own := &durableLog{idle: l.idle, hides: l.hides}
		logs[round] = own
		opened := false
		return func(context.Context) (harness.Engine, error) {
			own.mu.Lock()
			defer own.mu.Unlock()
			own.caches, opened = l.caches && !opened, true
			return own, nil
		}, nil
	})
	c.Crash = func(round int) error { logs[round].losePower(); return nil }
	c.FailReads = func(round int) (func(), error) {
		set := func(failing bool) {
			logs[round].mu.Lock()
			defer logs[round].mu.Unlock()
			logs[round].failing = failing
		}
		set(true)
		return func() { set(false) }, nil
	}
	return c
}

func TestAnotherEngineIsJudgedInFullWhereItLendsAHand(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	s, err := Run(context.Background(), durableRun(&durableLog{}))
	require.NoError(t, err)
	require.True(t, s.Passed)
	for _, p := range Promises() {
		require.Equal(t, check.Satisfied.String(), s.Verdicts[p.Name], p.Name)
	}
	for _, c := range s.Planted {
		require.Empty(t, c.NotTried, c.Defect)
	}
	s, err = Run(context.Background(), durableRun(&durableLog{idle: true}))
	require.NoError(t, err)
	require.Equal(t, "Durability", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "after a flush and a loss of power")
	s, err = Run(context.Background(), durableRun(&durableLog{hides: true}))
	require.NoError(t, err)
	require.Equal(t, "ReadErrors", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "the disk's reads fail")
}

// An engine that has everything in memory reads nothing from its disk. So its reads are tested once more after it was opened
// again.
func TestReadsAreMadeToFailWhereTheyReachTheDisk(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	run := func(l *durableLog) *Summary {
		config := durableRun(l)
		config.Crash = nil // it comes after the first test of reads
		config.NotJudged = map[string]string{check.Durability.Name: "no power is lost"}
		s, err := Run(context.Background(), config)
		require.NoError(t, err)
		return s
	}
	s := run(&durableLog{caches: true})
	require.Equal(t, check.Satisfied.String(), s.Verdicts[check.ReadErrors.Name])
	require.Equal(t, "ReadErrors", s.Planted[4].Promise)
	require.Equal(t, "ReadErrors", run(&durableLog{caches: true, hides: true}).Violation.Promise)
}

func TestADefectThatNobodySeesMakesTheRunFail(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := durableRun(&durableLog{})
	config.Crash = func(int) error { return nil } // a loss of power that takes nothing shows nothing
	s, err := Run(context.Background(), config)
	require.ErrorIs(t, err, ErrUnseen)
	require.ErrorContains(t, err, "a flush that does nothing was planted over this engine")
	require.False(t, s.Passed)
	require.Nil(t, s.Violation)
}

func TestAPromiseThatDoesNotExistIsNotWaived(t *testing.T) {
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.NotJudged = map[string]string{"Durabilty": "typo"}
	_, err := Run(context.Background(), config)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `no promise is called "Durabilty": choose one of ReadAfterWrite`)
}

// A brokenForGood fails every append after so many.
type brokenForGood struct {
	sliceLog
	left int
}

func (l *brokenForGood) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	l.mu.Lock()
	l.left--
	broken := l.left < 0
	l.mu.Unlock()
	if broken {
		return harness.Offset{}, errPlanted
	}
	return l.sliceLog.Append(ctx, records)
}

func TestAnEngineThatNeverWorksAgainBreaksProgressThoughFailuresAreAllowed(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(always(func() *brokenForGood { return &brokenForGood{left: 20} }, nil))
	config.AllowFailures = true
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "nothing worked after the last failure")
	require.Contains(t, s.Violation.Detail, "planted failure")

	config = smallRun(always(func() *brokenForGood { return &brokenForGood{left: 20} }, func(l *brokenForGood) { l.left = math.MaxInt }))
	config.AllowFailures = true
	s, err = Run(context.Background(), config)
	require.NoError(t, err)
	require.Positive(t, s.Failures)
	require.Equal(t, check.Satisfied.String(), s.Verdicts["Progress"], "it works when the fault is over")
}

func TestARunOfThreeOperationsIsNoPassAndNamesWhatItDidNotSee(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	unknown := 0
	for seed := range uint64(20) { // of some the one append has a single record
		config := smallRun(always(func() *sliceLog { return &sliceLog{} }, nil))
		config.Goroutines, config.Pause, config.Delays = 3, -1, failpoints.Delays{}
		config.MaxRecords, config.Each, config.Seed = 2, 1, seed
		s, err := Run(context.Background(), config)
		for _, p := range Promises() {
			if s.Verdicts[p.Name] != check.Unknown.String() {
				continue
			}
			unknown++
			require.ErrorIs(t, err, ErrTooLittle)
			require.ErrorContains(t, err, p.Name+": ")
			require.False(t, s.Passed)
		}
	}
	require.Positive(t, unknown)
}
