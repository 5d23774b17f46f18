package log

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// wrongEngine explores a case with an engine that breaks a promise, and returns the first failure.
func wrongEngine(t *testing.T, text string, wrong func(*run, harness.Engine) harness.Engine) *sched.Failure {
	t.Helper()
	requireInstrumented(t)
	c, err := Parse("v1 scenario=log handover=snapshot chunk=100; " + text)
	require.NoError(t, err)
	p, err := c.plan()
	require.NoError(t, err)
	p.wrong = wrong
	r, err := sched.Search(context.Background(), p.scenario, sched.Options{Strategy: "bounded", Preemptions: 1, Workers: 1})
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings, "%d schedules", r.Schedules)
	return r.Findings[0].Failure
}

// full is the real engine, with methods that a test replaces.
type full interface {
	harness.Engine
	harness.FragmentAppender
	harness.Watermarked
}

type healed struct{ full }

// Flush forgets the poison when it is called again.
func (h healed) Flush(ctx context.Context) error {
	if err := h.full.Flush(ctx); !errors.Is(err, storage.ErrPoisoned) {
		return err
	}
	return nil
}

func TestAPoisonThatGoesWithTheFaultIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! disk sync * #1 = EIO", func(r *run, e harness.Engine) harness.Engine {
		if r.disk != nil {
			return forgetful{e.(full), r}
		}
		return e
	})
	require.Equal(t, "StickyPoison/record at the end", f.Class())
	require.Contains(t, f.Error(), "when the disk worked again")
}

// forgetful is poisoned only as long as the disk fails.
type forgetful struct {
	full
	run *run
}

func (f forgetful) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := f.full.Append(ctx, records)
	if f.run.healed.Load() != 0 {
		return at, nil
	}
	return at, err
}

func TestAnEngineThatIsPoisonedByNoFaultAtAllIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! disk sync * #1 = EIO", func(_ *run, e harness.Engine) harness.Engine { return healed{e.(full)} })
	require.Equal(t, "StickyPoison/record at the end", f.Class(), "%v", f)
}

// deaf does not notice faults of the disk: it goes on as if none had come.
type deaf struct{ full }

func (e deaf) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	at, err := e.full.Append(ctx, records)
	if errors.Is(err, storage.ErrPoisoned) {
		return at, nil
	}
	return at, err
}

func (e deaf) Flush(ctx context.Context) error {
	_ = e.full.Flush(ctx)
	return nil
}

func TestAnEngineThatNoticesNoFaultOfTheDiskIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! disk sync * #1 = EIO", func(_ *run, e harness.Engine) harness.Engine { return deaf{e.(full)} })
	require.Equal(t, "StickyPoison/record at the end", f.Class())
	require.Contains(t, f.Error(), "an append and a flush succeeded")
}

// touchy treats a full disk as a broken one.
type touchy struct{ full }

func (e touchy) Flush(ctx context.Context) error {
	if err := e.full.Flush(ctx); err != nil {
		return errors.Join(storage.ErrPoisoned, err)
	}
	return nil
}

func TestAFullDiskThatPoisonsIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! w0@flush/no-space#1=30", func(_ *run, e harness.Engine) harness.Engine { return touchy{e.(full)} })
	require.Equal(t, "NoPoison/record", f.Class())
}

// stuck finds no room once the disk was full, even when there is room again.
type stuck struct {
	full
	full2 *bool
}

func (e stuck) Flush(ctx context.Context) error {
	err := e.full.Flush(ctx)
	if *e.full2 = *e.full2 || err != nil; *e.full2 {
		return errors.Join(storage.ErrNoSpace, err)
	}
	return nil
}

func TestALogThatStaysFullWhenThereIsRoomIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush; ! w0@flush/no-space#1=30", func(_ *run, e harness.Engine) harness.Engine { return stuck{e.(full), new(bool)} })
	require.Equal(t, "NoPoison/record at the end", f.Class())
}

// marked returns wrong watermarks.
type marked struct {
	full
	durable func(storage.Offset) storage.Offset
	visible func(storage.Offset) storage.Offset
}

func (e marked) Durable() storage.Offset {
	if e.durable == nil {
		return e.full.Durable()
	}
	return e.durable(e.full.Durable())
}

