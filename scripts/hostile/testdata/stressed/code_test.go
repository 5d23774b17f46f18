package stressed

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func check(t *testing.T, f faults) {
	harness.Check(t, harness.Subject[*sum]{
		Open: func(context.Context, harness.Env) (*sum, error) { return &sum{faults: f}, nil },
		Ops:  harness.Ops{"add": (*sum).Add, "get": (*sum).Get},
	})
}

func TestRight(t *testing.T)  { check(t, faults{}) }
func TestLoses(t *testing.T)  { check(t, faults{loses: true}) }
func TestRaces(t *testing.T)  { check(t, faults{races: true}) }
func TestPanics(t *testing.T) { check(t, faults{panics: true}) }
