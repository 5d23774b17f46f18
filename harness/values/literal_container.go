package values

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// skips says whether a field does not count as content.
func (w *writer) skips(f reflect.StructField) bool {
	return f.Name == "_" || w.rendering != nil && w.rendering.Exported && !f.IsExported()
}

// An entry is an entry of a map, with its key as text.
type entry struct {
	key, value reflect.Value
	text       string
}

// entries writes a map in the order of its keys; keys that cannot be ordered come in the order of their texts.
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

// sorted returns the entries of a map in that order.
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

// held returns v's text, written aside. It counts towards no bound, because entries are not sorted yet.
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

// compareKeys orders keys of the ordered basic types, NaN first. It returns 0 for any other.
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

// leftOut says whether v is zero, so that a struct, or the end of an array, omits it. Unlike reflect.Value.IsZero it tells
// -0.0 from 0, and treats as zero what a rendering treats as equal to zero.
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
