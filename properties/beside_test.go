package properties

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// closing draws a close beside two clients.
var closing = Shape{Threads: 2, Operations: 4, Closing: true}

// besides counts the delays of a case that hold an operation beside the close, or the close beside an operation. If the case was
// executed as drawn, they did.
func besides(c cases.Case) (n int) {
	for _, d := range c.Delays {
		if d.While != nil && (d.While.Thread == closerThread || d.At.Thread == closerThread) {
			n++
		}
	}
	return n
}

// An operation beside a close ends, with ErrClosed or as without the close. What was acknowledged is in the log when it is opened
// again, and what was refused is not.
func TestACloseComesBesideOperations(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, handover := range holding() {
		t.Run(handover, func(t *testing.T) {
			t.Parallel()
			beside := 0
			shape := closing
			shape.Handovers = []string{handover}
			requireHolds(t, &Search{Shape: shape, Also: func(c cases.Case, _ *cases.Outcome) { beside += besides(c) }})
			require.Positive(t, beside, "no close came in the middle of an operation")
			say(t, "%d times a close came in the middle of an operation, or the other way round", beside)
		})
	}
}

// A defect lies over an engine of this module, and shows only if a close comes in the middle of an append.
type defect struct {
	harness.Engine
	harness.Opened
	harness.FragmentAppender
	overtaken func(l *storage.Log, records []harness.Record, err error) (harness.Offset, error)
}

// Append calls overtaken if the log was open when the append began, and then refused it because of a close.
func (d defect) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	wasOpen := true
	for _, err := range d.Log().Read(background, harness.Offset{}, harness.Offset{}) {
		wasOpen = err == nil
	}
	at, err := d.Engine.Append(ctx, records)
	if wasOpen && errors.Is(err, storage.ErrClosed) {
		return d.overtaken(d.Log(), records, err)
	}
	return at, err
}

// acknowledged is a defect that acknowledges an append which a close has refused.
func acknowledged(l *storage.Log, records []harness.Record, _ error) (harness.Offset, error) {
	return harness.Offset{Tx: l.Visible(background).Tx + 1, Op: uint64(len(records) - 1)}, nil
}

// reworded is a defect whose error does not say that the log is closed.
func reworded(_ *storage.Log, _ []harness.Record, err error) (harness.Offset, error) {
	return harness.Offset{}, fmt.Errorf("too late: %v", err)
}

func TestWhatACloseDoesWrongBesideAnAppendIsFoundAndShrunk(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for promise, overtaken := range map[string]func(*storage.Log, []harness.Record, error) (harness.Offset, error){
		check.ReadAfterWrite.Name: acknowledged, check.Progress.Name: reworded,
	} {
		t.Run(promise, func(t *testing.T) {
			t.Parallel()
			shape := closing
			shape.Handovers, shape.Operations = holding(), 2
			s := &Search{Name: t.Name(), Seed: *seedFlag, Cases: 1000, Sure: true, Shape: shape, over: func(e harness.Engine) harness.Engine {
				return defect{e, e.(harness.Opened), e.(harness.FragmentAppender), overtaken}
			}}
			found, err := s.Run()
			require.NoError(t, err)
			require.True(t, found, "%d cases broke no promise", s.Executed)
			require.Equal(t, promise, s.Found.Violation.Promise.Name)
			requireAtMost(t, Size{Threads: 3, Appends: 2, Others: 2, Records: 3, Delays: 3}, SizeOf(s.Shrunk), s.Report())
		})
	}
}
