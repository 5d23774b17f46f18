// Points: operations of the runtime, sync, sync/atomic and os at which the driver may let another goroutine go on. An operation is a
// point only if the user's code calls it. What the standard library does inside differs between builds (without -race its atomics are
// instructions), and would make schedules many times as long. Two parts of it count as the user's code: context, because it passes
// cancellations on, and packages such as bufio and fmt that write the user's data to the user's file.

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// racewindowPoint is called by the operations of other packages before they do anything. It must not be inlined: the frame that it
// returns to is the operation.
//
//go:linkname racewindowPoint
//go:noinline
func racewindowPoint(op uint8, addr unsafe.Pointer) {
	gp := getg()
	if c := racewindowOf(gp); c != nil {
		c.point(gp, op, uintptr(addr), getfp(), racewindowOperation)
	}
}

// racewindowAtomic is racewindowPoint for sync/atomic.
//
//go:linkname racewindowAtomic
//go:noinline
func racewindowAtomic(op uint8, addr unsafe.Pointer) {
	gp := getg()
	if c := racewindowOf(gp); c != nil {
		c.point(gp, op, uintptr(addr), getfp(), racewindowInstruction)
	}
}

// racewindowFile is racewindowPoint for os.
//
//go:linkname racewindowFile
//go:noinline
func racewindowFile(op uint8, addr unsafe.Pointer) {
	gp := getg()
	if c := racewindowOf(gp); c != nil {
		c.point(gp, op, uintptr(addr), getfp(), racewindowInside)
	}
}

// racewindowChan is racewindowPoint for what the compiler calls.
//
//go:noinline
func racewindowChan(op uint8, addr unsafe.Pointer) {
	gp := getg()
	if c := racewindowOf(gp); c != nil {
		c.point(gp, op, uintptr(addr), getfp(), racewindowStatement)
	}
}

// racewindowNetwork is racewindowPoint for net, which prepares a connection before each operation. The operation touches the network between
// both ends.
//
//go:noinline
func racewindowNetwork(pd *pollDesc, mode int) {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root {
		return
	}
	const read, write = 64, 65 // as os numbers them
	op := uint8(read)
	if mode == 'w' {
		op = write
	}
	c.point(gp, op, uintptr(unsafe.Pointer(&racewindowConnections)), getfp(), racewindowConnection)
}

// racewindowConnected is racewindowPoint for what net does without the network: pipes in memory, and closing a listener or a connection.
//
//go:linkname racewindowConnected
//go:noinline
func racewindowConnected(op uint8) {
	gp := getg()
	if c := racewindowOf(gp); c != nil {
		c.point(gp, op, uintptr(unsafe.Pointer(&racewindowConnections)), getfp(), racewindowConnection)
	}
}

// racewindowSocket notes that a socket was made. The kernel, not the driver, decides when it delivers its data.
//
//go:linkname racewindowSocket
func racewindowSocket() {
	if c := racewindowOf(getg()); c != nil {
		c.outcome.socket = true
	}
}

// racewindowChild notes that a process was started, or that one was waited for. What the bubble's clock says means nothing to it.
//
//go:linkname racewindowChild
//go:noinline
func racewindowChild(started bool) {
	gp := getg()
	c := racewindowOf(gp)
	if c == nil || gp == c.root {
		return
	}
	if started {
		if c.children++; c.children == 1 {
			c.since = c.bubble.now
		}
		if c.outcome.child == 0 {
			c.outcome.child = racewindowStands(getfp())
		}
		return
	}
	if c.children == 0 {
		return // it was started before the execution
	}
	if c.children--; c.children == 0 {
		c.outcome.beside += c.bubble.now - c.since
	}
}

// racewindowConnections stands for all connections: an operation on one end is seen at another.
var racewindowConnections byte

