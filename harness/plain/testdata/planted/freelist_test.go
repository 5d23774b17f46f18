package planted

import (
	"sync"
	"testing"
)

func TestFreeList(t *testing.T) {
	f := NewFreeList(3)
	var mu sync.Mutex
	owned := map[uint64]string{}
	take := func(who string) uint64 {
		i := f.Alloc()
		mu.Lock()
		defer mu.Unlock()
		if o := owned[i]; i != 0 && o != "" {
			t.Errorf("%s was given slot %d, which %s has", who, i, o)
		}
		owned[i] = who
		return i
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); take("a"); take("a") }()
	go func() {
		defer wg.Done()
		i := take("b")
		take("b")
		mu.Lock()
		delete(owned, i)
		mu.Unlock()
		f.Free(i)
	}()
	wg.Wait()
}
