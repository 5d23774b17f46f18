package planted

import (
	"sync"
	"testing"
)

func TestBuffer(t *testing.T) {
	b := NewBuffer[int](1)
	var wg sync.WaitGroup
	sum := make(chan int, 4)
	for i := range 2 {
		wg.Add(2)
		go func() { defer wg.Done(); b.Put(2*i + 1); b.Put(2*i + 2) }()
		go func() { defer wg.Done(); sum <- b.Take(); sum <- b.Take() }()
	}
	wg.Wait()
	if total := <-sum + <-sum + <-sum + <-sum; total != 10 {
		t.Fatalf("took %d, want 10", total)
	}
}
