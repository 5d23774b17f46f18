package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// A note keeps one number on a disk: in a file that is replaced by a rename, with the syncs that this needs or without.
type note struct {
	env    *Env
	syncs  bool
	sealed bool // the number has a second byte that must fit
}

func (n *note) Set(ctx context.Context, value uint8) error {
	d := n.env.Disk()
	f, err := d.Create("new")
	if err != nil {
		return err
	}
	bytes := []byte{value, ^value}
	if !n.sealed {
		bytes = bytes[:1]
	}
	_, err = f.WriteAt(bytes, 0)
	failpoints.Yield(ctx, written)
	if n.syncs {
		err = errors.Join(err, f.Sync())
	}
	failpoints.Yield(ctx, synced)
	err = errors.Join(err, f.Close(), d.Rename("new", "note"))
	if n.syncs {
		err = errors.Join(err, d.SyncDir("."))
	}
	return err
}

func (n *note) Get(context.Context) (int, error) {
	f, err := n.env.Disk().Open("note")
	if err != nil {
		return -1, nil
	}
	defer f.Close()
	value := []byte{0}
	if _, err := f.ReadAt(value, 0); err != nil {
		return 0, fmt.Errorf("damaged: %w", err)
	}
	if seal := []byte{0}; n.sealed {
		if _, err := f.ReadAt(seal, 1); err != nil || seal[0] != ^value[0] {
			return 0, errors.New("damaged: the seal does not fit")
		}
	}
	return int(value[0]), nil
}

func (n *note) Close() {}

func notes(t *testing.T, syncs bool) *Object {
	t.Helper()
	return notesOf(t, note{syncs: syncs})
}

func notesOf(t *testing.T, like note) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestNote", Type: reflect.TypeFor[*note](),
		Open: func(_ context.Context, e *Env) (any, error) { e.Disk(); return &note{e, like.syncs, like.sealed}, nil },
		Operations: []Method{
			{Name: "set", Do: (*note).Set, Durable: OnReturn},
			{Name: "get", Do: (*note).Get},
		},
	})
	require.NoError(t, err)
	return o
}

func TestADurableOperationThatACrashTakesIsFound(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	const program = "c0: set(1), set(2); crash any"
	r := search(t, notes(t, false), program, exhaustive)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "Durability", r.Findings[0].Failure.Class())
	crash := cases.CrashOf(r.Findings[0].Failure)
	require.NotNil(t, crash)
	require.Equal(t, disks.Ordered, crash.Model)

	r = search(t, notes(t, true), program, exhaustive)
	require.Empty(t, r.Findings)
}

// After a write that the disk has lost, nobody can give back what was durable. But a number that nobody has set is worse than none.
func TestWhatADiskHasLostIsMissingOrRefusedAndNeverInvented(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	const program = "c0: set(1), set(2); ! disk write * #2 = LOST; crash any"
	r := search(t, notesOf(t, note{syncs: true}), program, exhaustive)
	require.Len(t, r.Findings, 1)
	require.Equal(t, "Damage", r.Findings[0].Failure.Class())
	require.Contains(t, r.Findings[0].Failure.Message, "get() of the opened object would give")

	r = search(t, notesOf(t, note{syncs: true, sealed: true}), program, exhaustive)
	require.Empty(t, r.Findings)
	r = search(t, notesOf(t, note{sealed: true}), "c0: set(1), set(2); ! disk write * #9 = LOST; crash any", exhaustive)
	require.Len(t, r.Findings, 1, "a fault that does not come excuses nothing")
	require.Equal(t, "Durability", r.Findings[0].Failure.Class())
}
