// Controlled bubbles. A bubble of testing/synctest in which one goroutine runs at a time, and a driver outside of the runtime
// decides which: it holds the bubble open (racewindow_open.go), the bubble's goroutines stop at points (racewindow_point.go), and
// what the scheduler does with them is turned aside to here (racewindow_hook.go). What remains at the end is freed without having
// run (racewindow_drop.go).
//
// One goroutine has the token and runs; the root, which is the driver's goroutine, has it when none of them does. Everything in a
// racewindowBubble is touched by who has the token, but for the states of threads that wait for the outside (mu).

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

// What a thread came to. The packages whose operations are points have the same numbers, and the driver their names.
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

// racewindowClock is the number of no goroutine, which the driver gives to the clock. The first goroutine is number 0.
const racewindowClock = 1

// A racewindowThread is what the driver sees of a goroutine, and the driver declares the same type.
type racewindowThread struct {
	pc      uintptr // of the user's function that came to the operation
	addr    uintptr // what the operation is about
	entry   uintptr // the goroutine's function
	started uintptr // the go statement's caller in the user's code
	at      uintptr // of the user's function in which it is blocked; only when asked for
	parent  int32   // who started it, or set the timer that did; -1 for the first one
	cases   int32   // how many cases of a select are ready; of the clock, 0 if no timer was ever set
	op      uint8
	state   uint8
	reason  uint8 // waitReason
	late    bool  // started when the main goroutine had ended; of the clock, at read it until time had passed though others could go on
}

// A racewindowState is what the driver sees of a bubble, and the driver declares the same type. It looks without asking: at each point it
// does.
type racewindowState struct {
	threads [racewindowMost]racewindowThread
	n       int32  // threads so far
	changes uint32 // grows when another thread can go on than could before, or one cannot any more
	timed   bool   // a timer was set
}

// A racewindowOutcome is how a bubble ended.
type racewindowOutcome struct {
	arg     any // of the panic that ended it
	message string
	pcs     [64]uintptr // the stack of who panicked
	depth   int
	thread  int32
	dying   bool    // a panic or a fatal error ended it
	refused bool    // message says what cannot be controlled
	outside bool    // somebody outside of the bubble used an object of it
	random  bool    // random numbers were drawn, or the order of a map
	secret  uintptr // of the user's function that first read random numbers of the system's
	counts  uintptr // of the user's function that first counted what is allocated
	socket  bool    // one was made
}

// A racewindowBubble controls a bubble.
type racewindowBubble struct {
	racewindowState
	mu       mutex // threads' states, against those outside of the bubble who make them ready
	bubble   *synctestBubble
	root     *g
	decide   func(thread int32) int32
	gs       [racewindowMost]*g
	waits    [racewindowMost]unsafe.Pointer // the semaphore of a goroutine that waits for I/O
	last     int32                          // that stopped
	want     int32                          // that is to go on; -1 the root
	chosen   int32                          // case of the select that is executed now
	alone    int32                          // passes its points without asking; -1 for nobody
	io       int32                          // goroutines have waited for I/O so often
	readings int64                          // of the clock since a thread stopped elsewhere
	lastPC   uintptr
	timers   []*timer // of the bubble's clock
	firing   racewindowMaker
	inner    []*synctestBubble // that testing/synctest has made in this execution
	drawn    racewindowRandom  // for the code under test
	ties     racewindowRandom  // orders timers that are due at the same moment
	others   racewindowRandom  // for what must not shift drawn: sync.Pool, the names of temporary files
	parked   bool
	off      bool // the driver's code runs on a thread's stack
	over     bool // nobody goes on any more
	ended    bool // the main goroutine has
	outcome  racewindowOutcome
	kept     *racewindowBubble // another one that is not in use
	contexts racewindowContexts
}

// racewindowKept are used again, for they are large.
var racewindowKept *racewindowBubble

// racewindowBeginStack is how many bytes of stack goroutines begin with.
const racewindowBeginStack = 16 << 10

// racewindowEpoch is where clocks begin, in nanoseconds: Wednesday, 2025-05-14 11:37:42.123456789 UTC. It lies at no edge of a second, an
// hour, a day or a year, on the same day almost everywhere: at midnight of a New Year jobs were due, and yesterday was in another century.
const racewindowEpoch = 1747222662123456789

//go:nosplit
func racewindowOf(gp *g) *racewindowBubble {
	if b := gp.bubble; b != nil {
		return b.racewindow
	}
	return nil
}

// racewindowReader is the bubble of a goroutine that reads the stacks of all, nil if it is none of a controlled bubble.
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

// racewindowDriver is set by what drives the bubbles of a program. It is data of another package, so that it is there before any
// code has run.
//
//go:linkname racewindowDriver
var racewindowDriver string

// racewindowStart is called before any code of the program has run. It refuses to run a program that nobody drives: its goroutines would be as fast as a scheduler with hooks is, and
// the wrong thing to measure or to ship.
func racewindowStart() {
	// A channel of a timer of Go before 1.23 is filled although nobody looks at it, so that a ticker of a nanosecond never lets a second pass.
	godebugDefault += ",asynctimerchan=0"
	// Decisions are made on the stacks of goroutines that have just begun: one that has to grow is copied, again and again, in each execution.
	// The runtime would go by how large stacks are when the collector runs.
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
