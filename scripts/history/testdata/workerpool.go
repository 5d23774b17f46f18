package history

import (
	"sync"
	"testing"

	"github.com/gammazero/workerpool"
)

// Two goroutines may stop the pool.
func TestStopTwice(t *testing.T) {
	wp := workerpool.New(2)
	wp.Submit(func() {})
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() { defer wg.Done(); wp.Stop() }()
	}
	wg.Wait()
	if !wp.Stopped() {
		t.Fatal("not stopped")
	}
}