// racewindowPool says whether a sync.Pool drops what is put into it. Only builds with -race ask: there a pool drops one object in four at
// random, so that it does not order goroutines that share nothing but the pool. In a bubble, the pool keeps what the user's code puts there,
// as without -race. It drops what the standard library puts there: fmt's pool would order all goroutines that print.
//
//go:linkname racewindowPool
//go:noinline
func racewindowPool() (drops bool) {
	gp := getg()
	if c := racewindowOf(gp); c == nil || gp == c.root {
		return randn(4) == 0
	}
	_, counts := racewindowCaller(getfp(), racewindowOperation)
	return !counts
}

// The frames that a walk up the stack skips before it reaches the caller that decides.
const (
	racewindowStatement   = iota // the runtime
	racewindowInstruction        // sync/atomic; context does not count as a caller
	racewindowOperation          // the one function that is the operation
	racewindowInside             // all of os, and the packages that pass data on to it (racewindowHanders)
	racewindowConnection         // net, and then as racewindowInside
	racewindowContext            // context: its caller decides
	racewindowAnything           // everything but the user's code, in inlined functions too
)

// point stops the goroutine if the user's code called the operation. The operation's return address lies above the frame fp.
func (c *racewindowBubble) point(gp *g, op uint8, addr, fp uintptr, passes uint8) {
	if !racewindowMayStop(gp) || gp == c.root || c.off {
		return
	}
	if c.over {
		racewindowLeave()
		return
	}
	pc, counts := racewindowCaller(fp, passes)
	if !counts {
		return
	}
	c.stop(gp, op, addr, pc, 0)
}

// racewindowMayStop says whether the goroutine itself runs, and not the runtime on its behalf.
func racewindowMayStop(gp *g) bool {
	mp := gp.m
	return mp.curg == gp && mp.locks == 0 && mp.mallocing == 0 && mp.preemptoff == ""
}

// stop lets the driver choose which thread goes on.
func (c *racewindowBubble) stop(gp *g, op uint8, addr, pc uintptr, cases int32) {
	if gp.racewindow == c.alone {
		return
	}
	t := &c.threads[gp.racewindow]
	t.op, t.addr, t.pc, t.cases = op, addr, pc, cases
	c.last, c.want = gp.racewindow, -1
	c.readings.stopped(op)
	if c.decide != nil && c.io == 0 { // once a thread has waited for a file, the root decides, because it polls files first
		c.off = true
		c.want = c.decide(gp.racewindow)
		c.off = false
		if c.want == gp.racewindow {
			return
		}
	}
	mcall(racewindowSwitch)
}

// racewindowLeave gives the token back for good. It returns only to a goroutine from before the bubble, after the bubble has let go of it.
func racewindowLeave() {
	c := getg().bubble.racewindow
	c.last, c.want = getg().racewindow, -1
	mcall(racewindowSwitch)
}

// racewindowSelect is called before a select looks at its channels. It finds the ready cases; if there are several, the driver chooses one.
// No other goroutine runs, so no channel needs its lock.
//
//go:noinline
func racewindowSelect(gp *g, scases []scase, nsends int) {
	c := racewindowOf(gp)
	if c == nil || gp == c.root || c.off {
		return
	}
	fp := getfp()
	c.point(gp, racewindowOpSelect, 0, fp, racewindowStatement)
	if racewindowOf(gp) != c {
		return // the bubble has let go of it
	}
	c.chosen = -1
	ready := int32(0)
	for n := range scases {
		if racewindowIsReady(scases, nsends, n) >= 0 {
			ready++
		}
	}
	if ready < 2 {
		return
	}
	pc, counts := racewindowCaller(fp, racewindowStatement)
	if !counts {
		c.alternate(scases, nsends, gp.racewindow, pc, ready)
		return
	}
	c.chosen = 0
	c.stop(gp, racewindowOpCase, 0, pc, ready)
	if racewindowOf(gp) != c {
		return
	}
	nth := c.chosen
	c.chosen = -1
	for n := range scases {
		if i := racewindowIsReady(scases, nsends, n); i >= 0 {
			if nth == 0 {
				c.chosen = int32(i)
			}
			nth--
		}
	}
}

