package spec

import "fmt"

// An Outcome says how an operation ended.
type Outcome uint8

// The outcomes of an operation.
const (
	// NotInvoked operations were never called.
	NotInvoked Outcome = iota
	// OK operations returned Entry.Result.
	OK
	// Indeterminate operations may have taken effect or not, at any moment since they were called: their context ended, a
	// fault struck, or the execution was cut off.
	Indeterminate
	// Pending operations never returned, although all other threads had ended or waited. Executed alone they must block too.
	Pending
	// Durable operations returned before a crash, and must have survived it. Their results are not checked again.
	Durable
	// Volatile operations returned before a crash, and may be lost in it. Those that survive keep their order.
	Volatile
)

var outcomes = [...]string{"not invoked", "ok", "indeterminate", "pending", "durable", "volatile"}

// String returns the outcome in words.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// An Entry records what one operation of a program did.
type Entry struct {
	Outcome Outcome
	// Result is what it returned, as text; equal texts mean equal results.
	Result string
	// Invoked and Returned are moments: the number of the event in the execution, counted from 1. Returned is 0 for an
	// operation that did not return.
	Invoked, Returned int
	// Crashes is the number of crashes before the operation after which the history goes on. Operations after a crash do not
	// depend on those that it took.
	Crashes int
}

// A History has one Entry for each operation of a program, in an order that the program determines: an operation has the
// same index in every execution.
type History []Entry

// MaxOperations is the largest number of operations that Linearizability judges in one history.
const MaxOperations = 64

// A set is a set of operations, by their indexes.
type set uint64

func (s set) has(i int) bool    { return s&(1<<i) != 0 }
func (s set) with(i int) set    { return s | 1<<i }
func (s set) within(t set) bool { return s&^t == 0 }

// Order says which operations must come before others in an order that explains a history.
type Order uint8

// The available orders.
const (
	// RealTime: an operation that returned before another was called comes before it. This is linearizability.
	RealTime Order = iota
	// ByClient: the operations of one client keep their order. This is sequential consistency.
	ByClient
	// Quiescent: two operations keep their order if there was a moment between them in which no operation ran.
	Quiescent
)

// before returns, for each operation, the set of those that must come before it. client[i] is the client of operation i.
func (h History) before(order Order, client []int) []set {
	must := make([]set, len(h))
	for j, b := range h {
		if b.Outcome == NotInvoked {
			continue
		}
		for i, a := range h {
			if i == j || a.Outcome != OK && a.Outcome != Durable && a.Outcome != Volatile {
				continue // an operation that may still take effect later precedes none
			}
			ordered := false
			switch order {
			case RealTime:
				ordered = a.Returned < b.Invoked
			case ByClient:
				ordered = client[i] == client[j] && a.Invoked < b.Invoked
			case Quiescent:
				ordered = a.Returned < b.Invoked && h.quiet(a.Returned, b.Invoked)
			}
			if ordered {
				must[j] = must[j].with(i)
			}
		}
	}
	return must
}

// beforeCrash returns the operations before the crash with that number.
func (h History) beforeCrash(number int) (s set) {
	for i, e := range h {
		if e.Crashes < number {
			s = s.with(i)
		}
	}
	return s
}

// quiet says whether at some moment in [from, to) no operation ran.
func (h History) quiet(from, to int) bool {
	for moment := from; moment < to; moment++ {
		busy := false
		for _, e := range h {
			busy = busy || e.Outcome != NotInvoked && e.Invoked <= moment && (e.Returned == 0 || e.Returned > moment)
		}
		if !busy {
			return true
		}
	}
	return false
}
