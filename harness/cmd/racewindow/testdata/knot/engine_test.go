package tally

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func check(t *testing.T, way string) {
	harness.Check(t, harness.Subject[*Tally]{
		Open: func(_ context.Context, e harness.Env) (*Tally, error) { return open(e.Dir(), way) },
		Ops:  harness.Ops{"put": harness.Op{Do: (*Tally).Put, Durable: harness.OnReturn}, "get": (*Tally).Get},
	})
}

func TestOrder(t *testing.T) { check(t, "order") }
func TestClose(t *testing.T) { check(t, "close") }
func TestAgain(t *testing.T) { check(t, "again") }
func TestSlow(t *testing.T)  { check(t, "slow") }
