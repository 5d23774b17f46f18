package values

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A cache is the subject of these tests.
type cache struct {
	data map[string]int
	kept []byte
}

var errFull = errors.New("cache: full")

func newCache() *cache { return &cache{data: map[string]int{}} }

func (c *cache) Get(key string) (int, bool) {
	v, ok := c.data[key]
	return v, ok
}

func (c *cache) Put(_ context.Context, key string, value int) error {
	if len(c.data) > 2 {
		return fmt.Errorf("put %s: %w", key, errFull)
	}
	c.data[key] = value
	return nil
}

func (c *cache) Delete(keys ...string) int {
	n := 0
	for _, key := range keys {
		if _, ok := c.data[key]; ok {
			delete(c.data, key)
			n++
		}
	}
	return n
}

func (c *cache) Keep(b []byte) { c.kept = b }

func (c *cache) All() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, key := range []string{"a", "b", "c"} {
			if v, ok := c.data[key]; ok && !yield(key, v) {
				return
			}
		}
	}
}

type (
	key    string
	digest [4]byte
	point  struct{ X, Y int }
	node   struct {
		Value int
		Next  *node
		Kids  []node
	}
	pair[K comparable, V any] struct {
		Key   K
		Value V
	}
	blob   []byte
	flags  map[key]bool
	little int8
	whole  struct {
		Name    key
		Data    []byte
		Blob    blob
		Digest  digest
		Points  []*point
		Grid    [2][2]float32
		At      time.Time
		Wait    time.Duration
		Any     any
		Anys    map[string]any
		Pair    pair[string, little]
		Flags   flags
		Complex complex64
		Inline  struct{ A, B uint16 }
		Deep    **int
		Pointed *[]int
		AnyAt   *any
		Floats  map[float64]string
		Keyed   map[pair[string, bool]][]string
		Node    *node
		Empty   struct{}
		Time    *time.Time
		hidden  int
	}
)

// kinds are types of all kinds that an argument may have.
var kinds = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](),
	reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
	reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	reflect.TypeFor[complex64](), reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[[]string](), reflect.TypeFor[map[string]int](), reflect.TypeFor[*int](), reflect.TypeFor[**string](),
	reflect.TypeFor[point](), reflect.TypeFor[*point](), reflect.TypeFor[[]point](), reflect.TypeFor[[]*point](),
	reflect.TypeFor[map[point]*point](), reflect.TypeFor[digest](), reflect.TypeFor[key](), reflect.TypeFor[blob](),
	reflect.TypeFor[[]blob](), reflect.TypeFor[any](), reflect.TypeFor[*any](), reflect.TypeFor[[]any](), reflect.TypeFor[map[any]any](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[time.Time](), reflect.TypeFor[[]*time.Time](), reflect.TypeFor[*time.Duration](),
	reflect.TypeFor[pair[string, point]](), reflect.TypeFor[map[key]pair[string, []little]](), reflect.TypeFor[struct{}](),
	reflect.TypeFor[struct{ A, B []struct{ C string } }](), reflect.TypeFor[node](), reflect.TypeFor[*node](), reflect.TypeFor[whole](),
	reflect.TypeFor[[]*whole](), reflect.TypeFor[*[3]*int](), reflect.TypeFor[*map[string]int](), reflect.TypeFor[*[]byte](),
	reflect.TypeFor[map[float64]bool](), reflect.TypeFor[map[[2]bool]rune](),
}

func must(t testing.TB, name string, function any) *Operation {
	t.Helper()
	o, err := New(name, function, reflect.TypeFor[*cache](), Options{})
	require.NoError(t, err)
	return o
}

// drawOf draws one value of each kind, in all ways.
func drawOf(seed int64, visit func(v reflect.Value)) {
	random := rand.New(rand.NewSource(seed))
	for _, unique := range []bool{false, true} {
		d := &Drawing{Random: random, Unique: unique, NaN: true}
		for _, kind := range kinds {
			visit(d.value(kind, true))
			visit(d.value(kind, false))
		}
	}
}

func text(t testing.TB, v reflect.Value) string {
	t.Helper()
	s, err := Literal(v)
	require.NoError(t, err)
	return s
}

func valueOf[T any](v T) reflect.Value { return reflect.ValueOf(&v).Elem() }
