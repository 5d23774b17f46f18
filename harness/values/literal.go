package values

import (
	"fmt"
	"hash"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// maxDepth bounds how deep literals nest.
const maxDepth = 64

// Literal returns v as a Go literal of its type, in the canonical form of the package comment. It is an error if no literal
// can express v: channels, functions, content of unexported fields, types that an any cannot name, cycles.
func Literal(v reflect.Value) (string, error) {
	w := writer{}
	w.value(v, named)
	return string(w.out), w.err
}

// A place says how much of a value's type the reader already knows.
type place uint8

const (
	named     place = iota // the type is known; a composite literal begins with it: an argument, a field
	element                // the type is known, and precedes the elements: []Point{{X: 1}}
	unknown                // an interface: the type must be written
	converted              // inside a conversion, which gives a constant its type
)

// A writer writes literals of arguments, and also results (rendering is then set), which can hold more than literals
// express.
type writer struct {
	out   []byte
	err   error // the first thing that a literal cannot express
	depth int

	rendering *Renderer
	start     int         // offset in out at which the result begins
	parts     int         // how many parts have been rendered
	path      []reference // the references that lead to the value being rendered
	holding   int         // positive while a text is written aside
	rest      hash.Hash   // of the text beyond the limit
	restBytes int
}

func (w *writer) text(s string) { w.out = append(w.out, s...) }

func (w *writer) fail(format string, a ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, a...)
	}
	w.text("?")
}

// value writes v. It handles basic types first, because most results have one.
func (w *writer) value(v reflect.Value, at place) {
	t := v.Type()
	if w.rendering != nil && w.count() {
		return
	}
	if isPredeclared(t) && (at != unknown || isDefault(t)) {
		w.basic(v, at)
		return
	}
	if w.rendering != nil && w.special(v, at) {
		return
	}
	switch {
	case t == durationType:
		w.duration(time.Duration(v.Int()), at)
	case t == timeType:
		w.time(v)
	case isBasic(t.Kind()):
		if at == unknown && !isDefault(t) {
			w.typeName(t, at)
			w.text("(")
			w.basic(v, converted)
			w.text(")")
			return
		}
		w.basic(v, at)
	default:
		w.enter(v, at)
	}
}

func (w *writer) basic(v reflect.Value, at place) {
	if (at == named || at == element) && needsConversion(v) {
		w.typeName(v.Type(), named)
		w.text("(")
		defer w.text(")")
	}
	switch v.Kind() {
	case reflect.Bool:
		w.out = strconv.AppendBool(w.out, v.Bool())
	case reflect.String:
		w.out = appendQuoted(w.out, v.String())
	case reflect.Float32:
		w.out = appendFloat(w.out, v.Float(), 32, at == unknown)
	case reflect.Float64:
		w.out = appendFloat(w.out, v.Float(), 64, at == unknown)
	case reflect.Complex64, reflect.Complex128:
		bits := v.Type().Bits() / 2
		w.text("complex(")
		w.out = appendFloat(w.out, real(v.Complex()), bits, false)
		w.text(", ")
		w.out = appendFloat(w.out, imag(v.Complex()), bits, false)
		w.text(")")
	default:
		if v.CanInt() {
			w.out = strconv.AppendInt(w.out, v.Int(), 10)
		} else {
			w.out = strconv.AppendUint(w.out, v.Uint(), 10)
		}
	}
}

// needsConversion says whether v is written as a call to package math, whose result is a float64 and not a constant.
func needsConversion(v reflect.Value) bool {
	switch {
	case v.CanFloat():
		return isOdd(v.Float()) && !isDefault(v.Type())
	case v.CanComplex():
		return (isOdd(real(v.Complex())) || isOdd(imag(v.Complex()))) && v.Type() != predeclared[reflect.Complex128]
	}
	return false
}

// isOdd says whether no Go constant equals f.
func isOdd(f float64) bool {
	return math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f)
}

// appendQuoted quotes in printable ASCII, without a single quote, which would end a shell's quote.
func appendQuoted(out []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '\'' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(out, '"'), s...), '"')
	}
	from := len(out)
	out = strconv.AppendQuoteToASCII(out, s)
	if strings.IndexByte(s, '\'') < 0 {
		return out
	}
	quoted := strings.ReplaceAll(string(out[from:]), "'", `\x27`)
	return append(out[:from], quoted...)
}

// appendFloat writes a number that reads back as the same bits. If typed is set, the text does not look like an integer.
func appendFloat(out []byte, f float64, bits int, typed bool) []byte {
	switch {
	case math.IsNaN(f):
		return append(out, "math.NaN()"...)
	case math.IsInf(f, 1):
		return append(out, "math.Inf(1)"...)
	case math.IsInf(f, -1):
		return append(out, "math.Inf(-1)"...)
	case f == 0 && math.Signbit(f):
		return append(out, "math.Copysign(0, -1)"...) // -0.0 is 0 in Go
	}
	from := len(out)
	out = strconv.AppendFloat(out, f, 'g', -1, bits)
	if typed && !strings.ContainsAny(string(out[from:]), ".e") {
		out = append(out, ".0"...)
	}
	return out
}

// units are the units for durations; the longest that divides a duration is used.
var units = []struct {
	name string
	unit time.Duration
}{
	{"time.Hour", time.Hour},
	{"time.Minute", time.Minute},
	{"time.Second", time.Second},
	{"time.Millisecond", time.Millisecond},
	{"time.Microsecond", time.Microsecond},
	{"time.Nanosecond", time.Nanosecond},
}

