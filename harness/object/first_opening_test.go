package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/storage/disk"
)

// made makes files whose names are durable, one after another, where there is none; and it refuses a disk that has only some of them.
func made(d disk.Disk, files int) error {
	there := 0
	for i := range files {
		if f, err := d.Open(nameOf(i)); err == nil {
			there++
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	if there == files {
		return nil
	}
	if there > 0 {
		return fmt.Errorf("%d files of %d", there, files)
	}
	for i := range files {
		f, err := d.Create(nameOf(i))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), d.SyncDir(".")); err != nil {
			return err
		}
	}
	return nil
}

func nameOf(i int) string { return fmt.Sprintf("file%d", i) }

// withFiles is a note beside as many files as the option says.
func withFiles(t *testing.T, values ...string) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestMade", Type: reflect.TypeFor[*note](),
		Open: func(_ context.Context, e *Env) (any, error) {
			return &note{env: e, syncs: true}, made(e.Disk(), e.Int("files"))
		},
		Operations: []Method{{Name: "set", Do: (*note).Set, Durable: OnReturn}, {Name: "get", Do: (*note).Get}},
		Options:    []Option{{Name: "files", Values: values}},
	})
	require.NoError(t, err)
	return o
}

func TestPowerIsLostDuringTheFirstOpening(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	for files, refused := range map[string]bool{"1": false, "2": true, "5": true} {
		r := search(t, withFiles(t, files), "c0: get(); crash any", exhaustive)
		if !refused {
			require.Empty(t, r.Findings, "%s files", files)
			continue
		}
		require.Len(t, r.Findings, 1, "%s files", files)
		require.Equal(t, "FirstOpening", r.Findings[0].Failure.Class())
		require.ErrorContains(t, r.Findings[0].Failure, "when power is lost while the object is opened for the first time, after create file0, and leaves ordered file0:0 ")
		require.ErrorContains(t, r.Findings[0].Failure, ", the object cannot be opened and closed: open: 1 files of "+files)
	}
}

// What came earlier is durable when the clients begin, and its judge knows no object without it.
func TestNoFirstOpeningIsJudgedWhereOperationsCameEarlier(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "1")
	c, err := cases.Parse("v1 "+o.Head()+" earlier=3; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	p, err := o.Plan(c)
	require.NoError(t, err)
	require.Nil(t, sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure)
}

// No operation is needed, and the smallest program is tried before all others.
func TestAFirstOpeningNeedsNoProgram(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "2")
	c, err := cases.Parse("v1 "+o.Head()+"; c0: set(1), get(); c1: get(), set(2); crash any", cases.Only(o))
	require.NoError(t, err)
	m, err := shrink.Minimize(t.Context(), c, shrink.Limits{Executions: 2})
	require.NoError(t, err)
	require.Equal(t, "v1 "+o.Head()+"; c0:; crash any", m.Case.String())
	require.Len(t, c.Threads[0].Operations, 2, "the case itself stays as it is")
}

// A finding must be shown by each execution, and what held need not be tried again.
func TestTheFirstOpeningIsJudgedOnceForEachValueOfTheOptions(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "1", "3")
	recoveries := func(text string) uint64 {
		c, err := cases.Parse("v1 "+o.Head()+text, cases.Only(o))
		require.NoError(t, err)
		p, err := o.Plan(c)
		require.NoError(t, err)
		failure := sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure
		require.Equal(t, strings.Contains(text, "files=3"), failure != nil)
		return p.Crashes.Recoveries.Load()
	}
	const program = "; c0: get(); crash any"
	first, second := recoveries(program), recoveries(program)
	require.Greater(t, first, second)
	require.Equal(t, second, recoveries(program))
	for range 2 {
		recoveries(" files=3" + program)
	}
}

// A worker that leaves out the disk which another one is judging must not make the violation unknown.
func TestAViolationOfTheFirstOpeningStaysKnownAlthoughAnotherWorkerSawNone(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	var p *plan
	o := withFiles(t, "2")
	opens := o.Open
	o.Open = func(ctx context.Context, e *Env) (any, error) {
		o.firstOpenings.LoadOrStore(p.ofOpening(), true)
		return opens(ctx, e)
	}
	c, err := cases.Parse("v1 "+o.Head()+"; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	p, err = o.plan(c)
	require.NoError(t, err)
	p.probeWith(p.alone.results)
	for range 2 {
		failure := sched.NewRunner(p.scenario, sched.Options{}).Replay(nil, false).Failure
		require.NotNil(t, failure)
		require.Equal(t, "FirstOpening", failure.Class())
	}
}

// Each disk of each later step would take long, and what breaks another promise cannot come.
func TestTheFirstOpeningIsJudgedAtOnceWhereNothingElseIs(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "2")
	for program, disks := range map[string]bool{"c0:": false, "c0: get()": true} {
		c, err := cases.Parse("v1 "+o.Head()+"; "+program+"; crash any", cases.Only(o))
		require.NoError(t, err)
		p, err := o.Plan(c)
		require.NoError(t, err)
		failure := sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure
		require.NotNil(t, failure)
		require.Equal(t, "FirstOpening", failure.Class())
		require.Equal(t, disks, p.Crashes.Disks.Load() > 0, program)
	}
}

func TestACanaryLooksForItsOwnDefectAndNotAtTheFirstOpening(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "2")
	c, err := cases.Parse("v1 "+o.Head()+"; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	for _, planted := range []*defect{nil, {}} {
		p.planted = planted
		r := p.newRun(o.newEnv(p.settings), reflect.Value{})
		r.watchOpening()
		require.Equal(t, planted == nil, r.opening != nil)
	}
}

// Open has returned when power is lost, and nothing that it wrote is durable. No operation has to do with it.
func TestALossBeforeAnyOperationIsOneOfTheFirstOpening(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o, err := New(Config{
		Name: "TestHeaded", Type: reflect.TypeFor[*note](),
		Open: func(_ context.Context, e *Env) (any, error) {
			f, err := e.Disk().Open("head")
			if err == nil {
				if size, err := f.Size(); err != nil || size == 0 {
					return nil, errors.Join(errors.New("no head"), err)
				}
				return &note{env: e, syncs: true}, f.Close()
			}
			if f, err = e.Disk().Create("head"); err != nil {
				return nil, err
			}
			err = e.Disk().SyncDir(".")
			_, writing := f.WriteAt([]byte{1}, 0)
			return &note{env: e, syncs: true}, errors.Join(err, writing, f.Close())
		},
		Operations: []Method{{Name: "set", Do: (*note).Set, Durable: OnReturn}, {Name: "get", Do: (*note).Get}},
	})
	require.NoError(t, err)
	r := search(t, o, "c0: set(1); crash any", exhaustive)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "FirstOpening", r.Findings[0].Failure.Class())
	require.NotNil(t, cases.CrashOf(r.Findings[0].Failure), "power is lost at the first step, after Open")
	require.True(t, cases.InAnyProgram(r.Findings[0].Failure))

	p, err := o.plan(cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{{Name: "c0", Operations: []cases.Operation{newCall(o.method("get"), nil)}}}})
	require.NoError(t, err)
	require.Equal(t, firstOpening, (&aftermath{plan: p, history: make(spec.History, 1)}).owes())
	require.Equal(t, durability, (&aftermath{plan: p, history: spec.History{{Outcome: spec.Indeterminate}}}).owes())
}
