package values

import (
	"iter"
	"math"
	"reflect"
	"time"
	"unicode/utf8"
)

// Smaller yields values that are one step smaller than v: numbers closer to zero, strings and containers first shorter, then
// simpler, and nil last. The largest steps come first. Each has a smaller SizeOf. They share with v what it refers to.
func Smaller(v reflect.Value) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) { smaller(v, yield) }
}

// smaller returns whether to go on.
func smaller(v reflect.Value, yield func(reflect.Value) bool) bool {
	switch {
	case v.Type() == timeType:
		return smallerTime(v.Interface().(time.Time), yield)
	case v.CanInt():
		return smallerInt(v.Int(), func(n int64) bool { return yield(changed(v, func(c reflect.Value) { c.SetInt(n) })) })
	case v.CanUint():
		return smallerUint(v.Uint(), func(n uint64) bool { return yield(changed(v, func(c reflect.Value) { c.SetUint(n) })) })
	case v.CanFloat():
		return smallerFloat(v.Float(), func(f float64) bool { return yield(changed(v, func(c reflect.Value) { c.SetFloat(f) })) })
	case v.CanComplex():
		set := func(x, y float64) bool {
			return yield(changed(v, func(c reflect.Value) { c.SetComplex(complex(x, y)) }))
		}
		x, y := real(v.Complex()), imag(v.Complex())
		return smallerFloat(y, func(y float64) bool { return set(x, y) }) && smallerFloat(x, func(x float64) bool { return set(x, y) })
	}
	switch v.Kind() {
	case reflect.Bool:
		return !v.Bool() || yield(reflect.Zero(v.Type()))
	case reflect.String:
		return smallerString(v.String(), func(s string) bool { return yield(changed(v, func(c reflect.Value) { c.SetString(s) })) })
	case reflect.Pointer, reflect.Interface:
		return smallerReferred(v, yield)
	case reflect.Slice:
		return smallerSlice(v, yield)
	case reflect.Map:
		return smallerMap(v, yield)
	case reflect.Array, reflect.Struct:
		return smallerParts(v, yield)
	}
	return true
}

// changed returns a shallow copy of v with one change.
func changed(v reflect.Value, change func(reflect.Value)) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	change(c)
	return c
}

// smallerUint yields 0, then a half, three quarters and so on, and n-1 last, so that few steps find any bound.
func smallerUint(n uint64, yield func(uint64) bool) bool {
	for step := n; step > 0; step /= 2 {
		if !yield(n - step) {
			return false
		}
	}
	return true
}

func smallerInt(n int64, yield func(int64) bool) bool {
	if n >= 0 {
		return smallerUint(uint64(n), func(u uint64) bool { return yield(int64(u)) })
	}
	if n != math.MinInt64 && !yield(-n) {
		return false
	}
	return smallerUint(-uint64(n), func(u uint64) bool { return yield(-int64(u)) })
}

func smallerFloat(f float64, yield func(float64) bool) bool {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0), math.Abs(f) >= 1<<53:
		if !yield(0) || !yield(1) {
			return false
		}
		return !math.Signbit(f) || math.IsInf(f, 0) || math.IsNaN(f) || yield(-f)
	case f != math.Trunc(f):
		return yield(0) && yield(math.Abs(math.Trunc(f))) && (!math.Signbit(f) || yield(-f))
	case f == 0:
		return !math.Signbit(f) || yield(0)
	}
	return smallerInt(int64(f), func(n int64) bool { return yield(float64(n)) })
}

func smallerTime(t time.Time, yield func(reflect.Value) bool) bool {
	if t.IsZero() {
		return true
	}
	offer := func(seconds, nanoseconds int64) bool {
		return yield(reflect.ValueOf(time.Unix(seconds, nanoseconds).UTC()))
	}
	seconds, nanoseconds := t.Unix(), int64(t.Nanosecond())
	return smallerInt(nanoseconds, func(n int64) bool { return offer(seconds, n) }) &&
		smallerInt(seconds, func(n int64) bool { return offer(n, nanoseconds) }) &&
		yield(reflect.ValueOf(time.Time{}))
}

// runs yields the bounds of what to leave out of n things: all, then each half, each quarter, and so on, and last each
// single one.
func runs(n int, yield func(from, to int) bool) bool {
	for length := n; length > 0; length /= 2 {
		for from := 0; from < n; from += length {
			if !yield(from, min(from+length, n)) {
				return false
			}
		}
	}
	return true
}

