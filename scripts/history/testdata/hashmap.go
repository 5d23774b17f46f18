package history

import (
	"testing"

	"github.com/cornelk/hashmap"
)

// Iter comes to a key that was set before it began, also while another is being set.
func TestIterBesideSet(t *testing.T) {
	m := &hashmap.HashMap{}
	m.Set(0, 0)
	done := make(chan bool)
	go func() { m.Set(1, 1); close(done) }()
	seen := false
	for kv := range m.Iter() {
		seen = seen || kv.Key == 0
	}
	if !seen {
		t.Error("key 0 is not there")
	}
	<-done
}
