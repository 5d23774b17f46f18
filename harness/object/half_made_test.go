package object

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage/disk"
)

// halfMadeCanary returns the canary of a first opening.
func halfMadeCanary(t *testing.T, o *Object) cases.Canary {
	t.Helper()
	c, err := cases.Parse("v1 "+o.Head()+"; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	all, err := o.Canaries(c)
	require.NoError(t, err)
	last := all[len(all)-1]
	require.Equal(t, defectWords[refusesHalfMade], last.What)
	return last
}

func TestAnObjectThatIsHalfMadeIsACanary(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o := withFiles(t, "1")
	failure := sched.NewRunner(halfMadeCanary(t, o).Plan.Scenario, sched.Options{}).Replay(nil, false).Failure
	require.NotNil(t, failure)
	require.Equal(t, "FirstOpening", failure.Class())
	require.True(t, cases.InAnyProgram(failure))
	require.ErrorContains(t, failure, "after create "+halfMade)
	require.ErrorContains(t, failure, "open: half made")

	judged := 0
	o.firstOpenings.Range(func(any, any) bool {
		judged++
		return true
	})
	require.Zero(t, judged, "the canary tells nothing about the object")
}

// The mark is gone when the object sees its folder, and nothing that comes later shows it.
func TestTheMarkOfAnObjectThatIsHalfMadeIsGoneWhenItIsOpen(t *testing.T) {
	t.Parallel()
	o := withFiles(t, "1")
	p, err := o.losing(nil, o.lasting())
	require.NoError(t, err)
	p.planted.kind = refusesHalfMade
	e := o.newEnv(p.settings)
	defer e.end()
	for range 2 {
		_, err = p.openObject(context.Background(), e)
		require.NoError(t, err)
	}
	entries, err := e.Disk().List(".")
	require.NoError(t, err)
	require.Equal(t, []disk.Entry{{Name: nameOf(0)}}, entries)
}

// An object that makes nothing when it is opened has no first opening in which something could be half made.
func TestAnObjectThatMakesNothingWhenItIsOpenedHasNoSuchCanary(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o, err := New(Config{
		Name: "TestNote", Type: reflect.TypeFor[*note](),
		Open:       func(_ context.Context, e *Env) (any, error) { return &note{env: e, syncs: true}, nil },
		Operations: []Method{{Name: "set", Do: (*note).Set, Durable: OnReturn}, {Name: "get", Do: (*note).Get}},
	})
	require.NoError(t, err)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: get(); crash any", cases.Only(o))
	require.NoError(t, err)
	all, err := o.Canaries(c)
	require.NoError(t, err)
	for _, canary := range all {
		require.NotEqual(t, defectWords[refusesHalfMade], canary.What)
	}
}
