package history

import (
	"context"
	"testing"

	"github.com/jellydator/ttlcache/v3"
	"github.com/racewindow/racewindow/harness"
)

type Cache struct{ c *ttlcache.Cache[string, int] }

func (c Cache) GetOrSet(k string, v int) (int, bool) {
	i, ok := c.c.GetOrSet(k, v)
	return i.Value(), ok
}
func (c Cache) Delete(k string) { c.c.Delete(k) }

// GetOrSet takes effect at one moment: of two, one sets and the other gets.
func TestCache(t *testing.T) {
	harness.Check(t, harness.Subject[Cache]{
		Open: func(context.Context, harness.Env) (Cache, error) { return Cache{ttlcache.New[string, int]()}, nil },
		Ops:  harness.Ops{"getorset": Cache.GetOrSet, "delete": Cache.Delete},
	})
}
