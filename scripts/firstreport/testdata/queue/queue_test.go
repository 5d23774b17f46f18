package queue

import (
	"sync"
	"testing"
)

func TestQueue(t *testing.T) {
	q := New[int](1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := range 2 {
		wg.Go(func() { _ = q.Put(i + 1) })
		wg.Go(func() {
			v, _ := q.Get()
			mu.Lock()
			sum += v
			mu.Unlock()
		})
	}
	wg.Wait()
	if sum != 3 {
		t.Errorf("the values taken make %d", sum)
	}
}
