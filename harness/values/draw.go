package values

import (
	"math"
	"math/rand"
	"reflect"
	"strconv"
	"time"
)

// Defaults of a Drawing: for Keys, Elements and Depth.
const (
	DefaultKeys   = 3
	DefaultLength = 3
	DefaultDepth  = 3
)

// maxParts bounds the number of parts of one argument.
const maxParts = 256

// A Drawing draws the arguments of one program. All randomness comes from Random, so equal sources draw equal arguments.
//
// The first argument of an operation comes from a small domain that all operations share, so that clients meet: "a", "b",
// "c"; 0, 1, 2; a struct, slice, map or pointer made of one of these. If the first argument is variadic, this holds for all
// its elements. A duration is always one of a few.
type Drawing struct {
	Random *rand.Rand
	// Unique makes the other arguments distinct within the program, as far as their types have enough values: "v1", "v2"; 1,
	// 2. (Equal values hide lost updates.) Without it they are small, and occasionally extreme.
	Unique bool
	// Keys is the size of the small domain; default DefaultKeys.
	Keys int
	// Elements bounds the length of slices and maps; default DefaultLength.
	Elements int
	// Depth bounds how deep slices, maps and pointers nest; default DefaultDepth. Deeper ones are nil.
	Depth int
	// NaN lets floats occasionally be NaN. NaN does not equal itself, so few subjects can handle it correctly.
	NaN bool

	count uint64          // how many unique values have been drawn
	seen  map[string]bool // the values that generators have drawn
}

// Draw draws the arguments of one call. Only a user's generator can cause an error.
func (d *Drawing) Draw(o *Operation) ([]reflect.Value, error) {
	n := o.fixed()
	if o.variadic {
		n += d.Random.Intn(4)
	}
	arguments := make([]reflect.Value, n)
	for i := range arguments {
		a := o.argument(i)
		first := i == 0 || o.fixed() == 0
		if a.generator != nil {
			v, err := d.generate(o, i, !first && d.Unique)
			if err != nil {
				return nil, err
			}
			arguments[i] = v
			continue
		}
		arguments[i] = d.value(a.kind, first)
	}
	return arguments, nil
}

func orDefault(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// value draws one value by its type.
func (d *Drawing) value(t reflect.Type, first bool) reflect.Value {
	m := maker{Drawing: d, way: free, depth: orDefault(d.Depth, DefaultDepth), elements: orDefault(d.Elements, DefaultLength), parts: maxParts}
	switch {
	case first:
		m.way, m.key, m.depth, m.elements = keyed, uint64(d.Random.Intn(orDefault(d.Keys, DefaultKeys))), 2, 1
	case d.Unique:
		m.way = unique
	}
	v := reflect.New(t).Elem()
	m.fill(v)
	return v
}

// A way says how the leaves of a value are drawn.
type way uint8

const (
	free   way = iota // small, occasionally extreme
	keyed             // all made from one number of the small domain
	unique            // made from the next number of the program
)

// A maker fills one value.
type maker struct {
	*Drawing
	way      way
	key      uint64
	depth    int // how many more levels of slices, maps and pointers may follow
	elements int
	parts    int // how many more parts the value may have
}

// number returns the number from which the next leaf is made.
func (m *maker) number() uint64 {
	switch m.way {
	case keyed:
		return m.key
	case unique:
		m.count++
		return m.count
	}
	return uint64(m.Random.Intn(10))
}

// sometimes is true for one free leaf in 16, which is then extreme.
func (m *maker) sometimes() bool { return m.way == free && m.Random.Intn(16) == 0 }

// durations are few, so that those of different clients coincide, and their sums too.
var durations = []time.Duration{0, time.Millisecond, time.Second, time.Minute}

func (m *maker) fill(v reflect.Value) {
	if m.parts--; m.parts < 0 {
		return
	}
	switch {
	case v.Type() == durationType:
		if m.way == keyed {
			v.SetInt(int64(durations[m.key%uint64(len(durations))]))
		} else {
			v.SetInt(int64(durations[m.Random.Intn(len(durations))]))
		}
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Unix(int64(m.number()), 0).UTC()))
	case isBasic(v.Kind()):
		m.basic(v)
	default:
		m.container(v)
	}
}

