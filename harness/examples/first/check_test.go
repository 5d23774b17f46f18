package first

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestCache(t *testing.T) {
	harness.Check(t, harness.Subject[*Cache]{
		Open: func(context.Context, harness.Env) (*Cache, error) { return New(), nil },
		Ops:  harness.Ops{"put": (*Cache).Put, "get": (*Cache).Get},
	})
}
