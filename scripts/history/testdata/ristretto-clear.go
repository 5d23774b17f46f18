package history

import (
	"testing"
	"time"

	"github.com/dgraph-io/ristretto"
)

// A cache may be cleared while another goroutine waits for its Set.
func TestClearBesideSet(t *testing.T) {
	c, err := ristretto.NewCache(&ristretto.Config{NumCounters: 10, MaxCost: 10, BufferItems: 2})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		c.Set("a", 1, 1)
		c.Wait()
		close(done)
	}()
	c.Clear()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("Wait does not end")
	}
	c.Close()
}