// alternate lets a select of the standard library take another ready case each time that it comes again before any other: a loop may go on until
// a certain case is taken. The first time, the select takes the first ready case in the compiler's order.
func (c *racewindowBubble) alternate(scases []scase, nsends int, thread int32, pc uintptr, ready int32) {
	if again := &c.again; again.thread == thread && again.pc == pc {
		again.times++
	} else {
		c.again = racewindowSelected{thread, pc, 0}
	}
	for nth, n := c.again.times%ready, 0; n < len(scases) && c.again.times > 0; n++ {
		i := racewindowIsReady(scases, nsends, n)
		if i < 0 {
			continue
		}
		if nth--; nth < 0 {
			c.chosen = int32(i)
			return
		}
	}
}

// racewindowIsReady returns the index of the n-th case if that is ready, else -1. The compiler puts the cases that send first, in the
// source's order, and then the cases that receive, in the opposite order.
func racewindowIsReady(scases []scase, nsends, n int) int {
	i := n
	if n >= nsends {
		i = len(scases) - 1 - (n - nsends)
	}
	c := scases[i].c
	if c == nil || c.bubble != nil && c.bubble != getg().bubble {
		return -1
	}
	if c.timer != nil {
		c.timer.maybeRunChan(c)
	}
	ready := c.closed != 0
	if i < nsends {
		ready = ready || c.recvq.first != nil || c.qcount < c.dataqsiz
	} else {
		ready = ready || c.sendq.first != nil || c.qcount > 0
	}
	if !ready {
		return -1
	}
	return i
}

// racewindowOrder returns where a select puts its case i, given that it has placed n others: at the index of one of them, which moves to the
// end, or at the end. The chosen case comes first.
func racewindowOrder(gp *g, i int, n uint32) uint32 {
	c := racewindowOf(gp)
	switch {
	case c == nil || gp == c.root:
		return cheaprandn(n + 1)
	case int32(i) == c.chosen:
		return 0
	}
	return n
}

// racewindowClasses remembers the class of each return address.
var racewindowClasses [8192]uint64

// Classes of a frame, by its functions.
const (
	racewindowPassed  = iota // skipped: the walk goes on above it
	racewindowForeign        // not the user's: the operation does not count
	racewindowUsers
)

// racewindowCaller walks up the stack to the caller that decides, and says whether it counts.
func racewindowCaller(fp uintptr, passes uint8) (pc uintptr, counts bool) {
	for depth := 0; depth < 32 && fp != 0; depth++ {
		below := pc
		pc = *(*uintptr)(unsafe.Pointer(fp + 8))
		fp = *(*uintptr)(unsafe.Pointer(fp))
		if fp == 0 && passes == racewindowContext { // context's own goroutine, and goexit above it
			return below, true
		}
		known := *racewindowSlot(pc, passes)
		if known>>8 != uint64(pc)<<3|uint64(passes) {
			known = racewindowLook(pc, passes)
		}
		if class := known & 15; class != racewindowPassed {
			return pc, class == racewindowUsers
		}
		passes = uint8(known >> 4 & 15)
	}
	return 0, false
}

// racewindowStands returns the innermost caller in the user's code.
func racewindowStands(fp uintptr) uintptr {
	for depth := 0; depth < 32 && fp != 0; depth++ {
		pc := *(*uintptr)(unsafe.Pointer(fp + 8))
		known := *racewindowSlot(pc, racewindowAnything)
		if known>>8 != uint64(pc)<<3|racewindowAnything {
			known = racewindowLook(pc, racewindowAnything)
		}
		if known&15 == racewindowUsers {
			return pc
		}
		fp = *(*uintptr)(unsafe.Pointer(fp))
	}
	return 0
}

// racewindowSlot returns the place in racewindowClasses for a return address. It holds the class (4 bits), what the walk still skips above it
// (4 bits), and the address together with what the walk was skipping.
func racewindowSlot(pc uintptr, passes uint8) *uint64 {
	return &racewindowClasses[(pc^pc>>13+uintptr(passes)*977)%uintptr(len(racewindowClasses))]
}

