package history

import (
	"sync"
	"testing"

	"github.com/dgraph-io/ristretto"
)

// A cache may be closed while others read from it.
func TestCloseBesideGet(t *testing.T) {
	c, err := ristretto.NewCache(&ristretto.Config[string, int]{NumCounters: 10, MaxCost: 10, BufferItems: 2})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); c.Get("a") }()
	go func() { defer wg.Done(); c.Close() }()
	wg.Wait()
}
