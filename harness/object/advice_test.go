package object

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/report"
)

// A ticking starts a task that waits for ever: when it is opened, or in an operation.
type ticking struct{ never chan struct{} }

func (k *ticking) start(ctx context.Context) {
	failpoints.Go(ctx, "ticker", func(ctx context.Context) { _, _, _ = failpoints.Receive(ctx, nonEmpty, k.never) })
}

func (k *ticking) Start(ctx context.Context) bool { k.start(failpoints.Detach(ctx)); return true }

type closedTicking struct{ ticking }

func (k *closedTicking) Start(ctx context.Context) bool { return k.ticking.Start(ctx) }
func (*closedTicking) Close()                           {}

func TestALeakSaysWhoStartedWhatRemainsAndWhatToDo(t *testing.T) {
	t.Parallel()
	opened := Config{
		Name: "TestTicking", Type: reflect.TypeFor[*ticking](),
		Open: func(ctx context.Context, _ *Env) (any, error) {
			k := &ticking{make(chan struct{})}
			k.start(failpoints.Detach(ctx))
			return k, nil
		},
		Operations: []Method{{Name: "start", Do: (*ticking).Start}},
	}
	operated := Config{
		Name: "TestTicking", Type: reflect.TypeFor[*closedTicking](),
		Open:       func(context.Context, *Env) (any, error) { return &closedTicking{ticking{make(chan struct{})}}, nil },
		Operations: []Method{{Name: "start", Do: (*closedTicking).Start}},
	}
	for _, c := range []struct {
		config  Config
		program string
		want    string
	}{
		{opened, "c0:", "was started by Open: give the object a Close that stops it, or set Subject.TasksMayRemain if it may outlive the object"},
		{operated, "c0: start()", "was started by an operation of c0: stop it in Close, and wait for it there, or set"},
	} {
		o, err := New(c.config)
		require.NoError(t, err)
		r, err := report.OfCase(parseOf(t, o, c.program))
		require.NoError(t, err)
		require.Equal(t, report.Violated, r.Verdict)
		require.Contains(t, r.Detail, c.want)
		require.Contains(t, r.Detail, "ticker waits at box/non-empty")
	}
}
