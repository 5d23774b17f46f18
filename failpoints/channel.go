package failpoints

import "unsafe"

// closedOffset is where a channel keeps that it is closed: 0 if that could not be found out.
var closedOffset = findClosed()

// findClosed compares a channel before and after it is closed, so that it depends on no layout but one: that this is a
// number of 32 bits in the first 64 bytes, 0 before and 1 after.
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

// channelPointer is where the channel in ch lives: what an interface that holds a channel points to.
func channelPointer(ch any) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&ch))[1]
}

// receivable says whether a receive from the channel in ch would not wait for another goroutine, without doing it: it
// holds a value, or is closed. A sender that is blocked in an unbuffered channel is not seen: a goroutine under control
// does not block where its controller cannot see it. The race detector sees nothing of this.
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
