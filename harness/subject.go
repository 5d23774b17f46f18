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

// A Subject is an object that many goroutines use: how to make it, what its clients call, and what must hold. Open and Ops
// must be set.
type Subject[T any] struct {
	// Open makes the object for one execution; two executions must share nothing. Tasks that it starts, and everything that
	// waits, must use ctx, which carries the scheduler and the clock of the case.
	Open func(ctx context.Context, env Env) (T, error)
	// Ops are the operations, by name.
	Ops Ops
	// Options are settings, by name: the values to draw for each, the default first. Env.Option, Env.Int and Env.Duration
	// read them.
	Options map[string][]string
	// Errors are the errors that operations are documented to return, by name. Two results are equal if both wrap the same
	// error.
	Errors map[string]error
	// Indeterminate are errors that leave open what happened: the operation may or may not take effect, now or at any
	// later time. A context's error always counts as one; in an execution with faults, every error does.
	Indeterminate []error
	// Order says which order the operations must keep to explain their results; the zero value is Linearizable.
	Order Order
	// LosesOnlyTheEnd says that a crash takes only the last operations: if an operation survives, so does every operation
	// that had returned before it was called. Without it, a crash may take any operation that is not durable.
	LosesOnlyTheEnd bool
	// GoesOn says that once a fault is over the object goes on without being opened again. It then behaves as it would
	// without the fault, except that the operations that failed may or may not have taken effect. Without GoesOn, the
	// object may refuse everything after the first fault, as engines do that a failed sync poisons; but what was durable
	// must be there when it is opened again.
	GoesOn bool
	// Scribbles overwrites the memory of the arguments after each call. It finds an object that keeps a caller's slice.
	Scribbles bool
	// TasksMayRemain says that a task that still waits at the end of an execution is not a leak.
	TasksMayRemain bool
	// Holds, if set, judges the history of an execution. Otherwise the object's own sequential behaviour is right by
	// definition, so sequential bugs are invisible: leave these to ordinary tests. Holds also sees operations that never
	// return (their Event.Returned is 0), and it alone decides whether that is right.
	//
	// Holds does not judge what is found when an object is opened again, after a crash, a killed process, faults or Close.
	// For that the object's own sequential behaviour counts, as without Holds: some order of the operations that survived
	// must give the same results on a fresh object. So it is invisible if results before and after a crash do not fit
	// together as Holds demands (numbers that must go on where they were, for one), or if a result is wrong in the same way
	// without a crash and without other clients. Results must also be the same in every execution; let Op.Result drop those
	// that are not, such as a number of which only the order is promised.
	Holds func(History) error
}

// Ops are operations, by name: a method expression, a function that takes the object first, or an Op.
//
// The parameters are the object, then a context.Context if the operation takes one, then the arguments. Arguments are drawn
// by their types, the first from a small domain, so that clients meet. Channels, functions and interfaces cannot be drawn;
// write a function around them. The harness calls Close itself, so it is no operation.
type Ops map[string]any

// An Op is an operation with details beyond its function.
type Op struct {
	// Do is the method expression or function.
	Do any
	// Args draw the arguments after the context, one generator for each; nil draws by type.
	Args []gopter.Gen
	// Result is a function of the operation's results. What Result returns is compared instead of them; it can drop a time,
	// for example, or sort.
	Result any
	// Durable says when the effect survives a crash: OnReturn; AfterClose; or the name of an operation that makes everything
	// durable that had returned before it was called. "" says that no effect lasts. AfterClose is also tested: power is lost
	// during Close and after it.
	Durable string
}

// The values of Op.Durable besides the name of an operation.
const (
	OnReturn   = object.OnReturn
	AfterClose = object.AfterClose
)

// An Order says which order the operations must keep to explain their results.
type Order = spec.Order

// The orders.
const (
	// Linearizable: an operation that returned before another was called comes before it.
	Linearizable = spec.RealTime
	// SequentiallyConsistent: the operations of one client keep their order.
	SequentiallyConsistent = spec.ByClient
	// QuiescentlyConsistent: two operations keep their order if there was a moment between them in which no operation ran.
	QuiescentlyConsistent = spec.Quiescent
)

// Env is what an execution gives to the object: the settings of the case (Option, Int, Duration), Rand, Dir (a folder) and Disk
// (a disk in memory that can fail and lose power). Under racewindow crash and stress --crash Dir can fail and lose power too, if the code has
// no markers: what it does there with package os, syscall or golang.org/x/sys/unix is recorded. When the object is opened again, it
// gets the same Env. In processes that are killed (racewindow kill), folder and disk are the system's, and hold what earlier
// processes have left.
type Env = *object.Env

// A History lists the operations of one execution, in the order in which they were called.
type History = object.History

// An Event is one operation in a History.
type Event = object.Event

// config returns the subject without its type parameter.
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

// caseName returns the name of a test in the form that a case can hold.
func caseName(test string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n;,'\"=", r) {
			return '_'
		}
		return r
	}, test)
}
