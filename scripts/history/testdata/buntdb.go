package history

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/tidwall/buntdb"
)

type DB struct{ *buntdb.DB }

func (d DB) Set(k, v string) error {
	return d.Update(func(tx *buntdb.Tx) error { _, _, err := tx.Set(k, v, nil); return err })
}

func (d DB) Get(k string) (v string) {
	d.View(func(tx *buntdb.Tx) error { v, _ = tx.Get(k); return nil })
	return v
}

// With SyncPolicy Always, what Set has accepted is there after a crash, and a write that fails takes nothing away.
func TestDB(t *testing.T) {
	harness.Check(t, harness.Subject[DB]{
		Open: func(_ context.Context, env harness.Env) (DB, error) {
			db, err := buntdb.Open(filepath.Join(env.Dir(), "data.db"))
			if err != nil {
				return DB{}, err
			}
			return DB{db}, syncFolder(env.Dir(), db.SetConfig(buntdb.Config{SyncPolicy: buntdb.Always, AutoShrinkDisabled: true}))
		},
		Ops: harness.Ops{"set": harness.Op{Do: DB.Set, Durable: harness.OnReturn}, "get": DB.Get},
	})
}

// syncFolder makes the file's name durable, which buntdb leaves to its user.
func syncFolder(dir string, err error) error {
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
