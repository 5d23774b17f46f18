package history

import (
	"testing"
	"time"

	"github.com/karlseguin/ccache/v3"
)

// After a Clear beside a Set, the size is that of what is in the cache.
func TestSizeAfterClear(t *testing.T) {
	c := ccache.New(ccache.Configure[int]())
	done := make(chan bool)
	go func() { c.Set("a", 1, time.Minute); close(done) }()
	c.Clear()
	<-done
	c.SyncUpdates()
	if size, items := c.GetSize(), c.ItemCount(); size != int64(items) {
		t.Errorf("size %d, and %d items", size, items)
	}
	c.Stop()
}
