package history

import (
	"sync"
	"testing"

	"github.com/alphadose/haxmap"
)

// Two goroutines may delete the same key.
func TestDelTwice(t *testing.T) {
	m := haxmap.New[int, int]()
	m.Set(1, 1)
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() { defer wg.Done(); m.Del(1) }()
	}
	wg.Wait()
	if _, ok := m.Get(1); ok {
		t.Error("a deleted key is there")
	}
}
