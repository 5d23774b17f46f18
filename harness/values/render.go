package values

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
)

const (
	// DefaultLimit is how many bytes of a rendered result are kept.
	DefaultLimit = 4096

	maxRenderedDepth = 1000
	maxRenderedParts = 1 << 18
)

// A Sentinel is an error that an operation is documented to return. Two results that wrap it are equal, whatever text they
// add.
type Sentinel struct {
	Name  string // the name in reports, such as "ErrFull"; if empty, the error's text is used
	Error error
}

// A Renderer turns results into text. Two outcomes are equal if and only if their texts are equal:
//
//   - values compare by content, in the form of literals; pointers by what they point to, including unexported fields
//   - errors that wrap a sentinel compare as the first sentinel listed, others by type and text; the two errors of a
//     context are sentinels
//   - times compare by the moment, not by zone or monotonic clock
//   - nil and empty slices and maps are equal, by Go's convention, unless Nil is set
//   - channels, functions and unsafe pointers inside a result compare by whether they are nil
//   - a panic compares by its value, without addresses, and never by its stack
//
// The text contains no addresses. A cycle is cut where it repeats: ^2 is the value two levels up.
//
// Rendering reads everything that the result refers to. If the subject goes on changing that, this is the data race that
// a client would have who reads its result. Set Exported if a result contains its own lock.
//
// The zero value is ready to use. A Renderer is immutable, so many goroutines may use it.
type Renderer struct {
	Sentinels []Sentinel
	Limit     int  // how many bytes are kept, before a hash of the rest; default DefaultLimit
	Nil       bool // nil slices and maps differ from empty ones
	Exported  bool // leave unexported fields out
	// Passes is Options.Passes for the methods of errors, which are also the subject's code.
	Passes func(recovered any) bool
}

// Append appends an outcome as text: results separated by commas, () if there are none, panic(...), or the way it ended.
func (r *Renderer) Append(out []byte, outcome *Outcome) []byte {
	w := writer{out: out, rendering: r, start: len(out)}
	switch outcome.Ended {
	case Returned:
		if len(outcome.Results) == 0 {
			w.text("()")
		}
		for i, v := range outcome.Results {
			w.comma(i)
			w.value(v, named)
		}
	case Panicked:
		w.text("panic(")
		w.panicked(outcome.Panic)
		w.text(")")
	default:
		w.text(outcome.Ended.String())
	}
	return w.finish()
}

// Text returns an outcome as text.
func (r *Renderer) Text(outcome *Outcome) string { return string(r.Append(nil, outcome)) }

// IsContextError says whether err comes from a context that ended: the operation may or may not have happened.
func IsContextError(err error) bool {
	_, ok := contextError(err, nil)
	return ok
}

// ContextError says whether one of the results is the error of a context that ended, which makes the operation
// Indeterminate.
func (o *Outcome) ContextError() bool {
	for _, v := range o.Results {
		if t := v.Type(); t.Kind() == reflect.Interface && !v.IsNil() || t.Kind() != reflect.Interface && traitsOf(t).isError {
			if err, ok := v.Interface().(error); ok && IsContextError(err) {
				return true
			}
		}
	}
	return false
}

func contextError(err error, passes func(any) bool) (name string, ok bool) {
	switch {
	case is(err, context.Canceled, passes):
		return "context.Canceled", true
	case is(err, context.DeadlineExceeded, passes):
		return "context.DeadlineExceeded", true
	}
	return "", false
}

// runtimeType is the type inside every reflect.Type. Its memory belongs to the runtime, and is not content.
var runtimeType = reflect.TypeOf(reflect.TypeFor[int]())

// is is errors.Is for unknown errors, whose methods may panic.
func is(err, target error, passes func(any) bool) (yes bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			letPass(recovered, passes)
		}
	}()
	return target != nil && errors.Is(err, target)
}

// letPass panics again if the panic does not belong to the code that was called.
func letPass(recovered any, passes func(any) bool) {
	if passes != nil && passes(recovered) {
		panic(recovered)
	}
}

