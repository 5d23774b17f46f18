package history

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golang/groupcache"
)

// Goroutines that want the same key at once load it once.
func TestLoadedOnce(t *testing.T) {
	var loads atomic.Int32
	load := func(_ groupcache.Context, key string, to groupcache.Sink) error {
		loads.Add(1)
		return to.SetString("of " + key)
	}
	group := groupcache.NewGroup(fmt.Sprintf("group %d", groups.Add(1)), 1<<20, groupcache.GetterFunc(load))
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var s string
			if err := group.Get(nil, "key", groupcache.StringSink(&s)); err != nil || s != "of key" {
				t.Error(s, err)
			}
		}()
	}
	wg.Wait()
	if s := group.CacheStats(groupcache.MainCache); loads.Load() != 1 || s.Items != 1 {
		t.Errorf("%d loads, %+v", loads.Load(), s)
	}
}

// groups numbers the groups of this process, whose names must differ.
var groups atomic.Int32
