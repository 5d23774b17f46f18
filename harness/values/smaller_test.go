package values

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// minimal replaces a value by a smaller one that still shows something, until there is none.
func minimal(v reflect.Value, shows func(reflect.Value) bool) (reflect.Value, int) {
	for steps := 0; ; steps++ {
		found := false
		for candidate := range Smaller(v) {
			if shows(candidate) {
				v, found = candidate, true
				break
			}
		}
		if !found {
			return v, steps
		}
	}
}

func TestEachSmallerValueHasASmallerSizeAndItsType(t *testing.T) {
	t.Parallel()
	count := 0
	check := func(v reflect.Value) error {
		for candidate := range Smaller(v) {
			if candidate.Type() != v.Type() {
				return fmt.Errorf("a %s became a %s", v.Type(), candidate.Type())
			}
			if !SizeOf(candidate).Less(SizeOf(v)) {
				return fmt.Errorf("%s is no smaller than %s", text(t, candidate), text(t, v))
			}
			count++
		}
		return nil
	}
	holds(t, 4, func(seed int64) (err error) {
		drawOf(seed, func(v reflect.Value) {
			if err == nil {
				err = check(v)
			}
		})
		return err
	})
	for _, v := range extremes {
		require.NoError(t, check(v))
	}
	require.Greater(t, count, 10_000)
}

var extremes = []reflect.Value{
	valueOf(int64(math.MinInt64)), valueOf(int64(math.MaxInt64)), valueOf(uint64(math.MaxUint64)), valueOf(math.NaN()), valueOf(math.Inf(-1)),
	valueOf(math.Copysign(0, -1)), valueOf(-1.5), valueOf(-math.MaxFloat64), valueOf(float64(1 << 53)), valueOf(float64(-1<<53 - 2)),
	valueOf(float32(math.MaxFloat32)), valueOf(math.SmallestNonzeroFloat64), valueOf(-0.25),
	valueOf(complex(math.Inf(1), math.NaN())), valueOf("\xff\xfe"), valueOf("\U0001f600"), valueOf(time.Unix(-5, 7)), valueOf(time.Time{}),
	valueOf(map[float64]int{math.NaN(): 1, math.Inf(1): 2}),
}

// No chain of smaller values is endless: always taking the last or the first candidate ends too.
func TestTheSmallestOfEachTypeIsReached(t *testing.T) {
	t.Parallel()
	anything := func(reflect.Value) bool { return true }
	drawOf(3, func(v reflect.Value) {
		least, _ := minimal(v, anything)
		require.Equal(t, Size{}, SizeOf(least), "%s from %s", text(t, least), text(t, v))
	})
	for _, v := range extremes {
		least, steps := minimal(v, anything)
		require.Equal(t, Size{}, SizeOf(least))
		require.Less(t, steps, 10)
	}
	for _, kind := range kinds {
		require.Equal(t, Size{}, SizeOf(reflect.Zero(kind)), "%s", kind)
	}
}

func TestMinimaOfNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v     reflect.Value
		shows func(reflect.Value) bool
		want  string
	}{
		{valueOf(1 << 60), func(v reflect.Value) bool { return v.Int() >= 1000 }, "1000"},
		{valueOf(-1 << 60), func(v reflect.Value) bool { return v.Int() <= -1000 }, "-1000"},
		{valueOf(-70), func(v reflect.Value) bool { return v.Int()*v.Int() > 100 }, "11"},
		{valueOf(int64(math.MinInt64)), func(v reflect.Value) bool { return v.Int() < 0 }, "-1"},
		{valueOf(uint64(math.MaxUint64)), func(v reflect.Value) bool { return v.Uint() > 255 }, "256"},
		{valueOf(123.75), func(v reflect.Value) bool { return v.Float() > 9.5 }, "10"},
		{valueOf(math.Inf(-1)), func(v reflect.Value) bool { return v.Float() != 0 }, "1"},
		{valueOf(math.NaN()), func(v reflect.Value) bool { return v.Float() != v.Float() }, "math.NaN()"},
		{valueOf(complex(3, -4)), func(v reflect.Value) bool { return imag(v.Complex()) != 0 }, "complex(0, 1)"},
		{valueOf(time.Minute), func(v reflect.Value) bool { return v.Int() > 0 }, "1*time.Nanosecond"},
		{valueOf(time.Unix(1700000000, 5)), func(v reflect.Value) bool { return !v.Interface().(time.Time).IsZero() }, "time.Unix(0, 0).UTC()"},
		{valueOf(true), func(v reflect.Value) bool { return v.Bool() }, "true"},
	} {
		require.True(t, c.shows(c.v))
		least, steps := minimal(c.v, c.shows)
		require.Equal(t, c.want, text(t, least))
		require.Less(t, steps, 200, "a bound is found in few steps")
	}
}

