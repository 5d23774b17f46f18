package queue

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestQueue(t *testing.T) {
	harness.Check(t, harness.Subject[*Queue[int]]{
		Open: func(_ context.Context, env harness.Env) (*Queue[int], error) {
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return newBuggy[int](env.Int("capacity")), nil
			}
			return New[int](env.Int("capacity")), nil
		},
		Options: map[string][]string{"capacity": {"1", "2"}},
		Errors:  map[string]error{"ErrEnded": ErrEnded},
		Ops: harness.Ops{
			"put": (*Queue[int]).Put, "take": (*Queue[int]).Take, "len": (*Queue[int]).Len, "end": (*Queue[int]).End,
		},
	})
}
