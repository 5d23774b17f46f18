//go:build amd64 || arm64

package sched

import (
	"runtime"
	"unsafe"
)

// When a thread comes to the same place again, its stack tells whether it has made progress: a loop that counts its passes has its
// count in the frame of the function that loops. The scheduler's own frames change each time and do not count.

// word is the size of a word of the stack in bytes.
const word = unsafe.Sizeof(uintptr(0))

// locals returns a hash of what the calling functions under test hold on the calling goroutine's stack. Times count
// relative to now, so that a timer that is set again and again gives the same hash.
//
// Every word is addressed by its distance from the top of the stack, because the stack may move meanwhile.
//
//go:norace
//go:nocheckptr
//go:noinline
func locals(now int64) uint64 {
	at := stackTop() - framePointer()
	for {
		if at <= 2*word {
			return 0
		}
		returns := stackWord(at - word)
		if f := runtime.FuncForPC(returns - 1); f == nil || !isMachinery(f.Name()) {
			break
		}
		at = stackTop() - stackWord(at)
	}
	return hashStack(callersFrame(at), now)
}

// stackWord returns the word at a distance from the top of the calling goroutine's stack.
//
//go:norace
//go:nocheckptr
func stackWord(fromTop uintptr) uintptr {
	var here uintptr
	return *(*uintptr)(unsafe.Add(unsafe.Pointer(&here), stackTop()-fromTop-uintptr(unsafe.Pointer(&here))))
}

// hashStack hashes the stack from a place, given by its distance from the top, up to the top.
//
//go:norace
func hashStack(from uintptr, now int64) (h uint64) {
	for at := from; at >= word; at -= word {
		w := uint64(stackWord(at))
		if at >= 2*word {
			if later, ok := timeAt(w, uint64(stackWord(at-word)), now); ok {
				w = later
				at -= word
			}
		}
		h = mix(h*0x9e3779b97f4a7c15 + w + 1)
	}
	return h
}

const (
	nanoseconds = 1_000_000_000
	// epoch is the year 1970 in seconds since the year 1, as a time.Time counts.
	epoch = (1969*365 + 1969/4 - 1969/100 + 1969/400) * 86400
	// furthest is how many seconds from now a time may be and still count as a deadline.
	furthest = 366 * 86400
)

// timeAt takes two words for the first two of a time.Time: nanoseconds, and seconds since the year 1. If that time is near to now,
// it returns how far from now it is.
func timeAt(wall, ext uint64, now int64) (later uint64, ok bool) {
	seconds := int64(ext) - epoch - now/nanoseconds
	if wall >= nanoseconds || seconds < -furthest || seconds > furthest {
		return 0, false
	}
	return uint64(seconds*nanoseconds + int64(wall) - now%nanoseconds), true
}
