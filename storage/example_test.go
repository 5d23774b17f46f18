package storage_test

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/storage"
)

func Example() {
	ctx := context.Background()
	// A folder takes the place of the disk in memory in a real program: storage.Open(ctx, "data", storage.Options{Create: true}).
	store, err := storage.Open(ctx, "", storage.Options{Disk: storage.MemoryDisk()})
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := store.Log(ctx, "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	first, _ := log.Append(ctx, storage.Record{Key: []byte("7"), Value: []byte("two apples")})
	_, _ = log.AppendDurable(ctx, storage.Record{Key: []byte("8"), Value: []byte("a pear")})

	for record, err := range log.Read(ctx, storage.Offset{}, storage.End) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v: order %s is %s\n", record.Offset, record.Key, record.Value)
	}
	for record := range log.Read(ctx, first, storage.End) {
		fmt.Printf("past %v: %v\n", first, record.Offset)
	}
	fmt.Println(store.Close(ctx))
	// Output:
	// 1.0: order 7 is two apples
	// 2.0: order 8 is a pear
	// past 1.0: 2.0
	// <nil>
}

func ExampleTransaction() {
	ctx := context.Background()
	store, _ := storage.Open(ctx, "", storage.Options{Disk: storage.MemoryDisk()})
	log, _ := store.Log(ctx, "orders")

	tx, _ := log.Begin(ctx)
	_ = tx.Add(ctx, storage.Record{Value: []byte("half")})
	fmt.Println("before the commit:", log.Visible(ctx))
	_ = tx.Add(ctx, storage.Record{Value: []byte("whole")})
	last, _ := tx.Commit(ctx)
	fmt.Println("after it:", last, log.Visible(ctx), "durable:", log.Durable())
	_ = log.Flush(ctx)
	fmt.Println("after a flush, durable:", log.Durable())

	taken, _ := log.Begin(ctx)
	_ = taken.Add(ctx, storage.Record{Value: []byte("never mind")})
	_ = taken.Abort(ctx)
	fmt.Println("after an abort:", log.Visible(ctx))
	_ = store.Close(ctx)
	// Output:
	// before the commit: -
	// after it: 1.1 1.1 durable: -
	// after a flush, durable: 1.1
	// after an abort: 1.1
}

func ExampleHandoverByName() {
	_, err := storage.HandoverByName("hope")
	fmt.Println(err)
	// Output: invalid options: no hand-over is called "hope": choose one of fallback, recheck, recheckliteral, retain, snapshot, stale
}
