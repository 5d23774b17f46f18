package planted

import (
	"sync"
	"testing"
	"time"
)

func TestConnections(t *testing.T) {
	p := &Connections{free: []connection{1}}
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if c, ok := p.Get(5 * time.Millisecond); ok {
				time.Sleep(3 * time.Millisecond) // a query
				p.Put(c)
			}
		}()
	}
	wg.Wait()
	if len(p.free) != 1 {
		t.Fatalf("%d connections are free, want 1", len(p.free))
	}
}
