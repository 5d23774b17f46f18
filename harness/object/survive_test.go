package object

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// moved is a note that opening writes anew after it has removed it, so that a crash in between loses it.
func moved(ctx context.Context, e *Env) (any, error) {
	n := &note{env: e, syncs: true}
	value, err := n.Get(ctx)
	if err != nil || value < 0 {
		return n, nil
	}
	if err := e.Disk().Remove("note"); err != nil {
		return nil, err
	}
	if err := e.Disk().SyncDir("."); err != nil {
		return nil, err
	}
	return n, n.Set(ctx, uint8(value))
}

func TestACrashDuringTheRecoveryIsToldAsSuch(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o, err := New(Config{
		Name: "TestMoved", Type: reflect.TypeFor[*note](), Open: moved,
		Operations: []Method{
			{Name: "set", Do: (*note).Set, Durable: OnReturn},
			{Name: "get", Do: (*note).Get},
		},
	})
	require.NoError(t, err)
	r := search(t, o, "c0: set(1); crash any", exhaustive)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "RecoveryIdempotence", r.Findings[0].Failure.Class())
	require.ErrorContains(t, r.Findings[0].Failure, "after a second crash, while the object was opened after the first, no order explains")
}

func TestACrashHasACanaryOfItsOwn(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := notes(t, true)
	canaries, err := o.Canaries(cases.Case{Crash: &cases.Crash{Any: true, Model: disks.Weak}})
	require.NoError(t, err)
	require.Len(t, canaries, int(numberOfKind)+2)
	require.Equal(t, defectWords[refusesHalfMade], canaries[numberOfKind+1].What)
	last := canaries[numberOfKind]
	require.NotNil(t, last.Case.Crash)
	r, err := sched.Search(t.Context(), last.Plan.Scenario, exhaustive)
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "Durability", r.Findings[0].Failure.Class())
	require.NotNil(t, cases.CrashOf(r.Findings[0].Failure))
	for _, other := range canaries[:numberOfKind] {
		require.Nil(t, other.Case.Crash)
	}
}

// What the harness itself calls, to see what an object holds after it was closed and opened again, is no operation of the program: power
// that is lost meanwhile is not judged, because no history says which of these calls must survive.
func TestPowerThatIsLostWhileTheOpenedObjectIsAskedIsNotJudged(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := notes(t, true)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	r := p.newRun(o.newEnv(p.settings), reflect.Value{}).mortal()
	require.NoError(t, (&note{env: r.env, syncs: true}).Set(t.Context(), 7))
	judged := func() error { return r.Judge(cases.Aftermath{Disk: r.env.disk.Fork(), Model: disks.Ordered}) }
	require.ErrorContains(t, judged(), "no order explains", "no operation of the program has set anything")
	q := p.inquire(r.history)
	r.asks(q)
	require.Error(t, judged(), "the object is opened, and nothing has been asked")
	q.invoked(q.first, 1)
	require.NoError(t, judged())
}
