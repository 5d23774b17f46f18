package wlog

import (
	"context"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

func TestLog(t *testing.T) {
	harness.Check(t, harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), 32<<10) },
		Ops: harness.Ops{
			"append": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(value)) }, Durable: "sync"},
			// long values cross the sectors of a disk, and three of them a segment
			"long": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(strings.Repeat(value+"-", 6000))) }, Durable: "sync"},
			"sync": (*Log).Sync,
			"read": (*Log).Read,
			"last": (*Log).Last,
		},
		Errors:          map[string]error{"missing": adapters.ErrMissing},
		LosesOnlyTheEnd: true,
		TasksMayRemain:  true, // a Close that cannot write the last page returns before it stops the task, and nothing says otherwise
	})
}
