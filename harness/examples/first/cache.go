// Package first is the cache of the README: five minutes from go get to the first finding. It has a bug.
package first

import "sync"

// A Cache keeps the two keys that were put last. Many goroutines may use it at once.
type Cache struct {
	mu     sync.Mutex
	keys   []string // the oldest first
	values map[string]int
}

// most is how many keys a cache keeps.
const most = 2

// New returns an empty cache.
func New() *Cache { return &Cache{values: map[string]int{}} }

// Put keeps a value. If there is no room, it evicts the oldest key.
func (c *Cache) Put(key string, value int) {
	for c.full(key) {
		c.evict() // another client may have made room since full was called
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, is := c.values[key]; !is {
		c.keys = append(c.keys, key)
	}
	c.values[key] = value
}

// Get returns the value of a key, and whether it has one.
func (c *Cache) Get(key string) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, is := c.values[key]
	return value, is
}

func (c *Cache) full(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, is := c.values[key]
	return !is && len(c.keys) >= most
}

func (c *Cache) evict() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) == 0 {
		return
	}
	delete(c.values, c.keys[0])
	c.keys = c.keys[1:]
}