func smallerString(s string, yield func(string) bool) bool {
	var starts []int // of characters; an invalid byte counts as one
	for i := 0; i < len(s); {
		starts = append(starts, i)
		_, width := utf8.DecodeRuneInString(s[i:])
		i += width
	}
	n := len(starts)
	starts = append(starts, len(s))
	if !runs(n, func(from, to int) bool { return yield(s[:starts[from]] + s[starts[to]:]) }) {
		return false
	}
	for i := range n {
		if from, to := starts[i], starts[i+1]; s[from:to] != "a" && !yield(s[:from]+"a"+s[to:]) {
			return false
		}
	}
	return true
}

// smallerReferred makes the value that a reference refers to smaller, and yields nil last, because operations refuse nil
// more often than small values.
func smallerReferred(v reflect.Value, yield func(reflect.Value) bool) bool {
	if v.IsNil() {
		return true
	}
	again := smaller(v.Elem(), func(e reflect.Value) bool {
		if v.Kind() == reflect.Interface {
			return yield(changed(v, func(c reflect.Value) { c.Set(e) }))
		}
		pointer := reflect.New(v.Type().Elem())
		pointer.Elem().Set(e)
		return yield(pointer.Convert(v.Type()))
	})
	return again && yield(reflect.Zero(v.Type()))
}

func smallerSlice(v reflect.Value, yield func(reflect.Value) bool) bool {
	switch {
	case v.IsNil():
		return true
	case v.Len() == 0:
		return yield(reflect.Zero(v.Type()))
	case v.Type().Elem().Kind() == reflect.Uint8:
		return smallerString(string(v.Bytes()), func(s string) bool {
			return yield(changed(v, func(c reflect.Value) { c.SetBytes([]byte(s)) }))
		})
	}
	without := func(from, to int) bool {
		c := reflect.MakeSlice(v.Type(), 0, v.Len()-(to-from))
		return yield(reflect.AppendSlice(reflect.AppendSlice(c, v.Slice(0, from)), v.Slice(to, v.Len())))
	}
	if !runs(v.Len(), without) {
		return false
	}
	for i := range v.Len() {
		if !smaller(v.Index(i), func(e reflect.Value) bool {
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(c, v)
			c.Index(i).Set(e)
			return yield(c)
		}) {
			return false
		}
	}
	return true
}

func smallerMap(v reflect.Value, yield func(reflect.Value) bool) bool {
	switch {
	case v.IsNil():
		return true
	case v.Len() == 0:
		return yield(reflect.Zero(v.Type()))
	}
	w := writer{}
	keys := w.sorted(v)
	// rebuilt yields the map without some keys, and with one entry in place of another.
	rebuilt := func(from, to int, key, element reflect.Value) bool {
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for i, e := range keys {
			if i < from || i >= to {
				c.SetMapIndex(e.key, e.value)
			}
		}
		if key.IsValid() {
			c.SetMapIndex(key, element)
		}
		return yield(c)
	}
	if !runs(len(keys), func(from, to int) bool { return rebuilt(from, to, reflect.Value{}, reflect.Value{}) }) {
		return false
	}
	for i, e := range keys {
		if !smaller(e.value, func(element reflect.Value) bool { return rebuilt(i, i+1, e.key, element) }) ||
			!smaller(e.key, func(key reflect.Value) bool {
				return v.MapIndex(key).IsValid() || rebuilt(i, i+1, key, e.value)
			}) {
			return false
		}
	}
	return true
}

// smallerParts makes one field or element zero or smaller.
func smallerParts(v reflect.Value, yield func(reflect.Value) bool) bool {
	n, part := 0, reflect.Value.Index
	if v.Kind() == reflect.Struct {
		n, part = v.NumField(), reflect.Value.Field
	} else {
		n = v.Len()
	}
	for i := range n {
		if v.Kind() == reflect.Struct && !v.Type().Field(i).IsExported() {
			continue
		}
		offer := func(p reflect.Value) bool { return yield(changed(v, func(c reflect.Value) { part(c, i).Set(p) })) }
		zero := reflect.Zero(part(v, i).Type())
		if SizeOf(zero).Less(SizeOf(part(v, i))) && !offer(zero) || !smaller(part(v, i), offer) {
			return false
		}
	}
	return true
}
