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
	require.Len(t, canaries, int(numberOfKind)+1)
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
