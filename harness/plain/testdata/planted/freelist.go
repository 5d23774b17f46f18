package planted

import "sync/atomic"

// A FreeList is a stack of slot numbers without a lock. 0 is its end; above the number in head is how often head has changed.
type FreeList struct {
	head atomic.Uint64
	next []atomic.Uint64
}

const slot = 1<<32 - 1

func NewFreeList(n int) *FreeList {
	f := &FreeList{next: make([]atomic.Uint64, n+1)}
	for i := n; i > 0; i-- {
		f.Free(uint64(i))
	}
	return f
}

func (f *FreeList) swap(head, to uint64) bool {
	return f.head.CompareAndSwap(head, to|(head&^slot)+1<<32)
}

func (f *FreeList) Free(i uint64) {
	for {
		h := f.head.Load()
		f.next[i].Store(h & slot)
		if f.swap(h, i) {
			return
		}
	}
}

// Alloc gives 0 when all slots are taken.
func (f *FreeList) Alloc() uint64 {
	for {
		h := f.head.Load()
		if h&slot == 0 || f.swap(h, f.next[h&slot].Load()) {
			return h & slot
		}
	}
}
