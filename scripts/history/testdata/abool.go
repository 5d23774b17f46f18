package history

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/tevino/abool"
)

// A bool that goroutines flip changes with each flip.
func TestBool(t *testing.T) {
	harness.Check(t, harness.Subject[*abool.AtomicBool]{
		Open: func(context.Context, harness.Env) (*abool.AtomicBool, error) { return abool.New(), nil },
		Ops:  harness.Ops{"flip": (*abool.AtomicBool).Flip, "isset": (*abool.AtomicBool).IsSet, "set": (*abool.AtomicBool).Set},
	})
}
