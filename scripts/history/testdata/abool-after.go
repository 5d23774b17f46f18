package history

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/tevino/abool"
)

// A bool that goroutines toggle changes with each Toggle, which took the place of Flip.
func TestBool(t *testing.T) {
	harness.Check(t, harness.Subject[*abool.AtomicBool]{
		Open: func(context.Context, harness.Env) (*abool.AtomicBool, error) { return abool.New(), nil },
		Ops:  harness.Ops{"toggle": (*abool.AtomicBool).Toggle, "isset": (*abool.AtomicBool).IsSet, "set": (*abool.AtomicBool).Set},
	})
}
