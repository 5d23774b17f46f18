package history

import (
	"testing"
	"time"

	"github.com/allegro/bigcache"
)

// Get returns what was Set for the key, or nothing, also if the entry is just being evicted.
func TestGetBesideEviction(t *testing.T) {
	config := bigcache.DefaultConfig(time.Second)
	config.Shards, config.MaxEntriesInWindow, config.MaxEntrySize, config.Verbose = 1, 1, 64, false
	c, err := bigcache.NewBigCache(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Set("a", []byte("of a"))
	time.Sleep(3 * time.Second) // now the entry of a is too old, and goes with the next Set
	done := make(chan bool)
	go func() { c.Set("b", []byte("of b")); close(done) }()
	if v, err := c.Get("a"); err == nil && string(v) != "of a" {
		t.Errorf("a is %q", v)
	}
	<-done
	c.Close()
}
