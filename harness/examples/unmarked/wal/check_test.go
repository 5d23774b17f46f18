package wal

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestMap(t *testing.T) {
	harness.Check(t, harness.Subject[*Map]{
		Open: func(_ context.Context, env harness.Env) (*Map, error) {
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return openBuggy(env.Disk())
			}
			return Open(env.Disk())
		},
		Errors: map[string]error{"ErrBroken": ErrBroken},
		Ops: harness.Ops{
			"get":      (*Map).Get,
			"set":      harness.Op{Do: (*Map).Set, Durable: harness.OnReturn},
			"delete":   harness.Op{Do: (*Map).Delete, Durable: harness.OnReturn},
			"snapshot": (*Map).Snapshot,
		},
	})
}
