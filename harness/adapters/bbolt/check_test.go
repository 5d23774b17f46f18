package bbolt

import (
	"context"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

func TestMap(t *testing.T) { check(t, func(string) error { return nil }) }

// TestMapAfterItsFileIsNamed leaves out the known loss of a new file: it syncs the folder as soon as the database is open.
func TestMapAfterItsFileIsNamed(t *testing.T) { check(t, adapters.SyncFolder) }

func check(t *testing.T, opened func(folder string) error) {
	harness.Check(t, harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) {
			l, err := Open(env.Dir(), true)
			if err == nil {
				err = opened(env.Dir())
			}
			return l, err
		},
		Ops: harness.Ops{
			"put":    harness.Op{Do: set, Durable: harness.OnReturn},
			"long":   harness.Op{Do: long, Durable: harness.OnReturn},
			"delete": harness.Op{Do: remove, Durable: harness.OnReturn},
			"get":    get,
		},
		LosesOnlyTheEnd: true,
	})
}

func set(l *Log, name string, value int) error {
	return l.Engine.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).Put([]byte("k"+name), []byte{byte(value), byte(value >> 8)})
	})
}

// long values take pages of their own.
func long(l *Log, name, value string) error {
	return l.Engine.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).Put([]byte("k"+name), []byte(strings.Repeat(value+"-", 5000)))
	})
}

func remove(l *Log, name string) error {
	return l.Engine.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete([]byte("k" + name)) })
}

func get(l *Log, name string) (value string, err error) {
	err = l.Engine.View(func(tx *bbolt.Tx) error {
		value = string(tx.Bucket(bucket).Get([]byte("k" + name)))
		return nil
	})
	return value, err
}
