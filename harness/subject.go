package harness

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/leanovate/gopter"

	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// A Subject is an object that many goroutines use: how it is made, what its clients call, and what must hold. Open and Ops must
// be set.
type Subject[T any] struct {
	// Open makes the object for one execution, with nothing shared between two of them. Tasks that it starts, and everything that
	// waits, use the context, which carries the case's scheduler and clock.
	Open func(ctx context.Context, env Env) (T, error)
	// Ops are the operations by name.
	Ops Ops
	// Options are settings by name with the values that are drawn for them, the default first; Env.Option, Int and Duration read
	// them.
	Options map[string][]string
	// Errors are the errors that operations are documented to return, by name. Two results are equal if both wrap the same one.
	Errors map[string]error
	// Indeterminate are errors after which nobody knows: the operation may have taken effect or not, at once or at any later time.
	// The error of a context is one always, and each error is one in an execution with faults.
	Indeterminate []error
	// Order is what an order of the operations must respect to explain their results; the zero value is Linearizable.
	Order Order
	// LosesOnlyTheEnd says that a crash takes away what came last: an operation survives only if everything did that had returned
	// before it. Without it a crash may take any operation that is not durable.
	LosesOnlyTheEnd bool
	// GoesOn says that the object goes on when a fault is over, without being opened again: it then does what it would have done
	// without the fault, but that the operations which failed may have taken effect or not. Without it the object may refuse
	// everything from the first fault on, as engines do that are poisoned by a failed sync; what was durable is there when it is
	// opened again.
	GoesOn bool
	// Scribbles overwrites the arguments' memory after each call: it finds an object that keeps a slice of its caller's.
	Scribbles bool
	// TasksMayRemain says that tasks which wait when everything is over are no leak.
	TasksMayRemain bool
	// Holds, if it is set, judges the history of an execution. Otherwise the object's own sequential behaviour is what is right,
	// so sequential bugs are invisible: leave them to ordinary tests. It sees operations that never return, too (Event.Returned is
	// 0), and says whether that is right: nobody else does.
	//
	// What an object holds that is opened again, after a crash, a killed process, faults or Close, is not asked of Holds, but of the
	// object's own sequential behaviour, as without it: some order of the operations that survived must give the same on a fresh
	// object. That cannot see what Holds says of results on both sides of a crash (numbers that go on where they were, for one), nor
	// a result that is wrong in the same way without a crash and without other clients. And results must be the same each time: what
	// is not, such as a number of which only the order is promised, is to be dropped by Op.Result.
	Holds func(History) error
}

// Ops are operations by name: a method expression, a function that takes the object first, or an Op.
//
// The object comes first, then a context.Context if the operation takes one, then arguments, which are drawn by their types: the
// first from a small domain, so that clients meet. Channels, functions and interfaces cannot be drawn; write a function around
// them. Close is called by the harness and is no operation.
type Ops map[string]any

// An Op is an operation about which there is more to say.
type Op struct {
	// Do is the method expression or function.
	Do any
	// Args draw the arguments, one for each after the context; nil draws by type.
	Args []gopter.Gen
	// Result is a function of what the operation returns. What it returns is compared instead: it drops a time, or sorts.
	Result any
	// Durable says when the effect survives a crash: OnReturn, AfterClose, or the name of the operation after which everything
	// survives that had returned before it was called. "" says that there is no effect that lasts. AfterClose is tried too: power is
	// lost during Close and after it.
	Durable string
}

// When an operation is durable.
const (
	OnReturn   = object.OnReturn
	AfterClose = object.AfterClose
)

// An Order is what an order of operations must respect to explain their results.
type Order = spec.Order

// The orders.
const (
	// Linearizable: an operation that returned before another was called comes before it.
	Linearizable = spec.RealTime
	// SequentiallyConsistent: the operations of one client keep their order.
	SequentiallyConsistent = spec.ByClient
	// QuiescentlyConsistent: operations keep their order that have a moment between them in which none was under way.
	QuiescentlyConsistent = spec.Quiescent
)

// Env is what one execution gives to the object: Option, Int and Duration (settings of the case), Rand, Dir (a folder) and Disk (a
// disk in memory that can fail and lose power). The same Env serves when the object is opened again. Where processes are killed
// (racewindow kill) folder and disk are the system's, and hold what earlier processes have left.
type Env = *object.Env

// A History is what the operations of one execution did, in the order in which they were called.
type History = object.History

// An Event is one operation in a History.
type Event = object.Event

// config is the subject without its type.
func (s Subject[T]) config(name string) object.Config {
	c := object.Config{
		Name: name, Type: reflect.TypeFor[T](), Order: s.Order, Prefix: s.LosesOnlyTheEnd, GoesOn: s.GoesOn,
		Indeterminate: s.Indeterminate, Scribbles: s.Scribbles, TasksMayRemain: s.TasksMayRemain, Holds: s.Holds,
	}
	if s.Open != nil {
		c.Open = func(ctx context.Context, e Env) (any, error) { return s.Open(ctx, e) }
	}
	for _, name := range sorted(s.Ops) {
		op, is := s.Ops[name].(Op)
		if !is {
			op = Op{Do: s.Ops[name]}
		}
		c.Operations = append(c.Operations, object.Method{Name: name, Do: op.Do, Arguments: op.Args, Result: op.Result, Durable: op.Durable})
	}
	for _, name := range sorted(s.Options) {
		c.Options = append(c.Options, object.Option{Name: name, Values: s.Options[name]})
	}
	for _, name := range sorted(s.Errors) {
		c.Sentinels = append(c.Sentinels, values.Sentinel{Name: name, Error: s.Errors[name]})
	}
	return c
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// caseName is a test's name as a case can hold it.
func caseName(test string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n;,'\"=", r) {
			return '_'
		}
		return r
	}, test)
}
