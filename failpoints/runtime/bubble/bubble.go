// Package bubble is a driver's interface to the runtime with hooks. In a bubble one goroutine runs at a time, and the driver says which.
//
// A driver opens a bubble and becomes its root by that. It lets one thread after another go on, and closes the bubble:
//
//	state := bubble.Open(main, decide, seed)
//	for next := 0; next >= 0; next = choose(state.Threads[:state.Count]) {
//		bubble.Resume(next)
//	}
//	bubble.Close(&outcome)
package bubble

import "unsafe"

// In the copy of this package below GOROOT/src, the functions are the runtime's own (linked.go there). A module that drives bubbles
// itself has another copy of it; there the functions are those that the first copy offers (Use).

// Most is the largest number of goroutines that a bubble may have.
const Most = 8192

// States of a thread.
const (
	Unused = iota
	Running
	Ready
	Blocked
	Ended
)

// Operations that a driver must know: a thread has not begun, is blocked, or has ended.
const (
	OpStart = iota
	OpBlocked
	OpEnd

	// OpCase is a select with several ready cases.
	OpCase = 9
)

// A Thread is a goroutine of a bubble. The runtime writes it. Like Outcome and Functions it is an alias of an unnamed type, so that it
// is the same type in each copy of this package.
type Thread = struct {
	PC      uintptr // of the user's function that reached the operation
	Addr    uintptr // the object of the operation; 0 if unknown
	Entry   uintptr // the goroutine's function
	Started uintptr // of the user's function that started it
	At      uintptr // of the user's function in which it is blocked; after Locate
	Parent  int32   // the thread that started it, or that set the timer that started it; -1 for the first thread
	Cases   int32   // how many cases of a select are ready; for the Clock, 0 if no timer was ever set
	Op      uint8
	State   uint8
	Reason  uint8 // why it waits, as the runtime's number for that
	Late    bool  // started after the first thread had ended; for the Clock: At polled it until time passed, though others could go on
	Lost    bool  // nobody who may still go on can wake it; after Reach
	Before  bool  // it was started before the bubble was opened, or by such a thread
}

// A State is what the driver sees of a bubble. The runtime writes it.
type State = struct {
	Threads [Most]Thread
	Count   int32  // threads so far
	Changes uint32 // grows whenever the set of threads that can go on changes
	Timed   bool   // a timer was set
	Hurries bool   // time passes for a loop that reads the clock; the driver sets it
}

// An Outcome is how a bubble ended.
type Outcome = struct {
	Arg     any // of the panic that ended it
	Message string
	PCs     [64]uintptr // the stack of the goroutine that panicked
	Depth   int
	Thread  int32
	Dying   bool    // a panic or a fatal error, with Message, ended it
	Refused bool    // Message says what cannot be controlled
	Outside bool    // a goroutine outside the bubble used an object of it
	Random  bool    // a random number or the order of a map was drawn
	Secret  uintptr // of the user's function that first read the system's random numbers
	Counts  uintptr // of the user's function that first read allocation counts
	Socket  bool    // a socket was made
	Child   uintptr // of the user's function that first started a process
	Beside  int64   // how long a process that the execution started ran, in nanoseconds of the bubble's clock
}

// Clock is a thread number that the driver uses for the clock. No goroutine has it: the thread with that number has always ended.
const Clock = 1

// What a timer does, numbered like the operations.
const (
	OpSleep = 80 + iota
	OpTimer
	OpTicker
	OpAfterFunc
	OpDeadline // of a connection or a pipe
)

// A Timer is a timer that will fire.
type Timer = struct {
	PC     uintptr // of the user's function that set it
	When   int64   // what the clock shows then
	Length int64   // nanoseconds from when it was set, or last fired
	Thread int32   // that set it
	Op     uint8
}

// Functions are what the runtime offers. Two versions of racewindow with different functions do not understand each other; then the
// types differ, so Use notices it.
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
	Awaited   func(t *Timer, before int64) bool
	Settle    func()
	Wraps     func(entry uintptr) (function, file string)
	Record    func(before func(c *Call), after func(c *Call, data []byte))
	Reach     func() bool
	Held      func(thread int32) uint64
}

// A Call is a system call that changes files, or may change them.
type Call = struct {
	Kind          uint8
	Name          string // of the system call
	FD, To        int    // the file; or the folders that Path and NewPath are relative to
	Path, NewPath string
	Flags, At     int64 // At is -1 for the file's current position
	Bytes         int64
	Result, Errno uintptr
	Instead       bool  // the call is not made; its outcome is Result and Errno
	Most          int64 // how many bytes a write may write, -1 for all
	Kept          any   // what before has left for after
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
	CallWait
)

var linked *Functions

// Record reports every call of the process that may change files: to before, before it is made, and to after, after it. after gets the
// data that a write has written or a read has read; it may change the data, and must not keep it. Reads are reported too, though they
// change nothing, because they can be made to fail. Two nils end the recording. Record returns false if no runtime was offered.
func Record(before func(c *Call), after func(c *Call, data []byte)) bool {
	if linked == nil {
		return false
	}
	linked.Record(before, after)
	return true
}

