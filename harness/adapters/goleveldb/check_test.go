package goleveldb

import (
	"context"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestMap(t *testing.T) {
	harness.Check(t, harness.Subject[*Map]{
		Open: func(_ context.Context, env harness.Env) (*Map, error) { return Open(env.Dir()) },
		Ops: harness.Ops{
			"put":    harness.Op{Do: (*Map).Put, Durable: harness.OnReturn},
			"long":   harness.Op{Do: long, Durable: harness.OnReturn},
			"delete": harness.Op{Do: (*Map).Delete, Durable: harness.OnReturn},
			"get":    (*Map).Get,
		},
	})
}

// long values cross the sectors of a disk.
func long(m *Map, key, value string) error { return m.Put(key, strings.Repeat(value+"-", 500)) }
