package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// A queue keeps a file for each of its values.
type queue struct{ env *Env }

func (q *queue) Put(value uint8) error {
	d := q.env.Disk()
	entries, err := d.List(".")
	if err != nil {
		return err
	}
	n := 0
	if len(entries) > 0 {
		if _, err := fmt.Sscanf(entries[len(entries)-1].Name, "%d", &n); err != nil {
			return err
		}
	}
	f, err := d.Create(fmt.Sprintf("%06d-%d", n+1, value))
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.SyncDir("."))
}

// Take takes the oldest value, "" if there is none.
func (q *queue) Take() string {
	d := q.env.Disk()
	entries, err := d.List(".")
	if err != nil || len(entries) == 0 {
		return ""
	}
	if err := errors.Join(d.Remove(entries[0].Name), d.SyncDir(".")); err != nil {
		return err.Error()
	}
	return entries[0].Name[len("000000-"):]
}

// What a queue gives is gone, so no second read sees a put. One comes after a crash, and that is enough for its canary.
func TestAQueueThatGivesEachValueOnceHasACanary(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	o, err := New(Config{
		Name: "TestQueue", Type: reflect.TypeFor[*queue](),
		Open:       func(_ context.Context, e *Env) (any, error) { e.Disk(); return &queue{e}, nil },
		Operations: []Method{{Name: "put", Do: (*queue).Put, Durable: OnReturn}, {Name: "take", Do: (*queue).Take, Durable: OnReturn}},
	})
	require.NoError(t, err)
	put := o.method("put")
	_, err = o.findSight([]*method{put}, true)
	require.ErrorIs(t, err, ErrBlind, "a second take sees nothing")
	canaries, err := o.Canaries(cases.Case{Crash: &cases.Crash{Any: true}})
	require.NoError(t, err)
	require.Equal(t, defectWords[losesDurable], canaries[numberOfKind].What)

	o.methods[1].Durable = ""
	canaries, err = o.Canaries(cases.Case{Crash: &cases.Crash{Any: true}})
	require.NoError(t, err)
	canary := canaries[numberOfKind]
	require.Equal(t, "put(0)", canary.Case.Threads[0].Operations[0].String())
	failure := sched.NewRunner(canary.Plan.Scenario, sched.Options{}).Replay(nil, false).Failure
	require.NotNil(t, failure)
	require.Equal(t, "Durability", failure.Class())
}
