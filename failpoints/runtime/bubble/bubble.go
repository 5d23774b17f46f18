// Package bubble is what a driver has of the runtime with hooks: bubbles in which one goroutine runs at a time, and it says which. Whoever links
// this package is the driver that the runtime asks for.
//
// A driver opens a bubble and so becomes its root, lets threads go on one after the other, and closes it:
//
//	threads := bubble.Open(main, decide, seed)
//	for next := 0; next >= 0; next = choose(threads[:bubble.Count()]) {
//		bubble.Resume(next)
//	}
//	bubble.Close(&outcome)
package bubble

import _ "unsafe" // for go:linkname

//go:linkname racewindowDriver runtime.racewindowDriver
var racewindowDriver = "internal/racewindow/bubble"

// Most is how many goroutines a bubble may have.
const Most = 8192

// States of a thread.
const (
	Unused = iota
	Running
	Ready
	Blocked
	Ended
)

// Operations that a driver must know: a thread has not begun, waits, or has ended.
const (
	OpStart = iota
	OpBlocked
	OpEnd

	// OpCase is a select of which several cases are ready.
	OpCase = 9
)

// A Thread is a goroutine of a bubble. The runtime writes it.
type Thread struct {
	PC      uintptr // of the user's function that came to the operation
	Addr    uintptr // what the operation is about; 0 if that is unknown
	Entry   uintptr // the goroutine's function
	Started uintptr // of the user's function that started it
	At      uintptr // of the user's function in which it is blocked; after Locate
	Parent  int32   // the thread that started it; -1 for the first one, and for a timer's
	Cases   int32   // how many cases of a select are ready
	Op      uint8
	State   uint8
	Reason  uint8 // why it waits, as the runtime numbers it
	Late    bool  // started when the first thread had ended
}

// An Outcome is how a bubble ended.
type Outcome struct {
	Arg     any // of the panic that ended it
	Message string
	PCs     [64]uintptr // the stack of who panicked
	Depth   int
	Thread  int32
	Dying   bool // a panic or a fatal error, with Message, ended it
	Refused bool // Message says what cannot be controlled
	Outside bool // somebody outside of the bubble used an object of it
}

// Open makes the caller the root of a bubble in which main will be the first thread, number 0. decide, if it is not nil, is called on
// the stack of a thread that has stopped at a point, and returns which thread goes on, or -1 if the root is to say that: Resume then
// returns. The threads are valid until Close.
func Open(main func(), decide func(thread int32) int32, seed uint64) *[Most]Thread {
	return open(main, decide, seed)
}

// Count is how many threads there have been.
func Count() int { return int(count()) }

// Resume lets a thread go on that is Ready, and returns the one that has given the token back.
func Resume(thread int) (stopped int) { return int(resume(int32(thread))) }

// Choose says which of the ready cases the select takes to which a thread has come.
func Choose(nth int) { choose(int32(nth)) }

// Next is when the next timer fires, 0 for never, and what the clock shows, both in nanoseconds. A thread may ask too.
func Next() (when, now int64) { return next() }

// Advance moves the clock forward, and lets the timers fire that are due.
func Advance(to int64) { advance(to) }

// Poll makes those threads ready whose files are, and says whether any thread has ever waited for a file.
func Poll() (io bool) { return poll() }

// Pause lets goroutines outside of the bubble run, after so much real time.
func Pause(microseconds int) { pause(uint32(microseconds)) }

// Over says that nobody can go on any more.
func Over() bool { return over() }

// Locate sets At of threads that are blocked.
func Locate() { locate() }

// Stack fills in the program counters at which a thread stands that does not run, as runtime.Callers does, and says how many there are.
func Stack(thread int, pcs []uintptr) (n int) { return int(stack(int32(thread), pcs)) }

// Frame is the innermost function at a thread's PC that is the user's, and where; it may have operations of the standard library
// inlined. It is known once a bubble was opened.
func Frame(pc uintptr) (function, file string, line int) { return frame(pc) }

// Reason is why a thread waits, in the runtime's words.
func Reason(number uint8) string { return reason(number) }

// Close ends the bubble. Threads that have not ended never go on.
func Close(o *Outcome) { end(o) }

//go:linkname open runtime.racewindowOpen
func open(main func(), decide func(thread int32) int32, seed uint64) *[Most]Thread

//go:linkname count runtime.racewindowCount
func count() int32

//go:linkname resume runtime.racewindowResume
func resume(thread int32) int32

//go:linkname choose runtime.racewindowChoose
func choose(nth int32)

//go:linkname next runtime.racewindowNext
func next() (when, now int64)

//go:linkname advance runtime.racewindowAdvance
func advance(to int64)

//go:linkname poll runtime.racewindowPoll
func poll() bool

//go:linkname pause runtime.racewindowPause
func pause(microseconds uint32)

//go:linkname over runtime.racewindowOver
func over() bool

//go:linkname locate runtime.racewindowBlockedAt
func locate()

//go:linkname stack runtime.racewindowStack
func stack(thread int32, pcs []uintptr) int32

//go:linkname frame runtime.racewindowFrame
func frame(pc uintptr) (function, file string, line int)

//go:linkname reason runtime.racewindowReason
func reason(number uint8) string

//go:linkname end runtime.racewindowClose
func end(o *Outcome)
