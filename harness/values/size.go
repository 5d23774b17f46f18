package values

import (
	"math"
	"math/bits"
	"reflect"
	"time"
)

// A Size is the distance of a value from the smallest of its type. It is a natural number of 128 bits, so no chain of ever
// smaller values is endless.
type Size struct{ high, low uint64 }

// Less says whether s is smaller.
func (s Size) Less(than Size) bool {
	return s.high < than.high || s.high == than.high && s.low < than.low
}

func (s Size) plus(t Size) Size {
	low, carry := bits.Add64(s.low, t.low, 0)
	return Size{s.high + t.high + carry, low}
}

func size(n uint64) Size { return Size{low: n} }

// Sizes of floats other than integers of at most 53 bits. Each is larger than the sizes of the values to which it can
// shrink.
const (
	sizeOfFraction = 1 << 60
	sizeOfHuge     = 1 << 61
	sizeOfNoNumber = 1 << 62
)

// SizeOf returns the size of v: for numbers the distance from zero, for strings and containers the size of their content.
func SizeOf(v reflect.Value) Size {
	switch {
	case v.Type() == timeType:
		return sizeOfTime(v.Interface().(time.Time))
	case v.CanInt():
		return sizeOfInt(v.Int())
	case v.CanUint():
		return size(v.Uint())
	case v.CanFloat():
		return sizeOfFloat(v.Float())
	case v.CanComplex():
		return sizeOfFloat(real(v.Complex())).plus(sizeOfFloat(imag(v.Complex())))
	}
	return sizeOfRest(v)
}

// SizeOfAll returns the size of the arguments of a call: their number, plus the size of each.
func SizeOfAll(arguments []reflect.Value) Size {
	s := size(uint64(len(arguments)))
	for _, v := range arguments {
		s = s.plus(SizeOf(v))
	}
	return s
}

func sizeOfRest(v reflect.Value) (s Size) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return size(1)
		}
	case reflect.String:
		return sizeOfString(v.String())
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return SizeOf(v.Elem()).plus(size(1))
		}
	case reflect.Slice:
		if v.IsNil() {
			break
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return sizeOfString(string(v.Bytes())).plus(size(1))
		}
		s = size(1 + uint64(v.Len()))
		for i := range v.Len() {
			s = s.plus(SizeOf(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		s = size(1 + uint64(v.Len()))
		for entry := v.MapRange(); entry.Next(); {
			s = s.plus(SizeOf(entry.Key())).plus(SizeOf(entry.Value()))
		}
	case reflect.Array:
		for i := range v.Len() {
			s = s.plus(SizeOf(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s = s.plus(SizeOf(v.Field(i)))
			}
		}
	}
	return s
}

// sizeOfInt returns twice the distance from zero, plus one for a negative number: 0, 1, -1, 2, -2.
func sizeOfInt(n int64) Size {
	if n >= 0 {
		return Size{low: uint64(n)}.plus(Size{low: uint64(n)})
	}
	distance := size(-uint64(n))
	return distance.plus(distance).plus(size(1))
}

func sizeOfFloat(f float64) Size {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return size(sizeOfNoNumber)
	case math.Abs(f) >= 1<<53:
		return size(sizeOfHuge).plus(sign(f))
	case f != math.Trunc(f):
		return size(sizeOfFraction).plus(sign(f))
	}
	return sizeOfInt(int64(math.Abs(f))).plus(sign(f))
}

func sign(f float64) Size {
	if math.Signbit(f) {
		return size(1)
	}
	return Size{}
}

// sizeOfString counts one for each 'a', and two for any other byte.
func sizeOfString(s string) Size {
	n := 2 * uint64(len(s))
	for i := range len(s) {
		if s[i] == 'a' {
			n--
		}
	}
	return size(n)
}

func sizeOfTime(t time.Time) Size {
	if t.IsZero() {
		return Size{}
	}
	return sizeOfInt(t.Unix()).plus(sizeOfInt(int64(t.Nanosecond()))).plus(size(1))
}
