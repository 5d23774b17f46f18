package values

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/leanovate/gopter"
)

// DefaultElements bounds how many elements are taken from an iterator that an operation returns.
const DefaultElements = 4096

// Options are what a user can set for one operation. Zero fields mean the documented default.
type Options struct {
	// Generators draw arguments instead of their types: one generator for each argument after the receiver and the context.
	// For a nil or missing one, the argument is drawn by type. The generator of a variadic argument draws one element.
	Generators []gopter.Gen
	// Elements bounds how many elements are taken from each returned iterator; default DefaultElements.
	Elements int
	// Passes says which panics are not the operation's own, such as those by which a scheduler ends a thread. Call does not
	// stop these.
	Passes func(recovered any) bool
}

// An Operation is a method or function that clients may call. It is immutable, so many goroutines may use it.
type Operation struct {
	name      string
	function  reflect.Value
	receiver  reflect.Type
	context   bool
	variadic  bool
	flat      bool // no argument holds a reference, so none needs copying
	iterators bool
	arguments []argument
	results   []reflect.Type
	elements  int
	passes    func(any) bool
}

// An argument is one parameter after the receiver and the context. For a variadic parameter, kind is the type of an element.
type argument struct {
	kind      reflect.Type
	generator gopter.Gen
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// New checks that function can be an operation on receiver. Its parameters are the receiver, then optionally a
// context.Context, then arguments. One error reports everything that prevents it, and wraps a *Refusal for each reason.
func New(name string, function any, receiver reflect.Type, options Options) (*Operation, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	o := &Operation{name: name, function: reflect.ValueOf(function), receiver: receiver, elements: options.Elements, passes: options.Passes}
	if o.elements <= 0 {
		o.elements = DefaultElements
	}
	if err := o.checkReceiver(receiver); err != nil {
		return nil, err
	}
	t := o.function.Type()
	first := 1
	if t.NumIn() > 1 && t.In(1) == contextType {
		o.context, first = true, 2
	}
	o.variadic, o.flat = t.IsVariadic(), true
	for i := first; i < t.NumIn(); i++ {
		kind := t.In(i)
		if o.variadic && i == t.NumIn()-1 {
			kind = kind.Elem()
		}
		o.arguments = append(o.arguments, argument{kind: kind})
		o.flat = o.flat && traitsOf(kind).flat
	}
	for result := range t.Outs() {
		o.results = append(o.results, result)
		o.iterators = o.iterators || isIterator(result)
	}
	if err := errors.Join(o.checkArguments(), o.checkResults()); err != nil {
		return nil, err
	}
	return o, o.takeGenerators(options.Generators)
}

// checkName checks that a name can appear in the text of a call.
func checkName(name string) error {
	if n := nameLength(name); n == 0 || n != len(name) {
		return &Refusal{
			Operation: fmt.Sprintf("%q", name), Reason: "is no name of an operation",
			Remedy: "begin with a letter, go on with letters, digits, '_', '-' or '.', at most 64 in all",
		}
	}
	return nil
}

// nameLength returns the length of the name with which text begins.
func nameLength(text string) int {
	for i := 0; i < len(text) && i <= 64; i++ {
		c := text[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789-.", rune(c))) {
			return i
		}
	}
	if len(text) > 64 {
		return 0
	}
	return len(text)
}

// Name returns the operation's name.
func (o *Operation) Name() string { return o.name }

// TakesContext says whether the operation takes a context after the receiver.
func (o *Operation) TakesContext() bool { return o.context }

// Variadic says whether the last argument may be given any number of times.
func (o *Operation) Variadic() bool { return o.variadic }

// Arguments returns the types after the receiver and the context; for a variadic operation, the last is the type of one
// element.
func (o *Operation) Arguments() []reflect.Type {
	kinds := make([]reflect.Type, len(o.arguments))
	for i, a := range o.arguments {
		kinds[i] = a.kind
	}
	return kinds
}

// Results returns the types of the results.
func (o *Operation) Results() []reflect.Type { return append([]reflect.Type(nil), o.results...) }

// String returns the operation's signature, such as put(string, ...int).
func (o *Operation) String() string {
	var kinds []string
	for i, a := range o.arguments {
		text := typeText(a.kind)
		if o.variadic && i == len(o.arguments)-1 {
			text = "..." + text
		}
		kinds = append(kinds, text)
	}
	return o.name + "(" + strings.Join(kinds, ", ") + ")"
}

// argument returns the i-th argument of a call; the last argument of a variadic operation repeats.
func (o *Operation) argument(i int) argument { return o.arguments[min(i, len(o.arguments)-1)] }

// fixed returns the number of arguments that every call has.
func (o *Operation) fixed() int {
	if o.variadic {
		return len(o.arguments) - 1
	}
	return len(o.arguments)
}

// counts says whether a call may have n arguments.
func (o *Operation) counts(n int) bool { return n == o.fixed() || o.variadic && n > o.fixed() }

// Text returns a call as text, such as put("a", 1).
func (o *Operation) Text(arguments []reflect.Value) string {
	return string(o.AppendText(nil, arguments))
}

// AppendText appends a call as text.
func (o *Operation) AppendText(out []byte, arguments []reflect.Value) []byte {
	w := writer{out: append(append(out, o.name...), '(')}
	for i, v := range arguments {
		if i > 0 {
			w.out = append(w.out, ", "...)
		}
		w.value(v, named)
	}
	return append(w.out, ')')
}

// Copy returns separate arguments for one execution. Arguments without references are returned as they are.
func (o *Operation) Copy(arguments []reflect.Value) []reflect.Value {
	if o.flat {
		return arguments
	}
	c := copier{}
	copies := make([]reflect.Value, len(arguments))
	for i, v := range arguments {
		copies[i] = c.copy(v)
	}
	return copies
}

// Scribble overwrites everything that the arguments refer to; see the function Scribble. The arguments must be a Copy.
func (o *Operation) Scribble(arguments []reflect.Value) {
	if o.flat {
		return
	}
	for _, v := range arguments {
		Scribble(v)
	}
}

// Smaller yields arguments that are one step smaller than these: first with fewer variadic arguments, then with one argument
// smaller. Each has a smaller SizeOfAll, so a chain of steps ends.
func (o *Operation) Smaller(arguments []reflect.Value) iter.Seq[[]reflect.Value] {
	return func(yield func([]reflect.Value) bool) {
		for i := o.fixed(); i < len(arguments); i++ {
			if !yield(append(append([]reflect.Value(nil), arguments[:i]...), arguments[i+1:]...)) {
				return
			}
		}
		for i, v := range arguments {
			candidates := Smaller(v)
			if generator := o.argument(i).generator; generator != nil {
				candidates = smallerDraws(generator, o.argument(i).kind, v)
			}
			for smaller := range candidates {
				changed := append([]reflect.Value(nil), arguments...)
				changed[i] = smaller
				if !yield(changed) {
					return
				}
			}
		}
	}
}
