package history

import (
	"sync"
	"testing"

	"github.com/puzpuzpuz/xsync"
)

// LoadOrStore gives the value that is there, or stores its own, also while another goroutine stores and deletes the key.
func TestLoadOrStoreBesideDelete(t *testing.T) {
	m := xsync.NewMap()
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		m.Store("a", 1)
		m.Delete("a")
	}()
	go func() {
		defer wg.Done()
		if v, loaded := m.LoadOrStore("a", 2); loaded && v != 1 {
			t.Errorf("got %v", v)
		}
	}()
	wg.Wait()
}
