// Controlled bubbles: bubbles of testing/synctest in which one goroutine runs at a time. A driver outside of the runtime chooses which.
// It opens the bubble (racewindow_open.go). The bubble's goroutines stop at points (racewindow_point.go). The scheduler asks here before
// it does anything with them (racewindow_hook.go). Goroutines that remain at the end are freed without running (racewindow_drop.go).
//
// The goroutine that runs has the token. If no goroutine of the bubble has it, the root has it: the driver's own goroutine. Only the
// holder of the token touches a racewindowBubble, except for the states of threads that wait for something outside (mu).

package runtime

import "unsafe"

// States of a thread.
const (
	racewindowUnused = iota
	racewindowRunning
	racewindowReady
	racewindowBlocked
	racewindowEnded
)

// The operation that a thread reached. The packages whose operations are points use the same numbers; the driver has their names.
const (
	racewindowOpStart = iota
	racewindowOpBlocked
	racewindowOpEnd
	racewindowOpGo
	racewindowOpGosched
	racewindowOpSend
	racewindowOpReceive
	racewindowOpClose
	racewindowOpSelect
	racewindowOpCase
)

// racewindowMost is how many goroutines a bubble may have, ended ones included.
const racewindowMost = 8192

// racewindowClock is the number of the clock. No goroutine has it; the first goroutine is number 0.
const racewindowClock = 1

// A racewindowThread is what the driver sees of a goroutine, and the driver declares the same type.
type racewindowThread struct {
	pc      uintptr // of the user's function that reached the operation
	addr    uintptr // the object of the operation
	entry   uintptr // the goroutine's function
	started uintptr // of the user's function that started it
	at      uintptr // of the user's function in which it is blocked; set on request only
	parent  int32   // the thread that started it, or that set the timer that did; -1 for the first one
	cases   int32   // how many cases of a select are ready; for the clock, 0 if no timer was ever set
	op      uint8
	state   uint8
	reason  uint8 // waitReason
	late    bool  // started after the main goroutine had ended; for the clock: at polled it until time passed, though others could go on
	lost    bool  // nobody who may still go on can wake it; set on request only
	before  bool  // it was started before the bubble was opened, or by such a thread
}

// A racewindowState is what the driver sees of a bubble, and the driver declares the same type. The driver reads it at each point,
// without a call.
type racewindowState struct {
	threads [racewindowMost]racewindowThread
	n       int32  // threads so far
	changes uint32 // grows whenever the set of threads that can go on changes
	timed   bool   // a timer was set
	hurries bool   // threads have taken turns for long, so time passes for a loop that reads the clock; the driver sets it
}

// A racewindowOutcome says how a bubble ended.
type racewindowOutcome struct {
	arg     any // of the panic that ended it
	message string
	pcs     [64]uintptr // the stack of the goroutine that panicked
	depth   int
	thread  int32
	dying   bool    // a panic or a fatal error ended it
	refused bool    // message says what cannot be controlled
	outside bool    // a goroutine outside of the bubble used an object of it
	random  bool    // a random number or the order of a map was drawn
	secret  uintptr // of the user's function that first read the system's random numbers
	counts  uintptr // of the user's function that first read allocation counts
	socket  bool    // a socket was made
	child   uintptr // of the user's function that first started a process
	beside  int64   // how long a process that the execution started ran, in nanoseconds of the bubble's clock
}

// A racewindowBubble controls a bubble.
type racewindowBubble struct {
	racewindowState
	mu        mutex // guards the states of threads against goroutines outside of the bubble that make them ready
	bubble    *synctestBubble
	root      *g
	decide    func(thread int32) int32
	gs        [racewindowMost]*g
	waits     [racewindowMost]unsafe.Pointer // the semaphore of a goroutine that waits for I/O
	last      int32                          // the thread that stopped last
	want      int32                          // the thread that goes on next; -1 for the root
	chosen    int32                          // the case that the select being executed takes
	alone     int32                          // the thread that passes its points without asking the driver; -1 for none
	io        int32                          // how often goroutines have waited for I/O
	readings  racewindowReadings
	again     racewindowSelected
	timers    []*timer // of the bubble's clock
	firing    racewindowMaker
	deadlines []racewindowDeadline
	children  int32             // processes that were started and have not been waited for
	since     int64             // when the first of them was started
	inner     []*synctestBubble // bubbles that testing/synctest made in this execution
	drawn     racewindowRandom  // for the code under test
	ties      racewindowRandom  // orders timers that are due at the same moment
	others    racewindowRandom  // for draws that must not shift drawn: sync.Pool, the names of temporary files
	parked    bool
	off       bool // the driver's code runs on a thread's stack
	over      bool // no thread goes on any more
	hasBefore bool // there are threads or timers from before the bubble was opened
	ended     bool // the main goroutine has ended
	outcome   racewindowOutcome
	kept      *racewindowBubble // the next bubble that is not in use
	contexts  racewindowContexts
}

// A racewindowSelected is the last select of the standard library that had several ready cases.
type racewindowSelected struct {
	thread int32
	pc     uintptr
	times  int32 // in a row, after the first time
}

// racewindowKept is a list of bubbles to use again, because they are large.
var racewindowKept *racewindowBubble

// racewindowBeginStack is the size in bytes of a new goroutine's stack.
const racewindowBeginStack = 16 << 10

// racewindowEpoch is where clocks begin, in nanoseconds: Wednesday, 2025-05-14 11:37:42.123456789 UTC. That is far from the edge of a
// second, an hour, a day or a year, and the same day almost everywhere. When clocks began at midnight of a New Year, jobs were due at once,
// and yesterday was in another century.
const racewindowEpoch = 1747222662123456789

//go:nosplit
func racewindowOf(gp *g) *racewindowBubble {
	if b := gp.bubble; b != nil {
		return b.racewindow
	}
	return nil
}

// racewindowReader returns the bubble of a goroutine that reads the stacks of all goroutines; nil if it belongs to no controlled bubble.
func racewindowReader(gp *g) *racewindowBubble {
	if gp == nil {
		return nil
	}
	if c := racewindowOf(gp); c != nil && gp != c.root {
		return c
	}
	return nil
}

// refuse ends the bubble because of something that cannot be controlled.
func (c *racewindowBubble) refuse(why string) {
	if !c.over {
		c.over, c.outcome.refused, c.outcome.message = true, true, why
	}
}

// racewindowDriver is the name of the driver. Another package sets it as data, so that it is there before any code has run.
//
//go:linkname racewindowDriver
var racewindowDriver string

// racewindowStart is called before any code of the program has run. It refuses to run a program that has no driver: nobody should measure
// or ship a program with this runtime.
func racewindowStart() {
	// Before Go 1.23, a timer's channel is filled even if nobody reads it. A ticker of a nanosecond would then never let a second pass.
	godebugDefault += ",asynctimerchan=0"
	// The driver decides on the stacks of young goroutines. A small stack would grow, and so be copied, in each execution. By default the
	// runtime chooses the size from what the garbage collector measured.
	debug.adaptivestackstart, startingStackSize = 0, racewindowBeginStack
	if racewindowDriver == "" {
		printlock()
		print("racewindow: this program was built with racewindow's runtime and has no driver. Build it without the overlay; 'racewindow explore' runs what it built.\n")
		exit(2)
	}
	if racewindowDriver != racewindowUndriven {
		racewindowBegan = nanotime()
	}
}

// racewindowUndriven takes the place of a driver's name in Go's own tests.
const racewindowUndriven = "none"
