// The functions of the runtime, by name. Whoever links this file is the driver that the runtime asks for.

package bubble

import "unsafe"

//go:linkname racewindowDriver runtime.racewindowDriver
var racewindowDriver = "internal/racewindow/bubble"

func init() {
	linked = &Functions{
		Open:      open,
		Resume:    resume,
		Choose:    choose,
		Next:      next,
		Advance:   advance,
		Poll:      poll,
		Pause:     pause,
		Over:      over,
		Locate:    locate,
		Stack:     stack,
		Frame:     frame,
		Reason:    reason,
		Close:     end,
		Stop:      stop,
		Ask:       ask,
		Where:     where,
		StepOut:   leave,
		StepIn:    enter,
		NextTimer: nextTimer,
		Awaited:   awaited,
		Settle:    settle,
		Wraps:     wraps,
		Record:    record,
		Reach:     reach,
		Held:      held,
	}
}

//go:linkname open runtime.racewindowOpen
func open(main func(), decide func(thread int32) int32, seed uint64) *State

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

//go:linkname reach runtime.racewindowReach
func reach() bool

//go:linkname held runtime.racewindowHeld
func held(thread int32) uint64

//go:linkname stack runtime.racewindowStack
func stack(thread int32, pcs []uintptr) int32

//go:linkname frame runtime.racewindowFrame
func frame(pc uintptr) (function, file string, line int)

//go:linkname reason runtime.racewindowReason
func reason(number uint8) string

//go:linkname end runtime.racewindowClose
func end(o *Outcome)

//go:linkname stop runtime.racewindowStop
func stop(op uint8, addr uintptr)

//go:linkname ask runtime.racewindowAsk
func ask()

//go:linkname where runtime.racewindowWhere
func where() int8

//go:linkname stepOut runtime.racewindowStepOut
func stepOut() unsafe.Pointer

//go:linkname stepIn runtime.racewindowStepIn
func stepIn(bubble unsafe.Pointer)

//go:linkname takePools sync.racewindowTakePools
func takePools() unsafe.Pointer

//go:linkname givePools sync.racewindowGivePools
func givePools(pools unsafe.Pointer)

// An absence is a bubble whose root has left it. What the root does meanwhile must not find what threads of the bubble have put into a
// sync.Pool: it may stand for another process. Nor must they find what it puts there: it is not done in each execution, because what came of it
// may be known.
type absence struct{ bubble, pools unsafe.Pointer }

func leave() unsafe.Pointer { return unsafe.Pointer(&absence{stepOut(), takePools()}) }

func enter(held unsafe.Pointer) {
	a := (*absence)(held)
	givePools(a.pools)
	stepIn(a.bubble)
}

//go:linkname awaited runtime.racewindowAwaited
func awaited(t *Timer, before int64) bool

//go:linkname nextTimer runtime.racewindowNextTimer
func nextTimer(t *Timer) bool

//go:linkname settle runtime.racewindowSettle
func settle()

//go:linkname wraps runtime.racewindowWraps
func wraps(entry uintptr) (function, file string)

//go:linkname record syscall.racewindowRecord
func record(before func(*Call), after func(*Call, []byte))
