package closing

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestCloses(t *testing.T) {
	harness.Check(t, harness.Subject[*count]{
		Open: func(context.Context, harness.Env) (*count, error) { return &count{}, nil },
		Ops:  harness.Ops{"add": (*count).Add, "added": (*count).Added},
	})
}
