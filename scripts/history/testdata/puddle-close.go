package history

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/puddle"
)

// A resource may be created while the pool is being closed, and is then destroyed.
func TestCreateWhileClosing(t *testing.T) {
	var open atomic.Int32
	pool := puddle.NewPool(
		func(context.Context) (interface{}, error) { open.Add(1); return 1, nil },
		func(interface{}) { open.Add(-1) }, 4)
	done := make(chan error)
	go func() { done <- pool.CreateResource(context.Background()) }()
	pool.Close()
	err := <-done
	if n := pool.Stat().TotalResources(); n != 0 {
		t.Errorf("a closed pool has %d resources, CreateResource gave %v", n, err)
	}
}
