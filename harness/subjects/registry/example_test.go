package registry_test

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/registry"
	"github.com/racewindow/racewindow/storage"
)

// A transaction goes to everyone who subscribes to its shape, until the subscription is removed.
func ExampleRegistry() {
	ctx := context.Background()
	store, err := storage.Open(ctx, "example", storage.Options{Disk: storage.MemoryDisk()})
	fmt.Println(err)
	r := registry.New(ctx, store, registry.Options{Order: registry.Reorder})
	handle, err := r.Subscribe(ctx, "orders")
	fmt.Println(err)
	tx := registry.Transaction{{Key: []byte("k"), Value: []byte("v")}}
	delivered, err := r.Publish(ctx, tx, "orders")
	fmt.Println(len(delivered), err)
	fmt.Println(r.Remove(ctx, handle))
	delivered, err = r.Publish(ctx, tx, "orders")
	fmt.Println(len(delivered), err)
	fmt.Println(r.Close(ctx), store.Close(ctx))
	// Output:
	// <nil>
	// <nil>
	// 1 <nil>
	// <nil>
	// 0 <nil>
	// <nil> <nil>
}
