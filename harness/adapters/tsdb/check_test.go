package tsdb

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

// TestSeries loses power: what was committed is there once the database has been closed.
func TestSeries(t *testing.T) { check(t, harness.AfterClose) }

// TestSeriesOfAProcess is killed: what was committed is in the log.
func TestSeriesOfAProcess(t *testing.T) { check(t, harness.OnReturn) }

func check(t *testing.T, durable string) {
	harness.Check(t, harness.Subject[*DB]{
		Open: func(_ context.Context, env harness.Env) (*DB, error) { return Open(env.Dir()) },
		Ops: harness.Ops{
			"append": harness.Op{Do: func(d *DB, name string, value uint8) error { return d.Append(name, float64(value)) }, Durable: durable},
			"read":   (*DB).Read,
		},
		LosesOnlyTheEnd: false,
	})
}
