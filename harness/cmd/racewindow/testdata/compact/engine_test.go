package tally

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func check(t *testing.T, way string) {
	harness.Check(t, harness.Subject[*Tally]{
		Open: func(_ context.Context, e harness.Env) (*Tally, error) { return open(e.Dir(), way, 64) },
		Ops:  harness.Ops{"put": harness.Op{Do: (*Tally).Put, Durable: harness.OnReturn}, "get": (*Tally).Get},
	})
}

func TestSynced(t *testing.T)   { check(t, "") }
func TestUnsynced(t *testing.T) { check(t, "data") }
