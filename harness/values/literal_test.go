package values

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// holds checks a property for seeds that are always the same.
func holds(t *testing.T, cases int, property func(seed int64) error) {
	t.Helper()
	holdsFor(t, cases, prop.ForAll(func(seed int64) (bool, error) {
		err := property(seed)
		return err == nil, err
	}, gen.Int64()))
}

func holdsFor(t *testing.T, cases int, property gopter.Prop) {
	t.Helper()
	parameters := gopter.DefaultTestParametersWithSeed(1)
	parameters.MinSuccessfulTests, parameters.Workers = cases, 1
	result := property.Check(parameters)
	require.True(t, result.Passed(), "%v: %v %v", result.Status, result.Error, result.Args)
	require.GreaterOrEqual(t, result.Succeeded, cases)
}

// same is equality by content, where NaN is equal to NaN and -0.0 is not 0.
func same(a, b reflect.Value) bool {
	strict := Renderer{Nil: true, Limit: 1 << 30}
	return a.Type() == b.Type() && strict.Text(&Outcome{Ended: Returned, Results: []reflect.Value{a}}) ==
		strict.Text(&Outcome{Ended: Returned, Results: []reflect.Value{b}})
}

func TestWhatIsDrawnIsReadBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	lengths, count := 0, 0
	holds(t, 60, func(seed int64) (err error) {
		drawOf(seed, func(v reflect.Value) {
			written, fault := Literal(v)
			if fault != nil {
				err = fmt.Errorf("%s: %w", v.Type(), fault)
				return
			}
			back, fault := Parse(written, v.Type())
			switch {
			case fault != nil:
				err = fmt.Errorf("%s: %w", written, fault)
			case !same(back, v):
				err = fmt.Errorf("%s came back as another value", written)
			case !strings.Contains(written, "NaN") && !reflect.DeepEqual(back.Interface(), v.Interface()):
				err = fmt.Errorf("%s came back as another value, says DeepEqual", written)
			}
			again, _ := Literal(back)
			if err == nil && again != written {
				err = fmt.Errorf("%s was written again as %s", written, again)
			}
			lengths, count = lengths+len(written), count+1
		})
		return err
	})
	require.Greater(t, count, 10_000)
	require.Less(t, lengths/count, 200, "values are short")
}

func TestALiteralIsOneLineOfPrintableASCIIWithoutASingleQuote(t *testing.T) {
	t.Parallel()
	plain := func(s string) bool {
		return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '\'' }) < 0
	}
	holds(t, 20, func(seed int64) (err error) {
		drawOf(seed, func(v reflect.Value) {
			if written, _ := Literal(v); !plain(written) {
				err = fmt.Errorf("%q", written)
			}
		})
		return err
	})
	holdsFor(t, 500, prop.ForAll(func(b []byte) bool {
		written, err := Literal(valueOf(string(b)))
		back, parsed := Parse(written, reflect.TypeFor[string]())
		return err == nil && plain(written) && parsed == nil && back.String() == string(b)
	}, gen.SliceOf(gen.UInt8())))
}

