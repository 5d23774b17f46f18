package driver

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
)

// Who holds a lock is known to nobody: a mutex does not say it. So in an execution for a report, and only there, the root writes down which
// thread has passed which operation of a lock, and who waits for a lock is told who holds it. Nothing is said where that is not certain.

// Operations of locks, as the runtime numbers them.
const (
	opLock = 16 + iota
	opTryLock
	opUnlock
	opRLock
	opTryRLock
	opRUnlock
	opWait = 24
)

// Reasons for which a thread waits in a lock. The lock of writers in an RWMutex is a Mutex.
const (
	inMutex  = "sync.Mutex.Lock"
	inRLock  = "sync.RWMutex.RLock"
	inRWLock = "sync.RWMutex.Lock" // for the readers: other writers wait for this one
	inCond   = "sync.Cond.Wait"
)

// Bits of the first word of a Mutex and of an RWMutex.
const locked, starving = 1, 4

// holders are the locks of one execution, and who holds them.
type holders struct {
	doing []lockStep // by thread
	locks map[uintptr]*lockState
}

// A lockStep is the operation of a lock that a thread is in, or has passed last.
type lockStep struct {
	op     uint8 // 0 for none
	parked bool  // it has waited since, so others may have run after it got the lock
	got    bool  // a TryRLock will succeed, and a TryLock unless there are readers
	addr   uintptr
	pc     uintptr
}

type lockState struct {
	writer  *holder // nil for none
	readers []holder
	unsure  bool
}

// A holder is a thread that holds a lock, and where it got it.
type holder struct {
	thread int
	pc     uintptr
}

func newHolders() *holders { return &holders{locks: map[uintptr]*lockState{}} }

// resumes is called before a thread goes on.
func (h *holders) resumes(thread int) {
	if thread >= len(h.doing) {
		return
	}
	switch s := &h.doing[thread]; s.op {
	case opTryLock:
		s.got = word(s.addr, 0)&(locked|starving) == 0
	case opTryRLock:
		count, known := fieldOf(s.addr, "readerCount")
		s.got = known && count >= 0
	}
}

// stopped is called after a thread has stopped.
func (h *holders) stopped(thread int, t *bubble.Thread) {
	for thread >= len(h.doing) {
		h.doing = append(h.doing, lockStep{})
	}
	s := &h.doing[thread]
	if t.Op == bubble.OpBlocked {
		h.parked(thread, reason(t))
		return
	}
	h.passed(thread)
	*s = lockStep{}
	if t.Op >= opLock && t.Op <= opRUnlock || t.Op == opWait {
		*s = lockStep{op: t.Op, addr: t.Addr, pc: t.PC}
	}
}

// parked notes that a thread waits: in the operation, or after it.
func (h *holders) parked(thread int, why string) {
	s := &h.doing[thread]
	waitsForLock := why == inMutex || why == inRLock || why == inRWLock
	switch {
	case (s.op == opLock || s.op == opRLock) && (waitsForLock || s.parked && why == inCond):
		s.parked = true
	case s.op == opWait && why == inCond:
		h.unlocks(thread)
	default:
		h.passed(thread)
		*s = lockStep{}
	}
}

// unlocks notes that a thread in Cond.Wait has unlocked the Cond's lock. It will lock it again.
func (h *holders) unlocks(thread int) {
	s := &h.doing[thread]
	lock := (*(**sync.Cond)(unsafe.Pointer(&s.addr))).L
	unlock, again := uint8(opUnlock), uint8(opLock)
	switch lock.(type) {
	case *sync.Mutex, *sync.RWMutex:
	default:
		if reflect.TypeOf(lock) != readLock {
			*s = lockStep{} // its operations are points
			return
		}
		unlock, again = opRUnlock, opRLock
	}
	s.op, s.addr = unlock, reflect.ValueOf(lock).Pointer()
	h.passed(thread)
	s.op, s.parked = again, true
}

var readLock = reflect.TypeOf(new(sync.RWMutex).RLocker())

// passed notes that a thread has passed its operation.
func (h *holders) passed(thread int) {
	s := &h.doing[thread]
	if s.op == 0 || s.op == opWait {
		return
	}
	l := h.locks[s.addr]
	if l == nil {
		l = &lockState{}
		h.locks[s.addr] = l
	}
	switch {
	case s.op == opLock || s.op == opTryLock && s.got && word(s.addr, 0)&locked != 0:
		l.unsure = s.parked && (l.unsure || l.writer != nil || len(l.readers) > 0)
		l.writer, l.readers = &holder{thread, s.pc}, l.readers[:0] // who is listed had another lock at this address
	case s.op == opRLock || s.op == opTryRLock && s.got:
		l.unsure = l.unsure || s.parked && l.writer != nil
		l.writer, l.readers = nil, append(l.readers, holder{thread, s.pc})
	case s.op == opUnlock:
		l.writer = nil
	case s.op == opRUnlock:
		l.leave(thread)
	}
}