// strange holds strings that trip up a careless subject or text format.
var strange = []string{"", " ", "\x00", "\n", "\xff", "\u00e9", "\U0001f600", `"`, `\`, "'", "`", "a, b", "a; b", "(", "}", "../a", "%s", "a\x00b"}

func (m *maker) basic(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(m.way == keyed && m.key%2 == 1 || m.way != keyed && m.Random.Intn(2) == 1)
	case v.Kind() == reflect.String:
		v.SetString(m.string())
	case v.CanInt():
		m.int(v)
	case v.CanUint():
		n, bits := m.number(), v.Type().Bits()
		if m.sometimes() {
			n = math.MaxUint64
		}
		v.SetUint(n << (64 - bits) >> (64 - bits))
	case v.CanFloat():
		v.SetFloat(m.float(v.Type().Bits()))
	default:
		imaginary := 0.0
		if m.way == free {
			imaginary = m.float(v.Type().Bits() / 2)
		}
		v.SetComplex(complex(m.float(v.Type().Bits()/2), imaginary))
	}
}

func (m *maker) int(v reflect.Value) {
	bits := v.Type().Bits()
	if !m.sometimes() {
		// All values fit, except in an int8: that has 128 values, then starts again from 0.
		v.SetInt(int64(m.number() & (1<<(bits-1) - 1)))
		return
	}
	least := int64(-1) << (bits - 1)
	v.SetInt([]int64{least, -1, -(least + 1)}[m.Random.Intn(3)])
}

func (m *maker) float(bits int) float64 {
	f := float64(m.number())
	if m.way != free {
		return f
	}
	if m.NaN && m.Random.Intn(16) == 0 {
		return math.NaN()
	}
	if !m.sometimes() {
		return f + float64(m.Random.Intn(2))/2
	}
	largest := math.MaxFloat64
	if bits == 32 {
		largest = math.MaxFloat32
	}
	return []float64{-1.5, largest, math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}[m.Random.Intn(5)]
}

func (m *maker) string() string {
	switch n := m.number(); {
	case m.way == keyed && n < 26:
		return string(rune('a' + n))
	case m.way == keyed:
		return "k" + strconv.FormatUint(n, 10)
	case m.sometimes():
		return strange[m.Random.Intn(len(strange))]
	default:
		return "v" + strconv.FormatUint(n, 10)
	}
}

// container fills a value that holds other values.
func (m *maker) container(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				m.fill(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			if m.parts <= 0 {
				return
			}
			m.fill(v.Index(i))
		}
	case reflect.Interface:
		m.any(v)
	case reflect.Slice, reflect.Map, reflect.Pointer:
		if m.depth > 0 && !(m.way == free && m.Random.Intn(8) == 0) {
			m.depth--
			m.reference(v)
			m.depth++
		}
	}
}

// any fills an interface with an int or a string.
func (m *maker) any(v reflect.Value) {
	inner := reflect.New(predeclared[reflect.String]).Elem()
	if m.way == keyed && m.key%2 == 0 || m.way != keyed && m.Random.Intn(2) == 0 {
		inner = reflect.New(predeclared[reflect.Int]).Elem()
	}
	m.basic(inner)
	v.Set(inner)
}

// reference fills a slice, a map or a pointer with something that is not nil.
func (m *maker) reference(v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		pointer := reflect.New(v.Type().Elem())
		m.fill(pointer.Elem())
		v.Set(pointer.Convert(v.Type()))
		return
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(m.string()))
		return
	}
	n := 1
	switch m.way {
	case free:
		n = m.Random.Intn(m.elements + 1)
	case unique:
		n = 1 + m.Random.Intn(m.elements)
	}
	n = min(n, max(m.parts, 0))
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			m.fill(v.Index(i))
		}
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		m.fill(key)
		m.fill(element)
		v.SetMapIndex(key, element)
	}
}