func TestMinimaOfStringsAndContainers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("some text, ", 20) + "x" + strings.Repeat(" and more", 20)
	sum := func(v reflect.Value) (n int64) {
		for i := range v.Len() {
			n += v.Index(i).Int()
		}
		return n
	}
	seven := 7
	for _, c := range []struct {
		v     reflect.Value
		shows func(reflect.Value) bool
		want  string
	}{
		{valueOf(long), func(v reflect.Value) bool { return strings.Contains(v.String(), "x") }, `"x"`},
		{valueOf(long), func(v reflect.Value) bool { return v.Len() >= 5 }, `"aaaaa"`},
		{valueOf("\xff\U0001f600"), func(v reflect.Value) bool { return v.Len() > 0 }, `"a"`},
		{valueOf([]byte(long)), func(v reflect.Value) bool { return strings.Contains(string(v.Bytes()), "x") }, `[]byte("x")`},
		{valueOf([]byte(long)), func(v reflect.Value) bool { return !v.IsNil() }, `[]byte("")`},
		{valueOf([]string{"v1", "v1", "v2", "v3"}), func(v reflect.Value) bool { return v.Len() > 1 && v.Index(0).String() == v.Index(1).String() }, `[]string{"v1", "v1"}`}, // one at a time, so equal ones stay
		{valueOf([]int{1, 20, 3, 40, 5}), func(v reflect.Value) bool { return sum(v) >= 42 }, `[]int{37, 5}`},                                                                // 42 alone would make 37 larger
		{valueOf([]int{1, 20, 3, 40, 5}), func(v reflect.Value) bool { return v.Len() >= 2 && sum(v) > 3 }, `[]int{0, 4}`},
		{valueOf([]int{}), func(v reflect.Value) bool { return v.Len() == 0 }, `nil`},
		{valueOf(map[string]int{"v1": 5, "v2": 9, "v3": 2}), func(v reflect.Value) bool {
			for e := v.MapRange(); e.Next(); {
				if e.Value().Int() >= 7 {
					return true
				}
			}
			return false
		}, `map[string]int{"": 7}`},
		{valueOf(map[string]int{"v1": 5, "v2": 9, "v3": 2}), func(v reflect.Value) bool { return v.Len() >= 2 }, `map[string]int{"": 0, "a": 0}`},
		{valueOf(&seven), func(v reflect.Value) bool { return true }, `nil`},
		{valueOf(&seven), func(v reflect.Value) bool { return !v.IsNil() }, `new(0)`},
		{valueOf(&point{5, 6}), func(v reflect.Value) bool { return !v.IsNil() && v.Elem().Field(1).Int() > 2 }, `&point{Y: 3}`},
		{valueOf(digest{9, 9, 9, 9}), func(v reflect.Value) bool { return v.Index(2).Uint() > 4 }, `digest{0, 0, 5}`},
		{valueOf([]any{"v1", 5, nil}), func(v reflect.Value) bool { return v.Len() > 1 }, `[]any{nil, nil}`},
		{valueOf([]any{"v1", 5, nil}), func(v reflect.Value) bool { return v.Len() > 1 && !v.Index(1).IsNil() }, `[]any{nil, 0}`},
		{valueOf(node{1, &node{Value: 2, Next: &node{Value: 3}}, nil}), func(v reflect.Value) bool { return !v.Field(1).IsNil() }, `node{Next: &node{}}`},
		{valueOf(pair[string, point]{"v9", point{4, 5}}), func(v reflect.Value) bool { return v.Field(0).Len() > 0 }, `pair{Key: "a"}`},
	} {
		require.True(t, c.shows(c.v))
		least, _ := minimal(c.v, c.shows)
		require.Equal(t, c.want, text(t, least))
	}
}

func TestNilIsTriedLast(t *testing.T) {
	t.Parallel()
	five := 5
	var last reflect.Value
	for candidate := range Smaller(valueOf(&five)) {
		require.False(t, last.IsValid() && last.IsNil())
		last = candidate
	}
	require.True(t, last.IsNil())
}

func TestCallsBecomeSmallerOneArgumentAtATime(t *testing.T) {
	t.Parallel()
	o := must(t, "move", func(*cache, string, ...int) {})
	arguments, err := o.ParseText(`move("b", 2, 1)`)
	require.NoError(t, err)
	var all []string
	for smaller := range o.Smaller(arguments) {
		require.True(t, SizeOfAll(smaller).Less(SizeOfAll(arguments)))
		all = append(all, o.Text(smaller))
	}
	require.Equal(t, []string{
		`move("b", 1)`, `move("b", 2)`, `move("", 2, 1)`, `move("a", 2, 1)`, `move("b", 0, 1)`, `move("b", 1, 1)`, `move("b", 2, 0)`,
	}, all)
	require.Equal(t, `move("b", 2, 1)`, o.Text(arguments), "the arguments themselves stay")
}

// If a smaller key equals another key, the map only loses an entry, and that has been tried.
func TestKeysOfAMapDoNotFallTogether(t *testing.T) {
	t.Parallel()
	var all []string
	for smaller := range Smaller(valueOf(map[string]int{"": 0, "b": 0})) {
		all = append(all, text(t, smaller))
	}
	require.Equal(t, []string{`map[string]int{}`, `map[string]int{"b": 0}`, `map[string]int{"": 0}`, `map[string]int{"": 0, "a": 0}`}, all)
}