// racewindowLook determines the class of a return address, and remembers it.
//
//go:noinline
func racewindowLook(pc uintptr, passes uint8) (known uint64) {
	class, rest := racewindowClass(pc, passes)
	known = (uint64(pc)<<3|uint64(passes))<<8 | uint64(rest)<<4 | uint64(class)
	*racewindowSlot(pc, passes) = known
	return known
}

// racewindowClass returns the class of a frame, from its functions, the inlined ones first. rest is what the walk still skips above it.
func racewindowClass(pc uintptr, passes uint8) (class, rest uint8) {
	f := findfunc(pc)
	if !f.valid() {
		return racewindowForeign, 0
	}
	for u, uf := newInlineUnwinder(f, pc-1); uf.valid(); uf = u.next(uf) {
		name := u.srcFunc(uf).name()
		if file, _ := u.fileLine(uf); passes == racewindowAnything {
			if racewindowIsUsers(name, file) {
				return racewindowUsers, 0
			}
			continue
		}
		switch pkg := racewindowPackage(name); pkg {
		case "sync/atomic":
			continue
		case "runtime":
			if name == "runtime.goexit" || name == "runtime.main" {
				return racewindowForeign, 0
			}
			continue
		case "sync", "internal/sync", "internal/synctest":
			if passes != racewindowOperation {
				return racewindowForeign, 0
			}
			passes = racewindowStatement
			continue
		case "os":
			if passes != racewindowInside {
				return racewindowForeign, 0
			}
			continue
		case "internal/poll", "net":
			if passes != racewindowConnection {
				return racewindowForeign, 0
			}
			continue
		case "context":
			if passes == racewindowInstruction {
				return racewindowForeign, 0
			}
			passes = racewindowContext
			continue
		}
		file, _ := u.fileLine(uf)
		switch standard := racewindowIsStandard(file); {
		case standard && (passes == racewindowInside || passes == racewindowConnection) && racewindowHandsOn(racewindowPackage(name)):
			continue
		case standard, racewindowIsHarness(racewindowPackage(name)):
			return racewindowForeign, 0
		}
		return racewindowUsers, 0
	}
	return racewindowPassed, passes
}

// racewindowIsUsers says whether a function belongs to the user's code. The wrappers that the compiler makes have no place in it, such as
// that by which golang.org/x/sys/unix calls syscall.Syscall.
func racewindowIsUsers(name, file string) bool {
	return !racewindowIsStandard(file) && !racewindowIsHarness(racewindowPackage(name)) && file != "<autogenerated>"
}

// racewindowHanders lists the packages of the standard library, with those below them, that read and write their callers' files. A record
// that goes through bufio or fmt is lost in the same window as one that is written directly. Other packages read only files of their own,
// such as net's configuration, and not in each execution.
var racewindowHanders = [...]string{"bufio", "io", "fmt", "log", "encoding", "compress", "archive", "text", "bytes", "strings"}

func racewindowHandsOn(pkg string) bool {
	for _, h := range racewindowHanders {
		if pkg == h || len(pkg) > len(h) && pkg[:len(h)] == h && pkg[len(h)] == '/' {
			return true
		}
	}
	return false
}

// racewindowPackage returns the import path in the name of a function.
func racewindowPackage(name string) string {
	from := 0
	for i := 0; i < len(name) && name[i] != '[' && name[i] != '('; i++ {
		if name[i] == '/' {
			from = i
		}
	}
	for i := from; i < len(name); i++ {
		if name[i] == '.' {
			return name[:i]
		}
	}
	return name
}

// racewindowSources is the folder from which the standard library was built.
var racewindowSources string

func racewindowIsStandard(file string) bool {
	return racewindowSources != "" && len(file) > len(racewindowSources) && file[:len(racewindowSources)] == racewindowSources
}

// racewindowLocate finds racewindowSources. Its caller lies in this folder.
func racewindowLocate() {
	const caller = "/runtime/racewindow_open.go"
	if racewindowSources != "" {
		return
	}
	pc := sys.GetCallerPC()
	file, _ := funcline(findfunc(pc), pc)
	if len(file) > len(caller) {
		racewindowSources = file[:len(file)-len(caller)+1]
	}
}
