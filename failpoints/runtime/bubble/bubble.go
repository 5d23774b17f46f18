// Package bubble is what a driver has of the runtime with hooks: bubbles in which one goroutine runs at a time, and it says which.
//
// A driver opens a bubble and so becomes its root, lets threads go on one after the other, and closes it:
//
//	state := bubble.Open(main, decide, seed)
//	for next := 0; next >= 0; next = choose(state.Threads[:state.Count]) {
//		bubble.Resume(next)
//	}
//	bubble.Close(&outcome)
package bubble

import "unsafe"

// The functions are the runtime's own in the copy of this package that lies beneath GOROOT/src (linked.go there). In another copy of it, of a
// module that drives bubbles itself, they are those that the first one offers (Use).

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

// A Thread is a goroutine of a bubble. The runtime writes it. Like Outcome and Functions it is a type without a name of its own, so that it is
// the same type in each copy of this package.
type Thread = struct {
	PC      uintptr // of the user's function that came to the operation
	Addr    uintptr // what the operation is about; 0 if that is unknown
	Entry   uintptr // the goroutine's function
	Started uintptr // of the user's function that started it
	At      uintptr // of the user's function in which it is blocked; after Locate
	Parent  int32   // the thread that started it, or set the timer that did; -1 for the first one
	Cases   int32   // how many cases of a select are ready; of the Clock, 0 if no timer was ever set
	Op      uint8
	State   uint8
	Reason  uint8 // why it waits, as the runtime numbers it
	Late    bool  // started when the first thread had ended; of the Clock, At read it until time had passed though others could go on
}

// A State is what the driver sees of a bubble. The runtime writes it.
type State = struct {
	Threads [Most]Thread
	Count   int32  // threads so far
	Changes uint32 // grows when another thread can go on than could before, or one cannot any more
	Timed   bool   // a timer was set
}

// An Outcome is how a bubble ended.
type Outcome = struct {
	Arg     any // of the panic that ended it
	Message string
	PCs     [64]uintptr // the stack of who panicked
	Depth   int
	Thread  int32
	Dying   bool    // a panic or a fatal error, with Message, ended it
	Refused bool    // Message says what cannot be controlled
	Outside bool    // somebody outside of the bubble used an object of it
	Random  bool    // random numbers were drawn, or the order of a map
	Secret  uintptr // of the user's function that first read random numbers of the system's
	Counts  uintptr // of the user's function that first counted what is allocated
	Socket  bool    // one was made
}

// Clock is the number of no thread, which the driver gives to the clock. The thread of that number has always ended.
const Clock = 1

// What a timer does, as operations are numbered.
const (
	OpSleep = 80 + iota
	OpTimer
	OpTicker
	OpAfterFunc
)

// A Timer is one that fires.
type Timer = struct {
	PC     uintptr // of the user's function that set it
	When   int64   // what the clock shows then
	Length int64   // nanoseconds from when it was set, or last fired
	Thread int32   // that set it
	Op     uint8
}

// Functions are what the runtime offers. Two racewindows with different ones do not understand each other, and the type says so.
type Functions = struct {
	Open      func(main func(), decide func(thread int32) int32, seed uint64) *State
	Resume    func(thread int32) int32
	Choose    func(nth int32)
	Next      func() (when, now int64)
	Advance   func(to int64)
	Poll      func() bool
	Pause     func(microseconds uint32)
	Over      func() bool
	Locate    func()
	Stack     func(thread int32, pcs []uintptr) int32
	Frame     func(pc uintptr) (function, file string, line int)
	Reason    func(number uint8) string
	Close     func(o *Outcome)
	Stop      func(op uint8, addr uintptr)
	Ask       func()
	Where     func() int8
	StepOut   func() unsafe.Pointer
	StepIn    func(bubble unsafe.Pointer)
	NextTimer func(t *Timer) bool
	Settle    func()
	Wraps     func(entry uintptr) (function, file string)
	Record    func(before func(c *Call), after func(c *Call, data []byte))
}

// A Call is one of the system's that changes files, or may.
type Call = struct {
	Kind          uint8
	Name          string // of the system call
	FD, To        int    // the file; or the folders that Path and NewPath are relative to
	Path, NewPath string
	Flags, At     int64 // At is -1 for where the file stands
	Bytes         int64
	Result, Errno uintptr
	Instead       bool  // the call is not made: it comes to Result and Errno
	Most          int64 // bytes that a write may write, -1 for all
}

