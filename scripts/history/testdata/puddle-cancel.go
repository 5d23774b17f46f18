package history

import (
	"context"
	"testing"

	"github.com/jackc/puddle"
)

// A pool whose Acquire was cancelled goes on working.
func TestCancelledAcquire(t *testing.T) {
	pool := puddle.NewPool(func(context.Context) (interface{}, error) { return 1, nil }, func(interface{}) {}, 1)
	res, err := pool.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		if r, err := pool.Acquire(ctx); err == nil {
			r.Release()
		}
		close(done)
	}()
	go cancel()
	res.Release()
	<-done
	res, err = pool.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	res.Release()
	pool.Close()
}
