package registry

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestRegistry(t *testing.T) {
	harness.Check(t, harness.Subject[*Registry]{
		Open: func(context.Context, harness.Env) (*Registry, error) {
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return newBuggy(), nil
			}
			return New(), nil
		},
		Ops: harness.Ops{
			"subscribe": (*Registry).Subscribe, "unsubscribe": (*Registry).Unsubscribe,
			"publish": (*Registry).Publish, "receive": (*Registry).Receive,
		},
	})
}
