package values

import (
	"cmp"
	"fmt"
	"hash"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDepth bounds how deep literals nest.
const maxDepth = 64

// Literal is v as a Go literal for its type, in the canonical form of the package comment. What no literal can tell is an error:
// channels, functions, content of unexported fields, types that any cannot name, circles.
func Literal(v reflect.Value) (string, error) {
	w := writer{}
	w.value(v, named)
	return string(w.out), w.err
}

// A place is how much of a value's type the reader knows already.
type place uint8

const (
	named     place = iota // the type is known; a composite literal starts with it: an argument, a field
	element                // the type is known, and stands before the elements: []Point{{X: 1}}
	unknown                // an interface: the type must be told
	converted              // inside of a conversion, which tells the type of a constant
)

// A writer writes literals of arguments, and results (rendering is then set), which hold more than literals can tell.
type writer struct {
	out   []byte
	err   error // the first thing that a literal cannot tell
	depth int

	rendering *Renderer
	start     int         // where in out the result begins
	parts     int         // how many have been rendered
	path      []reference // what the value that is being rendered lies in
	holding   int         // more than zero while a text is put together apart
	rest      hash.Hash   // of what went beyond the limit
	restBytes int
}

func (w *writer) text(s string) { w.out = append(w.out, s...) }

func (w *writer) fail(format string, a ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, a...)
	}
	w.text("?")
}

// value writes v. Basic types come first: most results are of no other.
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

// predeclared are the basic types that have no other name.
var predeclared = [reflect.UnsafePointer + 1]reflect.Type{
	reflect.Bool: reflect.TypeFor[bool](), reflect.String: reflect.TypeFor[string](),
	reflect.Int: reflect.TypeFor[int](), reflect.Int8: reflect.TypeFor[int8](), reflect.Int16: reflect.TypeFor[int16](),
	reflect.Int32: reflect.TypeFor[int32](), reflect.Int64: reflect.TypeFor[int64](),
	reflect.Uint: reflect.TypeFor[uint](), reflect.Uint8: reflect.TypeFor[uint8](), reflect.Uint16: reflect.TypeFor[uint16](),
	reflect.Uint32: reflect.TypeFor[uint32](), reflect.Uint64: reflect.TypeFor[uint64](), reflect.Uintptr: reflect.TypeFor[uintptr](),
	reflect.Float32: reflect.TypeFor[float32](), reflect.Float64: reflect.TypeFor[float64](),
	reflect.Complex64: reflect.TypeFor[complex64](), reflect.Complex128: reflect.TypeFor[complex128](),
}

func isPredeclared(t reflect.Type) bool { return predeclared[t.Kind()] == t }

// isDefault says whether an untyped constant has type t by itself.
func isDefault(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Float64, reflect.String:
		return isPredeclared(t)
	}
	return false
}

func isBasic(k reflect.Kind) bool {
	return reflect.Bool <= k && k <= reflect.Complex128 || k == reflect.String
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

// needsConversion says whether v is written by a function of package math, whose result is a float64 and no constant.
func needsConversion(v reflect.Value) bool {
	switch {
	case v.CanFloat():
		return isOdd(v.Float()) && !isDefault(v.Type())
	case v.CanComplex():
		return (isOdd(real(v.Complex())) || isOdd(imag(v.Complex()))) && v.Type() != predeclared[reflect.Complex128]
	}
	return false
}

// isOdd says whether no constant of Go is f.
func isOdd(f float64) bool {
	return math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f)
}

// appendQuoted quotes in printable ASCII, and leaves no single quote, which would end a shell's.
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

// appendFloat writes a number that reads back to the same bits; typed makes one that is no integer.
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

// units are what a duration is told in, the longest that divides it.
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

// enter writes what is no basic value, one level deeper.
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

// null writes nil, with its type where nothing else tells it.
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

// filled writes what is neither basic nor nil.
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

// pointer writes a pointer to v: & before a composite literal, new around everything else.
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

// hasAddress says whether v is written as a composite literal, of which Go takes the address.
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

func (w *writer) fields(v reflect.Value) {
	t, written := v.Type(), 0
	for i := range t.NumField() {
		f, x := t.Field(i), v.Field(i)
		if w.skips(f) || w.leftOut(x) {
			continue
		}
		if w.rendering == nil && !f.IsExported() {
			w.fail("the unexported field %s of a %s is set", f.Name, typeText(t))
			return
		}
		w.comma(written)
		written++
		w.text(f.Name)
		w.text(": ")
		w.value(x, named)
	}
}

