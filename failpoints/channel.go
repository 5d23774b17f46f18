package failpoints

import "unsafe"

// closedOffset is the offset, inside a channel, of the word that says whether it is closed; 0 if findClosed found none.
var closedOffset = findClosed()

// findClosed finds that word by comparing a channel before and after close. It relies on one fact about the layout only: the
// word is one of 32 bits in the first 64 bytes, 0 before the close and 1 after it.
func findClosed() uintptr {
	const words = 16
	ch := make(chan struct{}, 1)
	look := func() (all [words]uint32) { return *(*[words]uint32)(channelPointer(ch)) }
	before := look()
	close(ch)
	after := look()
	for i := range before {
		if before[i] == 0 && after[i] == 1 {
			return 4 * uintptr(i)
		}
	}
	return 0
}

// channelPointer returns the address of the channel that the interface ch holds.
func channelPointer(ch any) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&ch))[1]
}

// receivable says whether a receive from the channel ch would succeed now: the channel holds a value or is closed. It
// receives nothing. It does not see a sender that is blocked on an unbuffered channel, and need not: a controlled goroutine
// never blocks where its controller cannot see it. The race detector sees none of these reads.
//
//go:norace
func receivable(ch any) bool {
	p := channelPointer(ch)
	if p == nil {
		return false
	}
	held := *(*uint)(p) // what len returns
	return held > 0 || *(*uint32)(unsafe.Add(p, closedOffset)) != 0
}
