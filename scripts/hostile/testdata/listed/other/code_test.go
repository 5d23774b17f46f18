package other

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

type number int

func (n *number) Get() int { return int(*n) }

// TestOrdinary is a Check here, and none in the package above.
func TestOrdinary(t *testing.T) {
	harness.Check(t, harness.Subject[*number]{
		Open: func(context.Context, harness.Env) (*number, error) { return new(number), nil },
		Ops:  harness.Ops{"get": (*number).Get},
	})
}

// TestOne is none here.
func TestOne(t *testing.T) {
	if err := os.WriteFile("ran", nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
