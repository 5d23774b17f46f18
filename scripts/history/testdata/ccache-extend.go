package history

import (
	"sync"
	"testing"
	"time"

	"github.com/karlseguin/ccache/v2"
)

// An item may be extended while others get it.
func TestExtendBesideGet(t *testing.T) {
	c := ccache.New(ccache.Configure())
	c.Set("a", 1, time.Minute)
	item := c.Get("a")
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); item.Extend(time.Hour) }()
	go func() { defer wg.Done(); c.Get("a") }()
	wg.Wait()
	c.Stop()
}