// special renders values that have a form of their own, and says whether v is one.
func (w *writer) special(v reflect.Value, at place) bool {
	t := v.Type()
	if t == sequenceType {
		w.sequence(v.Interface().(Sequence))
		return true
	}
	if t == runtimeType && !v.CanInterface() {
		w.text("reflect.Type(...)")
		return true
	}
	if t.Kind() == reflect.Interface || !v.CanInterface() || !traitsOf(t).isError && t != runtimeType {
		return false
	}
	switch x := v.Interface().(type) {
	case reflect.Type:
		w.text("reflect.Type(" + x.String() + ")")
		return true
	case error:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			w.null(t, at)
		} else {
			w.problem(x)
		}
		return true
	}
	return false
}

// count counts one more part, and says whether there are now too many.
func (w *writer) count() bool {
	w.parts++
	if w.parts == maxRenderedParts+1 {
		w.text("...(more than " + strconv.Itoa(maxRenderedParts) + " parts)")
	}
	return w.exhausted()
}

func (w *writer) exhausted() bool { return w.parts > maxRenderedParts }

// problem renders an error.
func (w *writer) problem(err error) {
	for _, s := range w.rendering.Sentinels {
		if is(err, s.Error, w.rendering.Passes) {
			if s.Name == "" {
				w.problemText(s.Error)
			} else {
				w.text(s.Name)
			}
			return
		}
	}
	if name, ok := contextError(err, w.rendering.Passes); ok {
		w.text(name)
		return
	}
	w.problemText(err)
}

func (w *writer) problemText(err error) {
	w.text(reflect.TypeOf(err).String())
	w.text("(")
	defer w.text(")")
	defer func() {
		if recovered := recover(); recovered != nil {
			letPass(recovered, w.rendering.Passes)
			w.text("its method Error panics")
		}
	}()
	w.out = appendQuoted(w.out, withoutAddresses(err.Error()))
}

// panicked renders the value that an operation panicked with. An error of the runtime is rendered as its text.
func (w *writer) panicked(value any) {
	switch x := value.(type) {
	case runtime.Error:
		quoted := appendQuoted(nil, withoutAddresses(x.Error()))
		w.out = append(w.out, quoted[1:len(quoted)-1]...)
	case string:
		w.out = appendQuoted(w.out, withoutAddresses(x))
	case nil:
		w.text("nil")
	default:
		w.value(reflect.ValueOf(value), unknown)
	}
}

// addresses matches text that differs between executions: pointers into Go's heap, and goroutine numbers.
var addresses = regexp.MustCompile(`0x(c0[0-9a-f]{8}|[0-9a-f]{11,16})\b|\bgoroutine [0-9]+`)

func withoutAddresses(text string) string {
	return addresses.ReplaceAllStringFunc(text, func(found string) string {
		if found[0] == 'g' {
			return "goroutine N"
		}
		return "0x..."
	})
}

func (w *writer) sequence(s Sequence) {
	w.text("seq(")
	for i, v := range s.Elements {
		w.comma(i)
		w.value(v, named)
		if s.Seconds != nil {
			w.text(": ")
			w.value(s.Seconds[i], named)
		}
	}
	if s.More {
		w.comma(len(s.Elements))
		w.text("...")
	}
	w.text(")")
}

// open records the reference in v while its content is written. If v contains itself, open writes a back reference and
// returns false.
func (w *writer) open(v reflect.Value) bool {
	key := referenceOf(v)
	for i := len(w.path) - 1; i >= 0; i-- {
		if w.path[i] == key && (v.Kind() != reflect.Slice || key.length > 0) {
			w.text("^")
			w.out = strconv.AppendInt(w.out, int64(len(w.path)-i), 10)
			return false
		}
	}
	w.path = append(w.path, key)
	return true
}

func (w *writer) limit() int {
	if w.rendering.Limit > 0 {
		return w.rendering.Limit
	}
	return DefaultLimit
}

// spill moves text far beyond the limit into the hash, so that a large result takes little memory.
func (w *writer) spill() {
	if w.holding == 0 && len(w.out)-w.start > w.limit()+4096 {
		w.cut()
	}
}

func (w *writer) cut() {
	keep := w.start + w.limit()
	if w.rest == nil {
		w.rest = sha256.New()
	}
	w.rest.Write(w.out[keep:])
	w.restBytes += len(w.out) - keep
	w.out = w.out[:keep]
}

func (w *writer) finish() []byte {
	if len(w.out)-w.start <= w.limit() && w.rest == nil {
		return w.out
	}
	w.cut()
	return fmt.Appendf(w.out, "...(%d more bytes, sha256 %s)", w.restBytes, hex.EncodeToString(w.rest.Sum(nil)[:12]))
}
