package storage

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// measurable skips where the build itself allocates or slows down.
func measurable(t *testing.T) {
	t.Helper()
	if raceoff.Enabled || failpoints.Instrumented() {
		t.Skip("counts allocations of the normal build: go test")
	}
}

func TestAnAppendAllocatesNothing(t *testing.T) {
	measurable(t)
	r := newRig(t, Options{FlushBytes: onRequest, FlushInterval: -1, ArenaBytes: 1 << 20})
	value, key := make([]byte, 128), []byte("key")
	perAppend := testing.AllocsPerRun(20000, func() {
		if _, err := r.Append(background, Record{Key: key, Value: value}); err != nil {
			t.Fatal(err)
		}
	})
	require.Less(t, perAppend, 0.05, "an arena now and then, and nothing else")
}

func TestATailReadAllocatesNothing(t *testing.T) {
	measurable(t)
	r := newRig(t, roomy())
	for range 500 {
		r.append(2)
	}
	for name, after := range map[string]Offset{"newest": {499, 1}, "a hundred": {400, 0}, "all": {}} {
		seen := 0
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			for record, err := range r.Read(background, after, End) {
				if err != nil {
					t.Fatal(err)
				}
				seen += len(record.Value)
			}
		}), name)
		require.Positive(t, seen)
	}
}
