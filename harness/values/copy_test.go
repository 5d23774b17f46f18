package values

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACopyIsEqualAndSharesNothing(t *testing.T) {
	t.Parallel()
	changed := 0
	holds(t, 20, func(seed int64) (err error) {
		drawOf(seed, func(v reflect.Value) {
			before := text(t, v)
			c := Copy(v)
			if text(t, c) != before {
				err = fmt.Errorf("the copy of %s is %s", before, text(t, c))
			}
			Scribble(c)
			if text(t, v) != before {
				err = fmt.Errorf("%s became %s as its copy was overwritten", before, text(t, v))
			}
			if text(t, c) != before {
				changed++
			}
		})
		return err
	})
	require.Greater(t, changed, 1000, "something was overwritten")
}

func TestCopiesKeepWhatIsSharedAndCircles(t *testing.T) {
	t.Parallel()
	shared := &point{1, 2}
	c := Copy(valueOf([]*point{shared, shared})).Interface().([]*point)
	require.NotSame(t, shared, c[0])
	require.Same(t, c[0], c[1])

	circle := &node{Value: 1}
	circle.Next = &node{Value: 2, Next: circle}
	d := Copy(valueOf(circle)).Interface().(*node)
	require.NotSame(t, circle, d)
	require.Same(t, d, d.Next.Next)
	Scribble(valueOf(d))
	require.Equal(t, 1, circle.Value)
	require.Equal(t, scribbledNumber, d.Next.Value)

	m := map[string]any{}
	m["self"] = m
	e := Copy(valueOf(m)).Interface().(map[string]any)
	e["more"] = 1
	require.Len(t, m, 1)
	require.Len(t, e["self"], 2)

	list := []any{nil}
	list[0] = list
	f := Copy(valueOf(list)).Interface().([]any)
	f[0].([]any)[0] = 5
	require.Equal(t, 5, f[0])
	require.NotEqual(t, 5, list[0])
}

func TestACopyHasNoRoomToAppendInto(t *testing.T) {
	t.Parallel()
	long := make([]int, 2, 10)
	require.Equal(t, 2, Copy(valueOf(long)).Cap())
}

func TestUnexportedFieldsAreSharedByCopies(t *testing.T) {
	t.Parallel()
	type handle struct {
		Name  []string
		inner *point
	}
	h := handle{[]string{"a"}, &point{1, 2}}
	c := Copy(valueOf(h)).Interface().(handle)
	require.Same(t, h.inner, c.inner)
	c.Name[0] = "b"
	require.Equal(t, "a", h.Name[0])
	Scribble(valueOf(c))
	require.Equal(t, 1, h.inner.X)
}

func TestArgumentsWithoutReferencesAreNotCopied(t *testing.T) {
	put, keep := must(t, "put", (*cache).Put), must(t, "keep", (*cache).Keep)
	plain, err := put.ParseText(`put("a", 1)`)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(10, func() { put.Scribble(put.Copy(plain)) }))
	held, err := keep.ParseText(`keep([]byte("a"))`)
	require.NoError(t, err)
	c := keep.Copy(held)
	keep.Scribble(c)
	require.Equal(t, `keep([]byte("a"))`, keep.Text(held))
	require.Equal(t, `keep([]byte("\\"))`, keep.Text(c))
}

// The subject keeps the memory of its argument, as careless subjects do.
func TestScribblingFindsARetainedSlice(t *testing.T) {
	t.Parallel()
	object := newCache()
	keep := must(t, "keep", (*cache).Keep)
	arguments, err := keep.ParseText(`keep([]byte("abc"))`)
	require.NoError(t, err)
	arguments = keep.Copy(arguments)
	var outcome Outcome
	keep.Call(reflect.ValueOf(object), nil, arguments, &outcome)
	require.Equal(t, "abc", string(object.kept))
	keep.Scribble(arguments)
	require.Equal(t, `\\\`, string(object.kept))
}

func TestScribblingReachesWhatLiesBeyondTheLengthOfASlice(t *testing.T) {
	t.Parallel()
	long := []string{"a", "b", "c"}
	Scribble(valueOf(long[:1]))
	require.Equal(t, []string{scribbledText, scribbledText, scribbledText}, long)
}

func TestScribblingOverwritesAllKinds(t *testing.T) {
	t.Parallel()
	five := 5
	inner := map[string][]int{"a": {1}}
	v := struct {
		M  map[string][]int
		P  *int
		A  [1][]bool
		I  any
		In []any
		F  []float64
		S  []struct{ T []*point }
	}{inner, &five, [1][]bool{{true}}, &point{1, 2}, []any{1}, []float64{1}, []struct{ T []*point }{{[]*point{{1, 2}}}}}
	list := inner["a"]
	Scribble(valueOf(v))
	require.Equal(t, []int{scribbledNumber}, list)
	require.Equal(t, map[string][]int{scribbledText: nil}, inner)
	require.Equal(t, scribbledNumber, five)
	require.Equal(t, [1][]bool{{false}}, v.A)
	require.Equal(t, &point{scribbledNumber, scribbledNumber}, v.I)
	require.Equal(t, []any{scribbledText}, v.In)
	require.NotEqual(t, v.F[0], v.F[0])
	require.Equal(t, point{scribbledNumber, scribbledNumber}, *v.S[0].T[0])
}
