package history

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/boltdb/bolt"
	"github.com/racewindow/racewindow/harness"
)

type DB struct{ *bolt.DB }

var bucket = []byte("bucket")

func (d DB) Put(k, v string) error {
	return d.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put([]byte("key"+k), []byte(v)) })
}

func (d DB) Get(k string) (v string) {
	d.View(func(tx *bolt.Tx) error { v = string(tx.Bucket(bucket).Get([]byte("key" + k))); return nil })
	return v
}

// What Put has accepted is there after a crash.
func TestDB(t *testing.T) {
	harness.Check(t, harness.Subject[DB]{
		Open: func(_ context.Context, env harness.Env) (DB, error) {
			name := filepath.Join(env.Dir(), "data.db")
			if _, err := os.Stat(name); os.IsNotExist(err) {
				if err := create(name); err != nil {
					return DB{}, err
				}
			}
			db, err := bolt.Open(name, 0o600, nil)
			return DB{db}, err
		},
		Ops: harness.Ops{"put": harness.Op{Do: DB.Put, Durable: harness.OnReturn}, "get": DB.Get},
	})
}

// create makes a database that is there whole or not at all, which bolt leaves to its user.
func create(name string) error {
	half := name + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	db, err := bolt.Open(half, 0o600, nil)
	if err != nil {
		return err
	}
	if err := db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(bucket); return err }); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.Rename(half, name); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