func (w *writer) duration(d time.Duration, at place) {
	if d == 0 {
		w.text("0")
		if at == unknown {
			w.text("*time.Second")
		}
		return
	}
	for _, u := range units {
		if d%u.unit == 0 {
			w.out = strconv.AppendInt(w.out, int64(d/u.unit), 10)
			w.text("*")
			w.text(u.name)
			return
		}
	}
}

func (w *writer) time(v reflect.Value) {
	if !v.CanInterface() { // in an unexported field
		w.text("time.Time{...}")
		return
	}
	t := v.Interface().(time.Time)
	switch {
	case t.Equal(time.Time{}):
		w.text("time.Time{}")
	case w.rendering != nil:
		w.out = t.UTC().AppendFormat(w.out, time.RFC3339Nano)
	default:
		w.text("time.Unix(" + strconv.FormatInt(t.Unix(), 10) + ", " + strconv.Itoa(t.Nanosecond()) + ").UTC()")
	}
}

// enter writes a value that is not basic, one level deeper.
func (w *writer) enter(v reflect.Value, at place) {
	most := maxDepth
	if w.rendering != nil {
		most = maxRenderedDepth
	}
	switch w.depth++; {
	case w.depth <= most:
		w.composite(v, at)
	case w.rendering != nil:
		w.text("...(deeper)")
	default:
		w.fail("the value nests deeper than %d levels", most)
	}
	w.depth--
}

func (w *writer) composite(v reflect.Value, at place) {
	t := v.Type()
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			w.text("nil")
			return
		}
		if w.rendering == nil && !canName(v.Elem().Type()) {
			w.fail("an any that holds a %s cannot be read back", typeText(v.Elem().Type()))
			return
		}
		w.value(v.Elem(), unknown)
	case reflect.Slice, reflect.Map, reflect.Pointer:
		if v.IsNil() && (w.rendering == nil || w.rendering.Nil || v.Kind() == reflect.Pointer) {
			w.null(t, at)
			return
		}
		if w.rendering != nil && !w.open(v) {
			return
		}
		w.filled(v, at)
		if w.rendering != nil {
			w.path = w.path[:len(w.path)-1]
		}
	case reflect.Array, reflect.Struct:
		w.filled(v, at)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		if w.rendering == nil {
			w.fail("a %s cannot be written", typeText(t))
			return
		}
		if v.IsNil() {
			w.null(t, at)
			return
		}
		w.text("(")
		w.typeName(t, at)
		w.text(")(...)")
	}
}

// null writes nil, with its type if nothing else shows it.
func (w *writer) null(t reflect.Type, at place) {
	if at != unknown {
		w.text("nil")
		return
	}
	if k := t.Kind(); t.Name() == "" && (k == reflect.Pointer || k == reflect.Chan || k == reflect.Func) {
		w.text("(")
		w.typeName(t, at)
		w.text(")(nil)")
		return
	}
	w.typeName(t, at)
	w.text("(nil)")
}

// filled writes a value that is neither basic nor nil.
func (w *writer) filled(v reflect.Value, at place) {
	t := v.Type()
	switch {
	case v.Kind() == reflect.Pointer:
		w.pointer(v.Elem(), at)
		return
	case v.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		w.typeName(t, at)
		w.text("(")
		w.out = appendQuoted(w.out, string(v.Bytes()))
		w.text(")")
		return
	case at != element:
		w.typeName(t, at)
	}
	w.text("{")
	switch v.Kind() {
	case reflect.Struct:
		w.fields(v)
	case reflect.Map:
		w.entries(v)
	default:
		n := v.Len()
		for v.Kind() == reflect.Array && n > 0 && w.leftOut(v.Index(n-1)) {
			n--
		}
		for i := 0; i < n && !w.exhausted(); i++ {
			w.comma(i)
			w.value(v.Index(i), element)
		}
	}
	w.text("}")
}

func (w *writer) comma(i int) {
	if i > 0 {
		w.text(", ")
	}
	if w.rendering != nil {
		w.spill()
	}
}

// pointer writes a pointer to v: & before a composite literal, new(...) around anything else.
func (w *writer) pointer(v reflect.Value, at place) {
	switch {
	case !hasAddress(v) && v.Kind() == reflect.Interface:
		w.text("new(any(")
		w.value(v, unknown)
		w.text("))")
	case !hasAddress(v):
		w.text("new(")
		w.value(v, unknown)
		w.text(")")
	case at == element:
		w.value(v, element)
	default:
		w.text("&")
		w.value(v, at)
	}
}

// hasAddress says whether v is written as a composite literal, whose address Go can take.
func hasAddress(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct:
		return v.Type() != timeType
	case reflect.Array:
		return true
	case reflect.Map:
		return !v.IsNil()
	case reflect.Slice:
		return !v.IsNil() && v.Type().Elem().Kind() != reflect.Uint8
	}
	return false
}

// typeName writes a type. In a result, if nothing else shows the type, it includes the package: two packages may have types
// of the same name.
func (w *writer) typeName(t reflect.Type, at place) {
	if w.rendering != nil && at == unknown && t != bytesType {
		w.text(t.String())
		return
	}
	w.text(typeText(t))
}

var bytesType = reflect.TypeFor[[]byte]()
