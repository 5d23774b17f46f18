package soaked

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/storage/disk"
)

func check(t *testing.T, onDisk bool, f faults) {
	durable := ""
	if onDisk {
		durable = harness.OnReturn
	}
	harness.Check(t, harness.Subject[*sum]{
		Open: func(_ context.Context, env harness.Env) (*sum, error) {
			var d disk.Disk
			if onDisk {
				d = env.Disk()
			}
			return open(d, f)
		},
		Errors: map[string]error{"ErrBroken": ErrBroken},
		Ops:    harness.Ops{"add": harness.Op{Do: (*sum).Add, Durable: durable}, "get": (*sum).Get},
	})
}

func TestRight(t *testing.T)   { check(t, false, faults{}) }
func TestLoses(t *testing.T)   { check(t, false, faults{loses: true}) }
func TestRaces(t *testing.T)   { check(t, false, faults{races: true}) }
func TestKeeps(t *testing.T)   { check(t, true, faults{}) }
func TestForgets(t *testing.T) { check(t, true, faults{forgets: true}) }

func TestManySubtests(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) { check(t, false, faults{}) })
	}
}
