package values

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func rendered(r Renderer, results ...reflect.Value) string {
	return r.Text(&Outcome{Ended: Returned, Results: results})
}

type (
	closed  struct{ At int }
	touchy  struct{}
	secrets struct {
		Name   string
		err    error
		any    any
		m      map[string]*point
		ch     chan int
		f      func()
		at     time.Time
		p      unsafe.Pointer
		kind   reflect.Type
		nested struct{ list []string }
	}
)

func (closed) Error() string  { return "closed" }
func (*touchy) Error() string { panic("no text") }

func TestTheCanonicalTextOfResults(t *testing.T) {
	t.Parallel()
	five := 5
	var noTouchy *touchy
	r := Renderer{Sentinels: []Sentinel{{"ErrFull", errFull}, {"", fs.ErrNotExist}}}
	for _, c := range []struct {
		v    reflect.Value
		want string
	}{
		{valueOf(17), `17`},
		{valueOf("a\x00"), `"a\x00"`},
		{valueOf(little(5)), `5`},
		{valueOf(time.Second), `1*time.Second`},
		{valueOf(&five), `new(5)`},
		{valueOf(&point{1, 2}), `&point{X: 1, Y: 2}`},
		{valueOf[any](&point{1, 2}), `&values.point{X: 1, Y: 2}`},
		{valueOf[any](point{}), `values.point{}`},
		{valueOf[any](int64(5)), `int64(5)`},
		{valueOf[any](key("a")), `values.key("a")`},
		{valueOf[any](nil), `nil`},
		{valueOf([]*point{{X: 1}, nil}), `[]*point{{X: 1}, nil}`},
		{valueOf(map[string]any{"b": 1, "a": nil}), `map[string]any{"a": nil, "b": 1}`},
		{valueOf([]int(nil)), `[]int{}`},
		{valueOf([]int{}), `[]int{}`},
		{valueOf(map[string]int(nil)), `map[string]int{}`},
		{valueOf([]byte(nil)), `[]byte("")`},
		{valueOf[error](nil), `nil`},
		{valueOf(fmt.Errorf("put: %w", errFull)), `ErrFull`},
		{valueOf[error](&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}), `*errors.errorString("file does not exist")`},
		{valueOf(errors.New("it's")), `*errors.errorString("it\x27s")`},
		{valueOf(errors.New("at 0xc000123456, not 0xbeef")), `*errors.errorString("at 0x..., not 0xbeef")`},
		{valueOf[error](context.Canceled), `context.Canceled`},
		{valueOf(fmt.Errorf("w: %w", context.DeadlineExceeded)), `context.DeadlineExceeded`},
		{valueOf[error](closed{1}), `values.closed("closed")`},
		{valueOf(closed{1}), `values.closed("closed")`},
		{valueOf[any](closed{1}), `values.closed("closed")`},
		{valueOf(syscall.ENOENT), `*errors.errorString("file does not exist")`}, // it wraps the sentinel
		{valueOf(syscall.EIO), `syscall.Errno("input/output error")`},
		{valueOf[error](&touchy{}), `*values.touchy(its method Error panics)`},
		{valueOf(noTouchy), `nil`},
		{valueOf[error](noTouchy), `(*values.touchy)(nil)`},
		{valueOf(time.Unix(5, 6).In(time.FixedZone("x", 3600))), `1970-01-01T00:00:05.000000006Z`},
		{valueOf(time.Time{}), `time.Time{}`},
		{valueOf[any](reflect.TypeFor[int]()), `reflect.Type(int)`},
		{valueOf(struct{ Kind reflect.Type }{reflect.TypeFor[int]()}), `struct{Kind Type}{Kind: reflect.Type(int)}`},
		{valueOf(math.NaN()), `math.NaN()`},
		{valueOf(map[*point]int{{X: 2}: 1, {X: 1}: 2, {X: 1, Y: 0}: 1}), `map[*point]int{{X: 1}: 1, {X: 1}: 2, {X: 2}: 1}`},
	} {
		require.Equal(t, c.want, rendered(r, c.v))
	}
	require.Equal(t, `()`, rendered(r))
	require.Equal(t, `17, true`, rendered(r, valueOf(17), valueOf(true)))
	require.Equal(t, `nil`, rendered(Renderer{Nil: true}, valueOf([]int(nil))))
	require.Equal(t, `[]int{}`, rendered(Renderer{Nil: true}, valueOf([]int{})))
}

func TestUnexportedFieldsAreContentToo(t *testing.T) {
	t.Parallel()
	s := secrets{
		Name: "a", err: errFull, any: point{1, 2}, m: map[string]*point{"b": {3, 4}, "a": nil}, ch: make(chan int), f: func() {},
		at: time.Unix(1, 0), p: unsafe.Pointer(new(int)), kind: reflect.TypeFor[int](),
	}
	s.nested.list = []string{}
	want := `&secrets{Name: "a", err: &errors.errorString{s: "cache: full"}, any: values.point{X: 1, Y: 2}, ` +
		`m: map[string]*point{"a": nil, "b": {X: 3, Y: 4}}, ch: (chan int)(...), f: (func())(...), at: time.Time{...}, ` +
		`p: (Pointer)(...), kind: reflect.Type(...)}`
	require.Equal(t, want, rendered(Renderer{}, valueOf(&s)))
	require.Equal(t, `&secrets{Name: "a"}`, rendered(Renderer{Exported: true}, valueOf(&s)))
	require.Equal(t, `secrets{}`, rendered(Renderer{}, valueOf(secrets{nested: struct{ list []string }{[]string{}}})), "an empty slice is as good as none")
}

