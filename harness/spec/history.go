package spec

import "fmt"

// An Outcome says how an operation ended.
type Outcome uint8

// The outcomes of an operation.
const (
	// NotInvoked operations were never begun.
	NotInvoked Outcome = iota
	// OK operations returned, and Entry.Result says what.
	OK
	// Indeterminate operations may have taken effect or not, at any moment since they were invoked: their context ended, a
	// fault struck, or the execution was cut off.
	Indeterminate
	// Pending operations never returned, though everybody else had come to an end. They must block alone too.
	Pending
	// Durable operations returned before a crash, and must be among what was recovered. What they returned is not asked again.
	Durable
	// Volatile operations returned before a crash, and may be lost in it. If they are not, they keep their order.
	Volatile
)

var outcomes = [...]string{"not invoked", "ok", "indeterminate", "pending", "durable", "volatile"}

// String is the outcome in words.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// An Entry is what one operation of a program did.
type Entry struct {
	Outcome Outcome
	// Result is what it returned, as text; equal texts are equal results.
	Result string
	// Invoked and Returned are moments: each is the number of what happened in the execution, counted from 1. Returned is 0
	// for an operation that did not return.
	Invoked, Returned int
	// Crashes is how many there were before it, of those after which the history goes on. What one of them took is not missed by
	// what came after it.
	Crashes int
}

// A History has one Entry for each operation of a program, in an order that the program gives: the same operation has the
// same index in every execution.
type History []Entry

// MaxOperations is how many operations a history may have that Linearizability judges.
const MaxOperations = 64

// A set of operations, by their indexes.
type set uint64

func (s set) has(i int) bool    { return s&(1<<i) != 0 }
func (s set) with(i int) set    { return s | 1<<i }
func (s set) within(t set) bool { return s&^t == 0 }

// Order says which operations must come before others in an order that explains a history.
type Order uint8

// The orders that can be asked for.
const (
	// RealTime: an operation that returned before another was invoked comes before it. This is linearizability.
	RealTime Order = iota
	// ByClient: the operations of one client keep their order. This is sequential consistency.
	ByClient
	// Quiescent: operations with a moment between them at which no operation was under way keep their order.
	Quiescent
)

// before returns, for each operation, those that must come before it. client says whose each operation is.
func (h History) before(order Order, client []int) []set {
	must := make([]set, len(h))
	for j, b := range h {
		if b.Outcome == NotInvoked {
			continue
		}
		for i, a := range h {
			if i == j || a.Outcome != OK && a.Outcome != Durable && a.Outcome != Volatile {
				continue // what may take effect at any later moment comes before nobody
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

// beforeCrash are the operations before the crash with that number.
func (h History) beforeCrash(number int) (s set) {
	for i, e := range h {
		if e.Crashes < number {
			s = s.with(i)
		}
	}
	return s
}

// quiet says whether at some moment from one to the other no operation was under way.
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
