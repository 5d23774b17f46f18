package history

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alitto/pond/v2"
)

// A submitter that waits for room in the queue goes on when there is some.
func TestBoundedQueue(t *testing.T) {
	pool := pond.NewPool(1, pond.WithQueueSize(1))
	var ran atomic.Int32
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func() { defer wg.Done(); pool.Submit(func() { ran.Add(1) }) }()
	}
	wg.Wait()
	pool.StopAndWait()
	if ran.Load() != 3 {
		t.Fatalf("%d of 3 tasks ran", ran.Load())
	}
}