func (e marked) Visible(ctx context.Context) storage.Offset {
	if e.visible == nil {
		return e.full.Visible(ctx)
	}
	return e.visible(e.full.Visible(ctx))
}

func TestWatermarksThatGoBackOrAheadAreViolations(t *testing.T) {
	t.Parallel()
	const program = "w0: append 1, flush, append 1, flush, flush; ! disk sync * #2 = EIO"
	for want, e := range map[string]func(r *run) marked{
		"but only 1 have begun": func(*run) marked {
			return marked{durable: func(o storage.Offset) storage.Offset { o.Tx++; return o }}
		},
		"after it has said so of 1": func(r *run) marked {
			return marked{durable: func(o storage.Offset) storage.Offset {
				if r.poisoned.Load() != 0 { // a failed sync makes it forget what was durable
					return storage.Offset{}
				}
				return o
			}}
		},
		"and visible up to": func(*run) marked {
			return marked{visible: func(storage.Offset) storage.Offset { return storage.Offset{} }}
		},
		"though transaction 2 was acknow": func(r *run) marked {
			return marked{visible: func(storage.Offset) storage.Offset { return storage.Offset{Tx: 1} }}
		},
	} {
		f := wrongEngine(t, program, func(r *run, inner harness.Engine) harness.Engine {
			m := e(r)
			m.full = inner.(full)
			return m
		})
		require.Contains(t, f.Error(), want)
		require.Contains(t, f.Class(), "Watermarks/record")
	}
}

// restless also yields records that were appended during the read, if a fault has come meanwhile.
type restless struct {
	full
	run *run
}

func (e restless) Read(ctx context.Context, after, upTo storage.Offset) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		before := e.run.faultsSoFar()
		for range 2 {
			for r, err := range e.full.Read(ctx, after, upTo) {
				if !yield(r, err) {
					return
				}
				after = r.Offset
			}
			if e.run.faultsSoFar() == before {
				return
			}
		}
	}
}

func TestAReadThatAFaultChangesIsAViolation(t *testing.T) {
	t.Parallel()
	f := wrongEngine(t, "w0: append 1, flush, append 1, flush; r0: read - end; ! w0@flush/no-space#2=30", func(r *run, e harness.Engine) harness.Engine {
		return restless{e.(full), r}
	})
	require.Equal(t, "StableReads/record", f.Class())
}

// leaky opens one file too many.
type leaky struct {
	full
	run *run
}

func (e leaky) Close(ctx context.Context) error {
	_, err := e.run.disk.Open("case/index")
	return errors.Join(err, e.full.Close(ctx))
}

func TestAFileThatStaysOpenIsAViolation(t *testing.T) {
	t.Parallel()
	leaks := func(r *run, e harness.Engine) harness.Engine { return leaky{e.(full), r} }
	require.Equal(t, "NoLeak/record at the end", wrongEngine(t, "w0: append 1, flush; ! disk sync * #1 = EIO", leaks).Class())
	f := wrongEngine(t, "w0: append 1, reopen; ! w0@recovery/truncate-error#1=EIO", leaks)
	require.Equal(t, "NoLeak/record", f.Class())
	require.Contains(t, f.Error(), "after a reopen that was refused")
}

// timed measures how long flushes take.
type timed struct {
	full
	took *time.Duration
}

func (e timed) Flush(ctx context.Context) error {
	began := failpoints.Now(ctx)
	err := e.full.Flush(ctx)
	*e.took += failpoints.Now(ctx).Sub(began)
	return err
}

func TestASlowSyncTakesItsTime(t *testing.T) {
	t.Parallel()
	requireInstrumented(t)
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, flush; ! disk sync * #1 = DELAY/10ms")
	require.NoError(t, err)
	p, err := c.plan()
	require.NoError(t, err)
	took := time.Duration(0)
	p.wrong = func(_ *run, e harness.Engine) harness.Engine { return timed{e.(full), &took} }
	require.Nil(t, sched.NewRunner(p.scenario, sched.Options{}).Replay(nil, false).Failure)
	require.Equal(t, 10*time.Millisecond, took)
	require.Empty(t, p.crashes.Missing(c.General()))
}
