package rosedb

import (
	"context"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

const segment = 4096 // bytes

func TestLog(t *testing.T) { harness.Check(t, subject(Options{Durable: true, Segment: segment})) }

// TestLogWhoseSegmentsAreNamed leaves out the known loss of a segment's name (findings/rosedb.md).
func TestLogWhoseSegmentsAreNamed(t *testing.T) {
	harness.Check(t, subject(Options{Durable: true, Segment: segment, Named: true}))
}

// TestLogWithANewSegmentAfterATornWrite leaves out the loss of what is written after a torn write, too (findings/rosedb.md).
func TestLogWithANewSegmentAfterATornWrite(t *testing.T) {
	harness.Check(t, subject(Options{Durable: true, Segment: segment, Named: true, Next: true}))
}

// TestLogThatGoesOn asks for more: the log goes on after a fault.
func TestLogThatGoesOn(t *testing.T) {
	s := subject(Options{Durable: true, Segment: segment, Named: true, Next: true})
	s.GoesOn = true
	harness.Check(t, s)
}

// TestReader reads all with the engine's own reader while records are written.
func TestReader(t *testing.T) {
	s := subject(Options{Durable: true, Segment: segment})
	delete(s.Ops, "read")
	delete(s.Ops, "last")
	s.Ops["all"] = func(l *Log) (all []string, err error) {
		err = l.Scan(func(value []byte) error {
			all = append(all, string(value))
			return nil
		})
		return all, err
	}
	harness.Check(t, s)
}

func subject(o Options) harness.Subject[*Log] {
	return harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), o) },
		Ops: harness.Ops{
			"append": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(value)) }, Durable: harness.OnReturn},
			// long values cross the sectors of a disk, and few of them fill a segment
			"long": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(strings.Repeat(value+"-", 500))) }, Durable: harness.OnReturn},
			"read": (*Log).Read,
			"last": (*Log).Last,
		},
		Errors:          map[string]error{"missing": adapters.ErrMissing},
		LosesOnlyTheEnd: true,
	}
}
