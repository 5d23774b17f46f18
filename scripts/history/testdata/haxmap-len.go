package history

import (
	"sync"
	"testing"

	"github.com/alphadose/haxmap"
)

// A key that two goroutines delete at once was there once.
func TestDeletedTwice(t *testing.T) {
	m := haxmap.New[int, int]()
	m.Set(1, 1)
	m.Set(2, 2)
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() { defer wg.Done(); m.Del(1) }()
	}
	wg.Wait()
	if m.Len() != 1 {
		t.Fatalf("%d items", m.Len())
	}
}
