package object

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spec"
)

// A ticket machine says when it gave each ticket. A wrong one gives two at once.
type machine struct {
	last  atomic.Int64 // of time.Duration
	wrong bool
}

func (m *machine) Ticket(ctx context.Context) (time.Duration, []int) {
	if !m.wrong {
		next := time.Duration(m.last.Add(int64(time.Second)))
		return next, []int{int(next / time.Second)}
	}
	next := time.Duration(m.last.Load()) + time.Second
	failpoints.Yield(ctx, loaded)
	m.last.Store(int64(next))
	return next, []int{int(next / time.Second)}
}

func TestAJudgeOfTheHistorySeesWhatOperationsReturned(t *testing.T) {
	t.Parallel()
	for _, wrong := range []bool{false, true} {
		o, err := New(Config{
			Name: "TestMachine", Type: reflect.TypeFor[*machine](),
			Open:       func(context.Context, *Env) (any, error) { return &machine{wrong: wrong}, nil },
			Operations: []Method{{Name: "ticket", Do: (*machine).Ticket}},
			Holds: func(h History) error {
				given := map[time.Duration]bool{}
				for _, e := range h {
					if e.Outcome != spec.OK || e.Returned == 0 {
						return errors.New("it has not returned")
					}
					at := e.Values[0].(time.Duration)
					if given[at] || e.Values[1].([]int)[0] != int(at/time.Second) {
						return errors.New("given twice")
					}
					given[at] = true
				}
				return nil
			},
		})
		require.NoError(t, err)
		r := search(t, o, "c0: ticket(); c1: ticket()", exhaustive)
		require.Equal(t, wrong, len(r.Findings) == 1)
		c, err := cases.Parse("v1 test=TestMachine; c0: ticket(), ticket()", cases.Only(o))
		require.NoError(t, err)
		require.NoError(t, o.Free(c))
		canaries, err := o.Canaries(cases.Case{})
		require.NoError(t, err)
		require.NotEmpty(t, canaries)
	}
}

// When nobody can go on, the judge sees what those returned that have; and a judge that panics is a finding, with the history.
func TestAJudgeSeesValuesWhenNobodyCanGoOnAndOneThatPanicsDoesNotHold(t *testing.T) {
	t.Parallel()
	for panics, findings := range map[bool]int{false: 0, true: 1} {
		o, err := New(Config{
			Name: "TestBox", Type: reflect.TypeFor[*box](),
			Open:       func(context.Context, *Env) (any, error) { return newBox(false, false), nil },
			Operations: []Method{{Name: "put", Do: (*box).Put}, {Name: "take", Do: (*box).Take}},
			Holds: func(h History) error {
				for _, e := range h {
					if e.Operation == "take" && e.Returned != 0 {
						_ = e.Values[0].(int) // panics if it is not there
					}
				}
				if panics {
					panic("no judge")
				}
				return nil
			},
		})
		require.NoError(t, err)
		r := search(t, o, "c0: put(1); c1: take(); c2: take()", exhaustive)
		require.Len(t, r.Findings, findings)
		if panics {
			require.ErrorContains(t, r.Findings[0].Failure.Err, "the judge Holds panicked: no judge")
		}
	}
}
