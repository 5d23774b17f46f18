package badger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/racewindow/racewindow/harness"
)

func TestMap(t *testing.T) {
	harness.Check(t, harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), true, 256<<10) },
		Ops: harness.Ops{
			"put":    harness.Op{Do: put, Durable: harness.OnReturn},
			"long":   harness.Op{Do: long, Durable: harness.OnReturn},
			"delete": harness.Op{Do: remove, Durable: harness.OnReturn},
			"get":    get,
		},
		LosesOnlyTheEnd: true,
		TasksMayRemain:  true, // Close leaves tasks of its caches that end soon after
	})
}

func put(l *Log, key string, value int) error {
	return l.Engine.Update(func(tx *badger.Txn) error { return tx.Set([]byte("k"+key), []byte{byte(value), byte(value >> 8)}) })
}

// long values cross the sectors of a disk, and go to the value log.
func long(l *Log, key, value string) error {
	return l.Engine.Update(func(tx *badger.Txn) error { return tx.Set([]byte("k"+key), []byte(strings.Repeat(value+"-", 1200))) })
}

func remove(l *Log, key string) error {
	return l.Engine.Update(func(tx *badger.Txn) error { return tx.Delete([]byte("k" + key)) })
}

func get(l *Log, key string) (value string, err error) {
	err = l.Engine.View(func(tx *badger.Txn) error {
		item, err := tx.Get([]byte("k" + key))
		if errors.Is(err, badger.ErrKeyNotFound) {
			value = "none"
			return nil
		} else if err != nil {
			return err
		}
		return item.Value(func(found []byte) error {
			value = string(found)
			return nil
		})
	})
	return value, err
}
