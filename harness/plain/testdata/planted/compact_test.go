package planted

import (
	"sync"
	"testing"
)

func TestCompact(t *testing.T) {
	s := NewStore()
	s.Put(1, "old")
	deleted := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(3)
	go func() { defer wg.Done(); s.Delete(1); close(deleted) }()
	go func() { defer wg.Done(); s.Compact() }()
	go func() { defer wg.Done(); <-deleted; s.Put(1, "new") }()
	wg.Wait()
	if !s.Has(1) {
		t.Fatal("what was put last is gone")
	}
}