// leave removes a reader. One that unlocks for another one leaves open for which.
func (l *lockState) leave(thread int) {
	for i := len(l.readers) - 1; i >= 0; i-- {
		if l.readers[i].thread == thread {
			l.readers = append(l.readers[:i], l.readers[i+1:]...)
			return
		}
	}
	l.unsure = l.unsure || len(l.readers) > 1
	l.readers = l.readers[:0]
}

// word returns four bytes of a lock that somebody uses.
func word(addr, offset uintptr) int32 {
	at := addr + offset
	return **(**int32)(unsafe.Pointer(&at))
}

// fieldOf returns a counter of an RWMutex.
func fieldOf(addr uintptr, name string) (n int32, known bool) {
	field, known := reflect.TypeFor[sync.RWMutex]().FieldByName(name)
	if !known || field.Type.Size() != 4 {
		return 0, false
	}
	return word(addr, field.Offset), true
}

// heldBy says who holds the lock for which a thread waits, and what has become of it: ", held since ..."; "" if that is not certain. It goes
// by where threads are blocked, so bubble.Locate comes first.
func (m *mechanism) heldBy(thread int) string {
	h := m.holders
	if h == nil || !m.isInLock(thread) {
		return ""
	}
	addr := h.doing[thread].addr
	l := h.locks[addr]
	if l == nil {
		l = &lockState{}
	}
	var first *holder // of writers, if it waits for readers
	for i := range h.doing {
		if h.doing[i].addr != addr || h.doing[i].op == 0 || i == thread {
			continue
		}
		if !m.isInLock(i) && isBlocked(&m.threads[i]) && reason(&m.threads[i]) != inCond {
			return "" // it may have got the lock
		}
		if isBlocked(&m.threads[i]) && reason(&m.threads[i]) == inRWLock {
			first = &holder{i, h.doing[i].pc}
		}
	}
	switch why := reason(&m.threads[thread]); {
	case l.unsure:
		return ""
	case why == inRWLock:
		if n, known := fieldOf(addr, "readerWait"); !known || int(n) != len(l.readers) || l.writer != nil {
			return ""
		}
		return m.holding(l.readers, thread)
	case l.writer != nil && first == nil:
		return m.holding([]holder{*l.writer}, thread)
	case l.writer == nil && first != nil:
		return ", and comes after " + m.Name(first.thread) + ", which waits in " + placeWords(first.pc)
	}
	return ""
}

// isInLock says whether a thread waits in the lock whose operation it has reached last, and not in one of the standard library.
func (m *mechanism) isInLock(thread int) bool {
	if thread >= len(m.holders.doing) {
		return false
	}
	s, t := &m.holders.doing[thread], &m.threads[thread]
	if !isBlocked(t) || t.At == 0 || s.pc == 0 {
		return false
	}
	switch reason(t) {
	case inMutex, inRWLock:
		if s.op != opLock && s.op != opRLock || s.op == opRLock && reason(t) == inRWLock {
			return false
		}
	case inRLock:
		if s.op != opRLock {
			return false
		}
	default:
		return false
	}
	if t.At == s.pc {
		return true
	}
	one, other := userFrame(t.At), userFrame(s.pc)
	return one.Function == other.Function && one.File == other.File && one.Line == other.Line
}

// mostHolders is how many readers are named.
const mostHolders = 3

// holding says who holds a lock for which a thread waits.
func (m *mechanism) holding(all []holder, waits int) string {
	var words []string
	for _, one := range all[:min(len(all), mostHolders)] {
		by, state := m.Name(one.thread), m.threads[one.thread].State
		switch {
		case one.thread == waits:
			by = "itself"
		case state == bubble.Ended:
			by += ", which has ended"
		case state == bubble.Blocked:
			by += ", which waits too"
		}
		words = append(words, "since "+placeWords(one.pc)+" by "+by)
	}
	if len(words) == 0 {
		return ""
	}
	if more := len(all) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("by %d more", more))
	}
	return ", held " + strings.Join(words, ", and ")
}

// placeWords renders a place: "F (file.go:7)".
func placeWords(pc uintptr) string {
	at := rendered.at(pc)
	return at.function + strings.TrimSuffix(at.line, ": ")
}
