package values

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
)

// Ended says how an operation ended.
type Ended uint8

// The ways to end. The zero value says that the operation has not returned yet.
const (
	Unfinished Ended = iota
	Returned         // with Results
	Panicked         // with Panic and Stack
	Exited           // by runtime.Goexit, which ends its goroutine
	Passed           // by a panic that Options.Passes claims is not the operation's
)

func (e Ended) String() string {
	return [...]string{"unfinished", "returned", "panicked", "exited", "passed"}[e]
}

// An Outcome is the result of one call. It may be used again for the next call; the results of the previous call are then
// lost.
type Outcome struct {
	Ended Ended
	// Results are what the operation returned. An iterator has been drained; here it is a Sequence.
	Results []reflect.Value
	// Panic is the value that the operation panicked with, and Stack the place. The stack contains addresses and goroutine
	// numbers, so it is for people, and is never compared.
	Panic any
	Stack []byte

	in []reflect.Value
}

// A Sequence holds what an iterator gave: the elements of an iter.Seq, or the pairs of an iter.Seq2. They are copies,
// because an iterator may reuse the same memory.
type Sequence struct {
	Elements []reflect.Value
	Seconds  []reflect.Value // nil for an iter.Seq
	More     bool            // the bound was reached, and the iterator has more elements
}

var sequenceType = reflect.TypeFor[Sequence]()

// Call calls the operation and fills outcome. The receiver and each argument must have exactly the types of the signature,
// as values from Draw and Parse do; anything else is a mistake in the calling program, and panics. A nil context becomes
// context.Background.
//
// If the operation ends by runtime.Goexit, Call does not return either: outcome.Ended is Exited, and deferred functions of
// the goroutine can read it.
func (o *Operation) Call(receiver reflect.Value, ctx context.Context, arguments []reflect.Value, outcome *Outcome) {
	o.mustFit(receiver, arguments)
	in := append(outcome.in[:0], receiver)
	if o.context {
		if ctx == nil {
			ctx = context.Background()
		}
		in = append(in, reflect.ValueOf(ctx))
	}
	in = append(in, arguments...)
	*outcome = Outcome{in: in}
	defer o.end(outcome)
	results := o.function.Call(in)
	if o.iterators {
		for i, result := range results {
			if isIterator(result.Type()) && !result.IsNil() {
				results[i] = reflect.ValueOf(drain(result, o.elements))
			}
		}
	}
	outcome.Results, outcome.Ended = results, Returned
}

// mustFit panics for arguments that would make package reflect panic, because that would look like a panic of the operation.
func (o *Operation) mustFit(receiver reflect.Value, arguments []reflect.Value) {
	if !receiver.IsValid() || receiver.Type() != o.receiver {
		panic("values: " + o.name + " is called on something that is no " + o.receiver.String())
	}
	if !o.counts(len(arguments)) {
		panic(fmt.Sprintf("values: %s is called with %d arguments", o, len(arguments)))
	}
	for i, v := range arguments {
		if !v.IsValid() || v.Type() != o.argument(i).kind {
			panic(fmt.Sprintf("values: argument %d of %s is %v", i+1, o, v))
		}
	}
}

// end, deferred by Call, tells a panic from an exit.
func (o *Operation) end(outcome *Outcome) {
	if outcome.Ended == Returned {
		return
	}
	recovered := recover()
	switch {
	case recovered == nil: // since Go 1.21 a panic with nil recovers as a *runtime.PanicNilError
		outcome.Ended = Exited
	case o.passes != nil && o.passes(recovered):
		outcome.Ended = Passed
		panic(recovered)
	default:
		outcome.Ended, outcome.Panic, outcome.Stack = Panicked, recovered, debug.Stack()
	}
}

// drain takes elements from an iterator, no more than most. It asks for one more, to see whether there is one.
func drain(iterator reflect.Value, most int) (s Sequence) {
	if iterator.Type().CanSeq() {
		for v := range iterator.Seq() {
			if s.More = len(s.Elements) == most; s.More {
				break
			}
			s.Elements = append(s.Elements, Copy(v))
		}
		return s
	}
	s.Seconds = []reflect.Value{}
	for v, w := range iterator.Seq2() {
		if s.More = len(s.Elements) == most; s.More {
			break
		}
		s.Elements, s.Seconds = append(s.Elements, Copy(v)), append(s.Seconds, Copy(w))
	}
	return s
}