// Kinds of calls.
const (
	CallOpen = 1 + iota
	CallWrite
	CallTruncate
	CallAllocate
	CallSync
	CallRename
	CallLink
	CallSymlink
	CallRemove
	CallMkdir
	CallCopy
	CallMap
	CallUnknown
	CallRead
)

var linked *Functions

// Record has all calls of the process told that may change files, before they are made and after them; after gets what a write has written or
// a read has read, which it may change, and must not keep it. Of calls that change nothing reads are told, because they may be made to fail. Two nils end that. It says false where the runtime was not offered.
func Record(before func(c *Call), after func(c *Call, data []byte)) bool {
	if linked == nil {
		return false
	}
	linked.Record(before, after)
	return true
}

// Offered are the functions of this program's runtime; nil in a copy of this package that was offered none.
func Offered() *Functions { return linked }

// Use takes functions that another copy of this package offers. It says whether they are of the same version.
func Use(offered any) (understood bool) {
	functions, understood := offered.(*Functions)
	if understood {
		linked = functions
	}
	return understood && linked != nil
}

// Open makes the caller the root of a bubble in which main will be the first thread, number 0. decide, if it is not nil, is called on
// the stack of a thread that has stopped at a point, and returns which thread goes on, or -1 if the root is to say that: Resume then
// returns. The state is valid until Close.
func Open(main func(), decide func(thread int32) int32, seed uint64) *State {
	return linked.Open(main, decide, seed)
}

// Resume lets a thread go on that is Ready, and returns the one that has given the token back.
func Resume(thread int) (stopped int) { return int(linked.Resume(int32(thread))) }

// Choose says which of the ready cases the select takes to which a thread has come.
func Choose(nth int) { linked.Choose(int32(nth)) }

// Next is when the next timer fires, 0 for never, and what the clock shows, both in nanoseconds. A thread may ask too.
func Next() (when, now int64) { return linked.Next() }

// Advance moves the clock forward, and lets the timers fire that are due.
func Advance(to int64) { linked.Advance(to) }

// NextTimer is the timer that fires next, of those that are not due yet. Advance to its When lets it fire, and those that are due by
// then. A thread may ask too.
func NextTimer() (t Timer, any bool) {
	any = linked.NextTimer(&soonest)
	return soonest, any
}

// soonest is used by who has the token. Memory of its own would be made for each call.
var soonest Timer

// Settle lets those go on whose bubbles of testing/synctest have come to rest. It is called before it is chosen who goes on.
func Settle() { linked.Settle() }

// Wraps is the function that the compiler's function for a go statement calls, and its file; "" if that is not known.
func Wraps(entry uintptr) (function, file string) { return linked.Wraps(entry) }

// Poll makes those threads ready whose files are, and says whether any thread has ever waited for a file.
func Poll() (io bool) { return linked.Poll() }

// Pause lets goroutines outside of the bubble run, after so much real time.
func Pause(microseconds int) { linked.Pause(uint32(microseconds)) }

// Over says that nobody can go on any more.
func Over() bool { return linked.Over() }

// Locate sets At of threads that are blocked.
func Locate() { linked.Locate() }

// Stack fills in the program counters at which a thread stands that does not run, as runtime.Callers does, and says how many there are.
func Stack(thread int, pcs []uintptr) (n int) { return int(linked.Stack(int32(thread), pcs)) }

// Frame is the innermost function at a thread's PC that is the user's, and where; it may have operations of the standard library
// inlined. It is known once a bubble was opened.
func Frame(pc uintptr) (function, file string, line int) { return linked.Frame(pc) }

// Reason is why a thread waits, in the runtime's words.
func Reason(number uint8) string { return linked.Reason(number) }

// Close ends the bubble. Threads that have not ended never go on.
func Close(o *Outcome) { linked.Close(o) }

// Stop is a point of the driver's own, at the user's function that called it: the calling thread stops there. addr is what it is about.
func Stop(op uint8, addr uintptr) { linked.Stop(op, addr) }

// Ask has the calling thread give the token to the root, which is to do something for it and to resume it then.
func Ask() { linked.Ask() }

// Where the caller is.
const (
	Outside = iota
	AtRoot
	InThread
)

// Where says whether the caller is a thread of a bubble, or its root.
func Where() int { return int(linked.Where()) }

// StepOut has the root leave its bubble for a while: it may open another one meanwhile. StepIn ends that.
func StepOut() unsafe.Pointer { return linked.StepOut() }

// StepIn has the root go on with the bubble that StepOut has returned.
func StepIn(bubble unsafe.Pointer) { linked.StepIn(bubble) }
