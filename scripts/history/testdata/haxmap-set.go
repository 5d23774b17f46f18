package history

import (
	"sync"
	"testing"

	"github.com/alphadose/haxmap"
)

// A Set beside a Del of another key ends, and its value is there.
func TestSetBesideDel(t *testing.T) {
	m := haxmap.New[int, int]()
	m.Set(1, 1)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); m.Del(1) }()
	go func() { defer wg.Done(); m.Set(2, 2) }()
	wg.Wait()
	if v, ok := m.Get(2); !ok || v != 2 {
		t.Errorf("got %d, %v", v, ok)
	}
}
