package history

import (
	"context"
	"testing"

	datastore "github.com/jbenet/go-datastore"
	"github.com/jbenet/go-datastore/flatfs"
	"github.com/racewindow/racewindow/harness"
)

type Store struct{ ds *flatfs.Datastore }

func (d Store) Put(k, v string) error { return d.ds.Put(datastore.NewKey("key"+k), []byte(v)) }
func (d Store) Get(k string) (string, error) {
	v, err := d.ds.Get(datastore.NewKey("key" + k))
	if err == datastore.ErrNotFound {
		return "none", nil
	}
	b, _ := v.([]byte)
	return string(b), err
}

// What Put has accepted is there after a crash.
func TestDatastore(t *testing.T) {
	harness.Check(t, harness.Subject[Store]{
		Open: func(_ context.Context, env harness.Env) (Store, error) {
			ds, err := flatfs.New(env.Dir(), 5)
			return Store{ds}, err
		},
		Ops: harness.Ops{"put": harness.Op{Do: Store.Put, Durable: harness.OnReturn}, "get": Store.Get},
	})
}