// Offered returns the functions of this program's runtime, nil in a copy of this package that was offered none.
func Offered() *Functions { return linked }

// Use takes the functions that another copy of this package offers. It says whether they are of the same version.
func Use(offered any) (understood bool) {
	functions, understood := offered.(*Functions)
	if understood {
		linked = functions
	}
	return understood && linked != nil
}

// Open makes the caller the root of a bubble in which main will be the first thread, number 0. If decide is not nil, it is called on
// the stack of a thread that has stopped at a point. It returns the thread that goes on, or -1 to leave the choice to the root: Resume
// then returns. The state is valid until Close.
func Open(main func(), decide func(thread int32) int32, seed uint64) *State {
	return linked.Open(main, decide, seed)
}

// Resume lets a Ready thread go on. It returns the thread that has given the token back.
func Resume(thread int) (stopped int) { return int(linked.Resume(int32(thread))) }

// Choose says which ready case is taken by the select that a thread has reached.
func Choose(nth int) { linked.Choose(int32(nth)) }

// Next returns when the next timer fires, 0 for never, and what the clock shows, both in nanoseconds. A thread may call it too.
func Next() (when, now int64) { return linked.Next() }

// Advance moves the clock forward and fires the timers that are due.
func Advance(to int64) { linked.Advance(to) }

// NextTimer returns the timer that fires next, of those that are not due yet. Advance to its When fires it and the others that are due
// by then. A thread may call it too.
func NextTimer() (t Timer, any bool) {
	any = linked.NextTimer(&soonest)
	return soonest, any
}

// Awaited returns the last of the timers before a moment for which a thread waits and for nothing else, such as its sleep.
func Awaited(before int64) (t Timer, any bool) {
	any = linked.Awaited(&soonest, before)
	return soonest, any
}

// soonest is used only by whoever has the token. A local variable would be allocated at each call.
var soonest Timer

// Settle looks for bubbles of testing/synctest that have come to rest. In each it readies a thread that waits for that, fires the next
// timer, or readies the thread that runs the bubble. Call it before choosing which thread goes on.
func Settle() { linked.Settle() }

// Wraps returns the function that the compiler's wrapper for a go statement calls, and its file; "" if unknown.
func Wraps(entry uintptr) (function, file string) { return linked.Wraps(entry) }

// Poll readies the threads whose files are ready, and says whether any thread has ever waited for a file.
func Poll() (io bool) { return linked.Poll() }

// Pause lets goroutines outside the bubble run, for that much real time.
func Pause(microseconds int) { linked.Pause(uint32(microseconds)) }

// Over says that no thread goes on any more: one has panicked, or something cannot be controlled.
func Over() bool { return linked.Over() }

// Locate sets At of threads that are blocked.
func Locate() { linked.Locate() }

// Reach sets Lost of threads that are blocked on channels, locks and the like which nobody reaches who may still go on. The garbage
// collector finds that out. It returns false if this version of Go cannot. Only the root may call it.
func Reach() bool { return linked.Reach() }

// Stack fills pcs with the program counters of a thread's stack, as runtime.Callers does, and returns how many there are. The thread
// must not be running.
func Stack(thread int, pcs []uintptr) (n int) { return int(linked.Stack(int32(thread), pcs)) }

// Held returns a hash of what the user's functions hold on a thread's stack. It is the same if the thread has made no progress since it
// came to the same place before. The thread must not be running.
func Held(thread int) uint64 { return linked.Held(int32(thread)) }

// Frame returns the innermost function of the user at a thread's PC, and its place; operations of the standard library may be inlined
// in it. It works after a bubble has been opened.
func Frame(pc uintptr) (function, file string, line int) { return linked.Frame(pc) }

// Reason says why a thread waits, in the runtime's words.
func Reason(number uint8) string { return linked.Reason(number) }

// Close ends the bubble. Threads that have not ended never go on.
func Close(o *Outcome) { linked.Close(o) }

// Stop is a point of the driver's own: the calling thread stops in the user's function that called it. addr is the operation's object.
func Stop(op uint8, addr uintptr) { linked.Stop(op, addr) }

// Ask makes the calling thread give the token to the root. The root does something for the thread and then resumes it.
func Ask() { linked.Ask() }

// Where the caller is.
const (
	Outside = iota
	AtRoot
	InThread
)

// Where says whether the caller is a thread of a bubble, or its root.
func Where() int { return int(linked.Where()) }

// StepOut takes the root out of its bubble, until StepIn. Meanwhile it may open another one.
func StepOut() unsafe.Pointer { return linked.StepOut() }

// StepIn takes the root back into the bubble that StepOut returned.
func StepIn(bubble unsafe.Pointer) { linked.StepIn(bubble) }
