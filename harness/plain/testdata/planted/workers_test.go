package planted

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestWorkers(t *testing.T) {
	w := NewWorkers(2)
	var accepted, ran atomic.Int64
	var clients sync.WaitGroup
	for range 2 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for range 2 {
				if w.Submit(func() { ran.Add(1) }) {
					accepted.Add(1)
				}
			}
		}()
	}
	w.Stop()
	clients.Wait()
	if a, r := accepted.Load(), ran.Load(); a != r || !w.isStopped() {
		t.Fatalf("accepted %d, ran %d", a, r)
	}
}
