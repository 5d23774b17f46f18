package planted

import "sync"

// An Inventory counts goods in places.
type Inventory struct {
	mu    sync.RWMutex
	stock map[string]int
}

func (i *Inventory) Put(place string, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stock == nil {
		i.stock = map[string]int{}
	}
	i.stock[place] += n
}

func (i *Inventory) Count(place string) int {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.stock[place]
}

func (i *Inventory) Total() (sum int) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	for _, n := range i.stock {
		sum += n
	}
	return sum
}
