package cache

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestCache(t *testing.T) {
	harness.Check(t, harness.Subject[*Cache]{
		Open: func(context.Context, harness.Env) (*Cache, error) {
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return newBuggy(2), nil
			}
			return New(2), nil
		},
		Ops: harness.Ops{"put": (*Cache).Put, "get": (*Cache).Get, "delete": (*Cache).Delete},
	})
}