func TestCirclesAreCutWhereTheyComeBack(t *testing.T) {
	t.Parallel()
	a := &node{Value: 1}
	a.Next = &node{Value: 2, Next: a}
	require.Equal(t, `&node{Value: 1, Next: &node{Value: 2, Next: ^2}}`, rendered(Renderer{}, valueOf(a)))
	m := map[string]any{}
	m["self"] = m
	require.Equal(t, `map[string]any{"self": ^1}`, rendered(Renderer{}, valueOf(m)))
	list := []any{nil}
	list[0] = list
	require.Equal(t, `[]any{^1}`, rendered(Renderer{}, valueOf(list)))
	shared := &point{1, 2}
	require.Equal(t, `[]*point{{X: 1, Y: 2}, {X: 1, Y: 2}}`, rendered(Renderer{}, valueOf([]*point{shared, shared})), "what is shared is no circle")
	require.Equal(t, `[][]int{{}, {}}`, rendered(Renderer{}, valueOf([][]int{{}, {}})))
}

func TestALongResultKeepsAHashOfItsRest(t *testing.T) {
	t.Parallel()
	r := Renderer{Limit: 40}
	long := make([]int, 5000)
	first := rendered(r, valueOf(long))
	require.Len(t, first, len(first))
	require.Regexp(t, `^\[\]int\{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0\.\.\.\(\d+ more bytes, sha256 [0-9a-f]{24}\)$`, first)
	require.Equal(t, first, rendered(r, valueOf(long)))
	seen := map[string]bool{first: true}
	for _, i := range []int{12, 100, 4999} {
		other := append([]int(nil), long...)
		other[i] = 1
		text := rendered(r, valueOf(other))
		require.False(t, seen[text], "a difference far away is one")
		seen[text] = true
	}
	require.Equal(t, "[]int{0, 0}", rendered(Renderer{Limit: 11}, valueOf(long[:2])), "what just fits is not cut")
	require.Less(t, len(rendered(Renderer{}, valueOf(strings.Repeat("x", 1<<20)))), DefaultLimit+100)
	// What precedes the result in the same buffer is not part of it.
	o := Outcome{Ended: Returned, Results: []reflect.Value{valueOf(long)}}
	require.Equal(t, "before "+first, string(r.Append([]byte("before "), &o)))
}

func TestResultsWithoutEndAreBounded(t *testing.T) {
	t.Parallel()
	var list *node
	for range 100_000 {
		list = &node{Next: list}
	}
	deep := rendered(Renderer{Limit: 1 << 20}, valueOf(list))
	require.Contains(t, deep, "...(deeper)")
	require.Contains(t, rendered(Renderer{Limit: 64 << 20}, valueOf(make([]bool, maxRenderedParts+5))), "...(more than 262144 parts)}")
	many := make(map[int]bool, maxRenderedParts+5)
	for i := range maxRenderedParts + 5 {
		many[i] = true
	}
	require.Equal(t, "map[int]bool{...(262149 entries)}", rendered(Renderer{}, valueOf(many)))
	// Each level refers to the next one twice, which makes more paths than any computer can follow.
	type fork struct{ Left, Right *fork }
	tree := &fork{}
	for range 100 {
		tree = &fork{tree, tree}
	}
	require.Contains(t, rendered(Renderer{}, valueOf(tree)), "more bytes, sha256")
}

func TestEqualResultsHaveEqualTextsAndOthersDoNot(t *testing.T) {
	t.Parallel()
	compared := 0
	holds(t, 30, func(seed int64) error {
		random := rand.New(rand.NewSource(seed))
		for _, kind := range kinds {
			d := &Drawing{Random: random, Depth: 2, Elements: 2}
			a, b := d.value(kind, false), d.value(kind, false)
			r := Renderer{Nil: true}
			if x, y := rendered(r, a), rendered(r, Copy(a)); x != y {
				return fmt.Errorf("%s and its copy %s", x, y)
			}
			x, y := rendered(r, a), rendered(r, b)
			if equal := reflect.DeepEqual(a.Interface(), b.Interface()); equal != (x == y) && !strings.Contains(x+y, "Copysign") {
				return fmt.Errorf("%s and %s: equal %v", x, y, equal)
			}
			compared++
		}
		return nil
	})
	require.Greater(t, compared, 1000)
}

func TestATextHoldsNoAddressAndIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	build := func() reflect.Value {
		s := &secrets{ch: make(chan int, 5), m: map[string]*point{}, any: &point{1, 2}, f: func() {}}
		for i := range 40 {
			s.m[fmt.Sprint(i)] = &point{i, i}
		}
		return valueOf([]any{s, map[any]any{&point{}: s, 1: s, "a": s}, errors.Join(errFull, closed{2})})
	}
	first := rendered(Renderer{}, build())
	for range 20 {
		require.Equal(t, first, rendered(Renderer{}, build()))
	}
	require.NotContains(t, first, "0x")
}
