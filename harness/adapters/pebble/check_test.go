package pebble

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/racewindow/racewindow/harness"
)

func TestMap(t *testing.T) {
	harness.Check(t, harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), true) },
		Ops: harness.Ops{
			"put":    harness.Op{Do: put, Durable: harness.OnReturn},
			"long":   harness.Op{Do: long, Durable: harness.OnReturn},
			"delete": harness.Op{Do: remove, Durable: harness.OnReturn},
			"get":    get,
		},
		LosesOnlyTheEnd: true,
		TasksMayRemain:  true, // Close leaves tasks that end soon after
	})
}

// errDied is what an operation returns whose process pebble would have ended: it panics if its log cannot be written.
var errDied = errors.New("pebble has panicked")

func died(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("%w: %v", errDied, cause)
	}
}

func put(l *Log, key string, value int) (err error) {
	defer died(&err)
	return l.Engine.Set([]byte(key), []byte{byte(value), byte(value >> 8)}, pebble.Sync)
}

// long values cross the sectors of a disk.
func long(l *Log, key, value string) (err error) {
	defer died(&err)
	return l.Engine.Set([]byte(key), []byte(strings.Repeat(value+"-", 500)), pebble.Sync)
}

func remove(l *Log, key string) (err error) {
	defer died(&err)
	return l.Engine.Delete([]byte(key), pebble.Sync)
}

func get(l *Log, key string) (string, error) {
	value, closer, err := l.Engine.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return "none", nil
	} else if err != nil {
		return "", err
	}
	defer closer.Close()
	return string(value), nil
}
