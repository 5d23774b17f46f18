package nats

import (
	"context"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

func TestLog(t *testing.T) {
	harness.Check(t, harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), true) },
		Ops: harness.Ops{
			"append": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(value)) }, Durable: harness.OnReturn},
			// long values cross the sectors of a disk
			"long": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(strings.Repeat(value+"-", 500))) }, Durable: harness.OnReturn},
			"read": (*Log).Read,
			"last": (*Log).Last,
		},
		Errors:          map[string]error{"missing": adapters.ErrMissing},
		LosesOnlyTheEnd: true,
		TasksMayRemain:  true, // the server's own
	})
}
