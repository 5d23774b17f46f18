package listed

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func subject() harness.Subject[*sum] {
	return harness.Subject[*sum]{
		Open: func(context.Context, harness.Env) (*sum, error) { return &sum{}, nil },
		Ops:  harness.Ops{"add": (*sum).Add, "get": (*sum).Get},
	}
}

func TestOne(t *testing.T) {
	t.Run("first", func(t *testing.T) { harness.Check(t, subject()) })
	t.Run("second", func(t *testing.T) { harness.Check(t, subject()) })
}

func TestOrdinary(t *testing.T) {
	if err := os.WriteFile("ran", nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
