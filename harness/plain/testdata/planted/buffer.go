package planted

import "sync"

// A Buffer is bounded: who puts waits for room, and who takes for a value.
type Buffer[T any] struct {
	sync.Mutex
	changed *sync.Cond
	items   []T
	limit   int
}

func NewBuffer[T any](limit int) *Buffer[T] {
	b := &Buffer[T]{limit: limit}
	b.changed = sync.NewCond(b)
	return b
}

func (b *Buffer[T]) Put(v T) {
	b.Lock()
	defer b.Unlock()
	for len(b.items) == b.limit {
		b.changed.Wait()
	}
	b.items = append(b.items, v)
	b.changed.Broadcast()
}

func (b *Buffer[T]) Take() T {
	b.Lock()
	defer b.Unlock()
	for len(b.items) == 0 {
		b.changed.Wait()
	}
	v := b.items[0]
	b.items = b.items[1:]
	b.changed.Broadcast()
	return v
}
