// Package cache is a cache in memory that evicts the key that was used longest ago.
package cache

import (
	"container/list"
	"context"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

const packagePath = "github.com/racewindow/racewindow/harness/examples/cache"

var lock = failpoints.WaitPoint(packagePath, "lock")

// One lock guards everything that is shared, so all points name the same resource.
var _ = failpoints.Declare(packagePath, []failpoints.Declaration{
	{Name: "lock", Kind: failpoints.KindWait, Resource: "entries", Access: failpoints.Writes, Reason: "callers take turns"},
	{Name: "put/set", Kind: failpoints.KindYield, Resource: "entries", Access: failpoints.Writes, Reason: "the new value is in, and there may be one too many"},
	{Name: "put/evicting", Kind: failpoints.KindYield, Resource: "entries", Access: failpoints.Writes, Reason: "chosen and not evicted: without the lock it may be put again"},
	{Name: "get/found", Kind: failpoints.KindYield, Resource: "entries", Access: failpoints.Writes, Reason: "found, and not yet the one used last"},
})

// A Cache keeps at most a number of values by key. Many goroutines may use it at once.
//
// It guarantees:
//   - Each method takes effect at one moment between its call and its return.
//   - After Put returned, Get gives that value until the key is put again, deleted, or evicted.
//   - Evicted is the key whose last Put, or last Get that found it, is longest ago, and only when Put adds a new key to a full cache.
type Cache struct {
	capacity int
	// evictsLate makes Put choose the victim under the lock, release the lock, and evict the victim under the lock again.
	// That is a bug: the victim may have been put again in between.
	evictsLate bool

	mu      sync.Mutex
	entries map[string]*list.Element
	recent  *list.List // of entry, the most recently used first
}

type entry struct {
	key   string
	value int
}

// New returns an empty cache for that many keys, at least 1.
func New(capacity int) *Cache {
	return &Cache{capacity: max(capacity, 1), entries: map[string]*list.Element{}, recent: list.New()}
}

func newBuggy(capacity int) *Cache {
	c := New(capacity)
	c.evictsLate = true
	return c
}

// Put sets the value of a key. If the key is new and the cache is full, another key is evicted.
func (c *Cache) Put(ctx context.Context, key string, value int) {
	if c.evictsLate {
		c.putAndEvictLater(ctx, key, value)
		return
	}
	failpoints.Lock(ctx, lock, &c.mu)
	defer c.mu.Unlock()
	c.set(key, value)
	failpoint.InjectCall("put/set", ctx)
	if victim, full := c.victim(); full {
		c.remove(victim)
	}
}

func (c *Cache) putAndEvictLater(ctx context.Context, key string, value int) {
	failpoints.Lock(ctx, lock, &c.mu)
	c.set(key, value)
	victim, full := c.victim()
	c.mu.Unlock()
	if full {
		failpoint.InjectCall("put/evicting", ctx)
		failpoints.Lock(ctx, lock, &c.mu)
		c.remove(victim)
		c.mu.Unlock()
	}
}

// Get returns the value of a key, and whether it has one.
func (c *Cache) Get(ctx context.Context, key string) (value int, found bool) {
	failpoints.Lock(ctx, lock, &c.mu)
	defer c.mu.Unlock()
	e, found := c.entries[key]
	if !found {
		return 0, false
	}
	failpoint.InjectCall("get/found", ctx)
	c.recent.MoveToFront(e)
	return e.Value.(*entry).value, true
}

// Delete forgets a key, and says whether it had a value.
func (c *Cache) Delete(ctx context.Context, key string) bool {
	failpoints.Lock(ctx, lock, &c.mu)
	defer c.mu.Unlock()
	return c.remove(key)
}

// set is called with the lock held.
func (c *Cache) set(key string, value int) {
	if e, found := c.entries[key]; found {
		e.Value.(*entry).value = value
		c.recent.MoveToFront(e)
		return
	}
	c.entries[key] = c.recent.PushFront(&entry{key, value})
}

// victim returns the key to evict, if there is one key too many. It is called with the lock held.
func (c *Cache) victim() (key string, full bool) {
	if len(c.entries) <= c.capacity {
		return "", false
	}
	return c.recent.Back().Value.(*entry).key, true
}

// remove is called with the lock held.
func (c *Cache) remove(key string) bool {
	e, found := c.entries[key]
	if found {
		delete(c.entries, key)
		c.recent.Remove(e)
	}
	return found
}
