package values

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
)

// Ended is how an operation ended.
type Ended uint8

// The ways to end. The zero value says that the operation has not come back.
const (
	Unfinished Ended = iota
	Returned         // with Results
	Panicked         // with Panic and Stack
	Exited           // by runtime.Goexit: its goroutine ends
	Passed           // by a panic that Options.Passes takes for somebody else's
)

func (e Ended) String() string {
	return [...]string{"unfinished", "returned", "panicked", "exited", "passed"}[e]
}

// An Outcome is what one call came to. It may be used for one call after the other; the results of the last one are then lost.
type Outcome struct {
	Ended Ended
	// Results are what the operation returned. An iterator has been drained, and is a Sequence here.
	Results []reflect.Value
	// Panic is what the operation panicked with, and Stack where. The stack holds addresses and goroutine numbers, so it is for
	// people, and never compared.
	Panic any
	Stack []byte

	in []reflect.Value
}

// A Sequence is what an iterator gave: elements of an iter.Seq, pairs of an iter.Seq2. They are copies, since iterators may hand
// out the same memory each time.
type Sequence struct {
	Elements []reflect.Value
	Seconds  []reflect.Value // nil for an iter.Seq
	More     bool            // the bound was reached, and the iterator would have gone on
}

var sequenceType = reflect.TypeFor[Sequence]()

// Call calls the operation and fills outcome. The receiver and each argument have exactly the types of the signature, as Draw and
// Parse make them; anything else is a mistake of the caller's program, and panics. A nil context is context.Background.
//
// When the operation ends by runtime.Goexit, Call does not return either: outcome says Exited, and the deferred functions of the
// goroutine can read it there.
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

// mustFit panics where a call would make package reflect panic, which would look like a panic of the operation.
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

// end is deferred by Call: it tells a panic from an exit.
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

// drain takes at most the given number of elements from an iterator. One more is asked for, to tell whether there is one.
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
