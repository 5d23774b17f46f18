package values

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func drawing(seed int64, unique bool) *Drawing {
	return &Drawing{Random: rand.New(rand.NewSource(seed)), Unique: unique}
}

func TestTheSameSourceDrawsTheSame(t *testing.T) {
	t.Parallel()
	all := func(seed int64) (texts []string) {
		drawOf(seed, func(v reflect.Value) { texts = append(texts, text(t, v)) })
		return texts
	}
	holds(t, 5, func(seed int64) error {
		if a, b := all(seed), all(seed); !reflect.DeepEqual(a, b) {
			return fmt.Errorf("%v\n%v", a, b)
		}
		return nil
	})
	require.NotEqual(t, all(1), all(2))
}

func TestFirstArgumentsComeFromASmallDomainOfTheirType(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		seen := map[string]bool{}
		for seed := range int64(60) {
			seen[text(t, drawing(seed, seed%2 == 0).value(kind, true))] = true
		}
		require.LessOrEqual(t, len(seen), DefaultKeys, "%s: %v", kind, seen)
		if kind.Size() > 0 && kind.Kind() != reflect.Bool && kind != reflect.TypeFor[map[[2]bool]rune]() {
			require.Len(t, seen, DefaultKeys, "%s: %v", kind, seen)
		}
	}
	seen := map[string]bool{}
	for seed := range int64(100) {
		d := drawing(seed, false)
		d.Keys = 30
		seen[d.value(reflect.TypeFor[string](), true).String()] = true
	}
	require.Greater(t, len(seen), 20)
	require.True(t, seen["z"] && seen["k26"])
}

func TestTheDomainIsReadable(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]reflect.Type{
		`"b"`:                    reflect.TypeFor[string](),
		`1`:                      reflect.TypeFor[int](),
		`[]byte("b")`:            reflect.TypeFor[[]byte](),
		`&point{X: 1, Y: 1}`:     reflect.TypeFor[*point](),
		`[]string{"b"}`:          reflect.TypeFor[[]string](),
		`map[string]int{"b": 1}`: reflect.TypeFor[map[string]int](),
		`1*time.Millisecond`:     reflect.TypeFor[time.Duration](),
		`time.Unix(1, 0).UTC()`:  reflect.TypeFor[time.Time](),
		`pair{Key: "b", Value: point{X: 1, Y: 1}}`: reflect.TypeFor[pair[string, point]](),
	} {
		found := false
		for seed := range int64(30) {
			found = found || text(t, drawing(seed, true).value(kind, true)) == want
		}
		require.True(t, found, want)
	}
}

// Equal values hide lost updates.
func TestUniqueArgumentsAreDistinctWithinAProgram(t *testing.T) {
	t.Parallel()
	few := map[reflect.Kind]bool{reflect.Bool: true, reflect.Struct: true}
	holds(t, 20, func(seed int64) error {
		for _, kind := range kinds {
			if few[kind.Kind()] && kind.Size() <= 1 || kind == durationType || kind == reflect.TypeFor[*time.Duration]() ||
				kind == reflect.TypeFor[map[[2]bool]rune]() {
				continue
			}
			d, seen := drawing(seed, true), map[string]bool{}
			for range 30 {
				written, err := Literal(d.value(kind, false))
				if err != nil || seen[written] {
					return fmt.Errorf("%s appears twice: %w", written, err)
				}
				seen[written] = true
			}
		}
		return nil
	})
	d := drawing(1, true)
	require.Equal(t, "v1", d.value(reflect.TypeFor[string](), false).String())
	require.Equal(t, int64(2), d.value(reflect.TypeFor[little](), false).Int())
	require.Equal(t, `&point{X: 3, Y: 4}`, text(t, d.value(reflect.TypeFor[*point](), false)))
}

func TestFreeArgumentsReachTheExtremes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	d := drawing(1, false)
	for range 3000 {
		for _, kind := range []reflect.Type{
			reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[float32](), reflect.TypeFor[string](), reflect.TypeFor[[]int](),
			reflect.TypeFor[*int](), reflect.TypeFor[any](),
		} {
			seen[kind.String()+" "+text(t, d.value(kind, false))] = true
		}
	}
	for _, want := range []string{
		"int8 -128", "int8 127", "int8 -1", "int8 0", "uint16 65535", "float32 float32(math.Inf(1))", "float32 1.5", `string ""`, `string "\n"`,
		`string "\xff"`, "[]int nil", "[]int []int{}", "*int nil", "*int new(5)", "interface {} 1", `interface {} "v1"`,
	} {
		require.True(t, seen[want], want)
	}
	require.False(t, seen["float32 float32(math.NaN())"], "NaN is drawn only on request")
}

func TestNaNIsDrawnOnRequest(t *testing.T) {
	t.Parallel()
	d, seen := &Drawing{Random: rand.New(rand.NewSource(1)), NaN: true}, false
	for range 200 {
		seen = seen || math.IsNaN(d.value(reflect.TypeFor[float64](), false).Float())
	}
	require.True(t, seen)
}

func TestVariadicArgumentsComeNoneToThreeTimes(t *testing.T) {
	t.Parallel()
	remove, counts := must(t, "delete", (*cache).Delete), map[int]int{}
	for seed := range int64(100) {
		arguments, err := drawing(seed, true).Draw(remove)
		require.NoError(t, err)
		counts[len(arguments)]++
		for _, v := range arguments {
			require.Contains(t, "abc", v.String(), "all of a variadic first argument comes from the small domain")
		}
	}
	require.Len(t, counts, 4)
	require.Positive(t, counts[0]*counts[3])
}

func TestWhatIsDrawnIsBounded(t *testing.T) {
	t.Parallel()
	type wide struct {
		A, B, C, D, E, F *wide
		L                []wide
		M                map[string]wide
	}
	type huge [1000]map[string][]string
	holds(t, 30, func(seed int64) error {
		for _, kind := range []reflect.Type{reflect.TypeFor[wide](), reflect.TypeFor[huge](), reflect.TypeFor[*node]()} {
			d := drawing(seed, seed%2 == 0)
			d.Depth, d.Elements = 10, 10
			written, err := Literal(d.value(kind, false))
			if err != nil || len(written) > maxLiteralBytes {
				return fmt.Errorf("%d bytes, %w", len(written), err)
			}
		}
		return nil
	})
}