// skips says whether a field is no content.
func (w *writer) skips(f reflect.StructField) bool {
	return f.Name == "_" || w.rendering != nil && w.rendering.Exported && !f.IsExported()
}

// An entry is one of a map, with its key as text.
type entry struct {
	key, value reflect.Value
	text       string
}

// entries writes a map in the order of its keys. Those without an order of their own come in that of their texts.
func (w *writer) entries(v reflect.Value) {
	if w.rendering != nil && v.Len() > maxRenderedParts-w.parts {
		w.text("...(" + strconv.Itoa(v.Len()) + " entries)")
		return
	}
	for i, e := range w.sorted(v) {
		w.comma(i)
		w.text(e.text)
		w.text(": ")
		w.value(e.value, element)
	}
}

// sorted are the entries of a map in their order.
func (w *writer) sorted(v reflect.Value) []entry {
	all := make([]entry, 0, v.Len())
	for next := v.MapRange(); next.Next(); {
		all = append(all, entry{next.Key(), next.Value(), w.held(next.Key())})
	}
	slices.SortFunc(all, func(a, b entry) int {
		if order := compareKeys(a.key, b.key); order != 0 {
			return order
		}
		if order := strings.Compare(a.text, b.text); order != 0 {
			return order
		}
		return strings.Compare(w.held(a.value), w.held(b.value)) // pointers to equal keys
	})
	return all
}

// held is v's text apart from the rest, which may come in any order: it counts for no bound.
func (w *writer) held(v reflect.Value) string {
	out, parts := w.out, w.parts
	w.out, w.parts = nil, 0
	w.holding++
	w.value(v, element)
	w.holding--
	text := string(w.out)
	w.out, w.parts = out, parts
	return text
}

// compareKeys orders keys of the basic types that have an order, NaN first; all others are equal to it.
func compareKeys(a, b reflect.Value) int {
	switch {
	case a.Kind() == reflect.String:
		return strings.Compare(a.String(), b.String())
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return 0
}

// leftOut says whether v is zero, so that a struct or the end of an array leaves it out. Unlike reflect.Value.IsZero it tells
// -0.0 from 0, and takes for zero what a rendering takes for equal to it.
func (w *writer) leftOut(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return math.Float64bits(v.Float()) == 0
	case reflect.Complex64, reflect.Complex128:
		return math.Float64bits(real(v.Complex())) == 0 && math.Float64bits(imag(v.Complex())) == 0
	case reflect.Slice, reflect.Map:
		return v.IsNil() || w.rendering != nil && !w.rendering.Nil && v.Len() == 0
	case reflect.Array:
		for i := range v.Len() {
			if !w.leftOut(v.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if v.Type() == timeType && v.CanInterface() {
			return v.Interface().(time.Time).IsZero()
		}
		for i := range v.NumField() {
			if !w.skips(v.Type().Field(i)) && !w.leftOut(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

// typeName writes a type. A result tells its package where nothing else does: two packages may have a type of the same name.
func (w *writer) typeName(t reflect.Type, at place) {
	if w.rendering != nil && at == unknown && t != bytesType {
		w.text(t.String())
		return
	}
	w.text(typeText(t))
}

var bytesType = reflect.TypeFor[[]byte]()

// typeText is a type as literals name it: without qualifiers, but for package time, and without type arguments.
func typeText(t reflect.Type) string {
	if t == bytesType {
		return "[]byte"
	}
	if t.Name() != "" {
		name, _, _ := strings.Cut(t.Name(), "[")
		if t.PkgPath() == "time" {
			name = "time." + name
		}
		return name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeText(t.Elem())
	case reflect.Slice:
		return "[]" + typeText(t.Elem())
	case reflect.Array:
		return "[" + strconv.Itoa(t.Len()) + "]" + typeText(t.Elem())
	case reflect.Map:
		return "map[" + typeText(t.Key()) + "]" + typeText(t.Elem())
	case reflect.Struct:
		var fields []string
		for i := range t.NumField() {
			fields = append(fields, t.Field(i).Name+" "+typeText(t.Field(i).Type))
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return "any"
		}
	}
	return t.String()
}

// canName says whether the type of an any's content can be read back from its name.
func canName(t reflect.Type) bool {
	if t == durationType || t == timeType {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return t.Name() == "" && canName(t.Elem())
	case reflect.Map:
		return t.Name() == "" && canName(t.Key()) && canName(t.Elem())
	case reflect.Interface:
		return t.NumMethod() == 0 && t.Name() == ""
	}
	return isBasic(t.Kind()) && t.PkgPath() == ""
}
