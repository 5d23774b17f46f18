package history

import (
	"sync"
	"testing"

	"github.com/puzpuzpuz/xsync/v3"
)

// Each key that was stored is there, also if the table grew meanwhile.
func TestAllKeysStay(t *testing.T) {
	m := xsync.NewMapOf[int, int]()
	var wg sync.WaitGroup
	for g := 0; g < 2; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 100; i++ {
				m.Store(g*100+i, i)
			}
		}()
	}
	wg.Wait()
	for k := 0; k < 200; k++ {
		if _, ok := m.Load(k); !ok {
			t.Fatalf("key %d is lost", k)
		}
	}
}