func TestTheCanonicalForm(t *testing.T) {
	t.Parallel()
	five, nothing := 5, (*int)(nil)
	held := any(int64(7))
	moment := time.Unix(5, 6)
	for _, c := range []struct {
		v    reflect.Value
		want string
	}{
		{valueOf(true), `true`},
		{valueOf(-5), `-5`},
		{valueOf(little(5)), `5`},
		{valueOf(1.0), `1`},
		{valueOf(1e21), `1e+21`},
		{valueOf(float32(0.1)), `0.1`},
		{valueOf(math.Inf(-1)), `math.Inf(-1)`},
		{valueOf(math.NaN()), `math.NaN()`},
		{valueOf(math.Copysign(0, -1)), `math.Copysign(0, -1)`},
		{valueOf(complex(1, -2.5)), `complex(1, -2.5)`},
		{valueOf("a\n'\u00e9\xff\""), `"a\n\x27\u00e9\xff\""`},
		{valueOf(key("a")), `"a"`},
		{valueOf([]byte("a")), `[]byte("a")`},
		{valueOf([]byte(nil)), `nil`},
		{valueOf([]byte{}), `[]byte("")`},
		{valueOf(blob("a")), `blob("a")`},
		{valueOf(digest{1, 0, 2}), `digest{1, 0, 2}`},
		{valueOf([]string{"x"}), `[]string{"x"}`},
		{valueOf([]string{}), `[]string{}`},
		{valueOf([]string(nil)), `nil`},
		{valueOf(map[string]int{"b": 1, "a": 2}), `map[string]int{"a": 2, "b": 1}`},
		{valueOf(map[int]int{10: 1, 9: 2}), `map[int]int{9: 2, 10: 1}`},
		{valueOf(map[point]*point{{X: 1}: {Y: 2}}), `map[point]*point{{X: 1}: {Y: 2}}`},
		{valueOf(point{X: 1}), `point{X: 1}`},
		{valueOf(&point{Y: 1}), `&point{Y: 1}`},
		{valueOf([]point{{1, 2}, {}}), `[]point{{X: 1, Y: 2}, {}}`},
		{valueOf([]*point{{1, 2}, nil}), `[]*point{{X: 1, Y: 2}, nil}`},
		{valueOf(struct{ A, B int }{1, 2}), `struct{A int; B int}{A: 1, B: 2}`},
		{valueOf(pair[string, point]{"a", point{1, 0}}), `pair{Key: "a", Value: point{X: 1}}`},
		{valueOf(pair[string, float64]{"", math.Copysign(0, -1)}), `pair{Value: math.Copysign(0, -1)}`},
		{valueOf([2]float32{}), `[2]float32{}`},
		{valueOf(&five), `new(5)`},
		{valueOf(&nothing), `new((*int)(nil))`},
		{valueOf(&held), `new(any(int64(7)))`},
		{valueOf(&[]int{1}), `&[]int{1}`},
		{valueOf(&[]byte{'a'}), `new([]byte("a"))`},
		{valueOf(90 * time.Second), `90*time.Second`},
		{valueOf(time.Hour), `1*time.Hour`},
		{valueOf(time.Duration(0)), `0`},
		{valueOf(time.Duration(math.MinInt64)), `-9223372036854775808*time.Nanosecond`},
		{valueOf([]time.Duration{1500}), `[]time.Duration{1500*time.Nanosecond}`},
		{valueOf(moment), `time.Unix(5, 6).UTC()`},
		{valueOf(time.Time{}), `time.Time{}`},
		{valueOf(&moment), `new(time.Unix(5, 6).UTC())`},
		{
			valueOf([]any{1, 1.0, "a", int8(2), 'x', nil, true, []byte("b"), 2 * time.Second, time.Duration(0), &five, []any{1}}),
			`[]any{1, 1.0, "a", int8(2), int32(120), nil, true, []byte("b"), 2*time.Second, 0*time.Second, new(5), []any{1}}`,
		},
	} {
		written := text(t, c.v)
		require.Equal(t, c.want, written)
		back, err := Parse(written, c.v.Type())
		require.NoError(t, err, written)
		require.True(t, same(back, c.v), written)
	}
}

func TestALiteralOfAMapIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	m := map[any]int{}
	for i := range 50 {
		m[i], m[fmt.Sprint(i)], m[float64(i)] = i, i, i
	}
	first := text(t, valueOf(m))
	for range 20 {
		require.Equal(t, first, text(t, valueOf(m)))
	}
}

func TestWhatNoLiteralCanTellIsAnError(t *testing.T) {
	t.Parallel()
	circle := &node{}
	circle.Next = circle
	for want, v := range map[string]reflect.Value{
		"an any that holds a point cannot be read back": valueOf[any](point{}),
		"the unexported field hidden of a whole is set": valueOf(whole{hidden: 1}),
		"a chan int cannot be written":                  valueOf(make(chan int)),
		"a func() cannot be written":                    valueOf(func() {}),
		"the value nests deeper than 64 levels":         valueOf(circle),
	} {
		_, err := Literal(v)
		require.EqualError(t, err, want)
	}
}

func TestACallIsWrittenAndReadAsAWhole(t *testing.T) {
	t.Parallel()
	put, remove := must(t, "put", (*cache).Put), must(t, "delete-all", (*cache).Delete)
	holds(t, 200, func(seed int64) error {
		d := &Drawing{Random: rand.New(rand.NewSource(seed))}
		for _, o := range []*Operation{put, remove} {
			arguments, err := d.Draw(o)
			if err != nil {
				return err
			}
			written := o.Text(arguments)
			back, err := o.ParseText(written)
			if err != nil {
				return err
			}
			if again := o.Text(back); again != written {
				return fmt.Errorf("%s came back as %s", written, again)
			}
		}
		return nil
	})
}
