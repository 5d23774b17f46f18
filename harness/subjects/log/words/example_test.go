package words_test

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// What was acknowledged is visible, and each watermark names a record that a read yields.
func ExampleWatermarks() {
	ctx := context.Background()
	store, err := storage.Open(ctx, "example", storage.Options{Disk: storage.MemoryDisk()})
	fmt.Println(err)
	l, err := store.Log(ctx, "log")
	fmt.Println(err)
	at, err := words.AppendDurable(ctx, l, []storage.Record{{Key: []byte("k"), Value: []byte("v")}})
	fmt.Println(at.Tx, err)
	fmt.Println(words.Watermarks(ctx, l, at.Tx))
	fmt.Println(store.Close(ctx))
	// Output:
	// <nil>
	// <nil>
	// 1 <nil>
	// <nil>
	// <nil>
}
