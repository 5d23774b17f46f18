package strange

import (
	"context"
	"os"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

func TestMap(t *testing.T) {
	harness.Check(t, harness.Subject[*Map]{
		Open: func(_ context.Context, env harness.Env) (*Map, error) {
			m, err := Open(env.Dir())
			if err == nil {
				m.trusts = os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1"
			}
			return m, err
		},
		Ops: harness.Ops{
			"get":     (*Map).Get,
			"set":     harness.Op{Do: (*Map).Set, Durable: harness.OnReturn},
			"delete":  harness.Op{Do: (*Map).Delete, Durable: harness.OnReturn},
			"compact": (*Map).Compact,
		},
	})
}
