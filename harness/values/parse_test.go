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

func TestWhatPeopleWriteForTheSameValueIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want reflect.Value
	}{
		{" 5 ", valueOf(5)},
		{"(5)", valueOf(5)},
		{"+5", valueOf(5)},
		{"0x10", valueOf(uint8(16))},
		{"1_000", valueOf(1000)},
		{"'a'", valueOf('a')},
		{"-0", valueOf(uint(0))},
		{"int8(5)", valueOf(int8(5))},
		{"5", valueOf(5.0)},
		{"0x10", valueOf(16.0)},
		{"1_0.5", valueOf(10.5)},
		{"-0.0", valueOf(0.0)},
		{"float32(1.5)", valueOf(float32(1.5))},
		{"1+2i", valueOf(complex(1, 2))},
		{"1-2i", valueOf(complex(1, -2))},
		{"-2i", valueOf(complex(0, -2))},
		{"3", valueOf(complex64(3))},
		{"`a\\n`", valueOf(`a\n`)},
		{`key("a")`, valueOf(key("a"))},
		{`values.key("a")`, valueOf(key("a"))},
		{`"a"`, valueOf([]byte("a"))},
		{`[]uint8("a")`, valueOf([]byte("a"))},
		{`[]byte{1, 'b'}`, valueOf([]byte{1, 'b'})},
		{`[]byte(nil)`, valueOf([]byte(nil))},
		{`values.point{Y: 1}`, valueOf(point{Y: 1})},
		{`&values.point{}`, valueOf(&point{})},
		{`(*point)(nil)`, valueOf((*point)(nil))},
		{`new(point)`, valueOf(&point{})},
		{`new(5)`, valueOf(new(int16(5)))},
		{`[]point{point{X: 1}}`, valueOf([]point{{X: 1}})},
		{`[]*point{&point{X: 1}, nil}`, valueOf([]*point{{X: 1}, nil})},
		{`[...]uint8{1}`, valueOf([4]byte{1})},
		{`pair[string, point]{Key: "a"}`, valueOf(pair[string, point]{Key: "a"})},
		{`pair[string, int]{}`, valueOf(pair[string, int]{})},
		{`map[string]interface{}{"a": uint8(1)}`, valueOf(map[string]any{"a": uint8(1)})},
		{`time.Second`, valueOf(time.Second)},
		{`2*time.Second`, valueOf(2 * time.Second)},
		{`time.Duration(5)`, valueOf(time.Duration(5))},
		{`5`, valueOf(time.Duration(5))},
		{`-(5)*time.Nanosecond`, valueOf(time.Duration(-5))},
		{`time.Unix(1, 2)`, valueOf(time.Unix(1, 2).UTC())},
		{`any(any(5))`, valueOf[any](5)},
		{`'x'`, valueOf[any]('x')},
		{`1i`, valueOf[any](1i)},
		{`time.Second`, valueOf[any](time.Second)},
		{`math.Inf(+1)`, valueOf[any](math.Inf(1))},
		{`&[]int{1}`, valueOf[any](&[]int{1})},
		{`new(int)`, valueOf[any](new(int))},
		{`map[string]bool(nil)`, valueOf[any](map[string]bool(nil))},
		{`[2]rune{'a'}`, valueOf[any]([2]rune{'a'})},
	} {
		v, err := Parse(c.text, c.want.Type())
		require.NoError(t, err, c.text)
		require.Equal(t, c.want.Interface(), v.Interface(), c.text)
	}
}

// A message names the place, what is wrong there, and what to write.
func TestWhatIsNoLiteral(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		kind  reflect.Type
		place int
		want  string
	}{
		{``, reflect.TypeFor[int](), 1, `there is no value; write one, such as "a" or 1`},
		{`x`, reflect.TypeFor[int](), 1, `x is no int; write a value such as 1`},
		{`"a"`, reflect.TypeFor[int](), 1, `"a" is no int`},
		{`1.5`, reflect.TypeFor[int](), 1, `1.5 is no int`},
		{`1 2`, reflect.TypeFor[int](), 3, `this is no Go literal`},
		{`1;`, reflect.TypeFor[int](), 2, `this is no Go literal`},
		{`a b`, reflect.TypeFor[string](), 3, `this is no Go literal`},
		{`a`, reflect.TypeFor[string](), 1, `a is no string; write a value such as "a"`},
		{`300`, reflect.TypeFor[int8](), 1, `the number does not fit in int8; write one of at most 8 bits`},
		{`-1`, reflect.TypeFor[uint](), 1, `the number does not fit in uint; write one that is not negative`},
		{`1e400`, reflect.TypeFor[float64](), 1, `the number does not fit in float64`},
		{`1e39`, reflect.TypeFor[float32](), 1, `the number does not fit in float32`},
		{`"x`, reflect.TypeFor[string](), 1, `" is not closed; close it with "`},
		{"'x", reflect.TypeFor[int](), 1, `' is not closed`},
		{"\"a\nb\"", reflect.TypeFor[string](), 3, `a line ends inside of quotes`},
		{`[]int{1`, reflect.TypeFor[[]int](), 6, `'{' is not closed; close it with '}'`},
		{`[]int{1)`, reflect.TypeFor[[]int](), 8, `')' closes the '{' at byte 6; write '}'`},
		{`1)`, reflect.TypeFor[int](), 2, `')' closes nothing`},
		{`nil`, reflect.TypeFor[int](), 1, `nil is no int`},
		{`[]int{1, "a"}`, reflect.TypeFor[[]int](), 10, `"a" is no int`},
		{`[]string{}`, reflect.TypeFor[[]int](), 1, `[]string{} is not of type []int; write a value such as []int{} or nil`},
		{`[]int{0: 1}`, reflect.TypeFor[[]int](), 7, `an element has an index`},
		{`[3]byte{}`, reflect.TypeFor[digest](), 1, `[3]byte{} is no digest; write a value such as digest{}`},
		{`digest{1, 2, 3, 4, 5}`, reflect.TypeFor[digest](), 20, `digest has 4 elements, not 5`},
		{`point{1, 2}`, reflect.TypeFor[point](), 7, `a field of point has no name; write it as point{X: ...}`},
		{`point{Z: 2}`, reflect.TypeFor[point](), 7, `point has no exported field Z; its fields are X, Y`},
		{`point{X: 1, X: 2}`, reflect.TypeFor[point](), 13, `the field X appears twice`},
		{`whole{hidden: 1}`, reflect.TypeFor[whole](), 7, `whole has no exported field hidden`},
		{`pair{}`, reflect.TypeFor[point](), 1, `pair{} is no point; write a value such as point{}`},
		{`point{}`, reflect.TypeFor[*point](), 1, `point{...} is no pointer; write &point{...}`},
		{`&pair{}`, reflect.TypeFor[*point](), 2, `pair{} is no point`},
		{`&5`, reflect.TypeFor[*int](), 1, `&5 is not of type *int; write a value such as new(1) or nil`},
		{`map[string]int{"a"}`, reflect.TypeFor[map[string]int](), 16, `an element of map[string]int has no key`},
		{`map[string]int{"a": 1, "a": 2}`, reflect.TypeFor[map[string]int](), 24, `the key appears twice`},
		{`map[any]int{[]int{}: 1}`, reflect.TypeFor[map[any]int](), 13, `this cannot be a key`},
		{`5s`, reflect.TypeFor[time.Duration](), 2, `this is no Go literal`},
		{`5*time.Days`, reflect.TypeFor[time.Duration](), 1, `5*time.Days is no time.Duration; write a value such as 5*time.Second`},
		{`9999999*time.Hour`, reflect.TypeFor[time.Duration](), 1, `the number does not fit in time.Duration`},
		{`-1*time.Hour*2`, reflect.TypeFor[time.Duration](), 1, `is no time.Duration`},
		{`time.Now()`, reflect.TypeFor[time.Time](), 1, `time.Now() is no time.Time; write a value such as time.Unix(5, 0).UTC()`},
		{`point{}`, reflect.TypeFor[any](), 1, `the text does not show the type of this value`},
		{`any{}`, reflect.TypeFor[any](), 1, `the text does not show the type of this value`},
		{`[9999999]int{}`, reflect.TypeFor[any](), 1, `the text does not show the type of this value`},
		{`func() {}`, reflect.TypeFor[any](), 1, `the text does not show`},
		{`true`, reflect.TypeFor[string](), 1, `true is no string`},
		{"\x00", reflect.TypeFor[int](), 1, `this is no Go literal`},
		{strings.Repeat("(", 100), reflect.TypeFor[int](), 65, `brackets nest deeper than 64 levels`},
		{strings.Repeat("1", 70000), reflect.TypeFor[int](), 1, `the value has 70000 bytes, at most 65536 are read`},
		{"[][100000]int{" + strings.Repeat("{},", 1000) + "}", reflect.TypeFor[[][100000]int](), 1, `the value takes more than 64 MiB`},
	} {
		_, err := Parse(c.text, c.kind)
		require.ErrorContains(t, err, c.want, c.text)
		require.ErrorContains(t, err, fmt.Sprintf("at byte %d of ", c.place), c.text)
		require.Contains(t, err.Error(), "; ", "a remedy")
		require.Less(t, len(err.Error()), 400)
	}
}

func TestACallIsSplitAtItsCommas(t *testing.T) {
	t.Parallel()
	pieces, err := Split(`put("a, b", 1), get("c"); del('\'', []int{1, 2}) , raw(`+"`a,\"`"+`)`, ",;")
	require.NoError(t, err)
	require.Equal(t, []Piece{
		{`put("a, b", 1)`, 0, ','}, {`get("c")`, 16, ';'}, {`del('\'', []int{1, 2})`, 26, ','}, {"raw(`a,\"`)", 51, 0},
	}, pieces)
	pieces, err = Split("  ", ",")
	require.NoError(t, err)
	require.Empty(t, pieces)
	pieces, err = Split("a,,", ",")
	require.NoError(t, err)
	require.Equal(t, []Piece{{"a", 0, ','}, {"", 2, ','}, {"", 3, 0}}, pieces)
	for text, want := range map[string]string{
		`put("a`:                      `at byte 5 of "put(\"a": " is not closed`,
		`put(1`:                       `at byte 4 of "put(1": '(' is not closed`,
		`put(1]`:                      `at byte 6 of "put(1]": ']' closes the '(' at byte 4`,
		strings.Repeat(" ", 2<<20):    `the text has 2097152 bytes, at most 1048576 are read`,
		strings.Repeat("[", 1<<10):    `brackets nest deeper than 64 levels`,
		"put(`a":                      "` is not closed",
		`put("a\`:                     `" is not closed`,
		strings.Repeat("x", 50) + `)`: `at byte 51 of "...xxxxxxxxxxxxxxxxxxxxxxxx)": ')' closes nothing`,
	} {
		_, err := Split(text, ",")
		require.ErrorContains(t, err, want)
	}
}

func TestEverythingButSeparatorsAndSpacesIsInThePieces(t *testing.T) {
	t.Parallel()
	holds(t, 10, func(seed int64) (err error) {
		var texts []string
		drawOf(seed, func(v reflect.Value) { texts = append(texts, text(t, v)) })
		pieces, err := Split(strings.Join(texts, " , "), ",;")
		if err != nil || len(pieces) != len(texts) {
			return fmt.Errorf("%d pieces of %d: %w", len(pieces), len(texts), err)
		}
		for i, p := range pieces {
			if p.Text != texts[i] {
				return fmt.Errorf("%s and not %s", p.Text, texts[i])
			}
		}
		return nil
	})
}

func TestWhatIsNoCall(t *testing.T) {
	t.Parallel()
	put, remove := must(t, "put", (*cache).Put), must(t, "delete", (*cache).Delete)
	for _, text := range []string{`put("a", 1)`, ` put ( "a" , 1 ) `, `put("a)", 1)`} {
		_, err := put.ParseText(text)
		require.NoError(t, err, text)
	}
	for text, want := range map[string]string{
		``:                   `at byte 1 of "": there is no name of an operation; write it as name(arguments), such as put("a", 1)`,
		`1`:                  `there is no name of an operation`,
		`put`:                `at byte 4 of "put": no arguments follow put; `,
		`put "a"`:            `at byte 5 of "put \"a\"": no arguments follow put`,
		`put("a", 1`:         `at byte 4 of "put(\"a\", 1": '(' is not closed`,
		`put("a", 1) x`:      `something follows the call; separate calls by commas`,
		`put("a", 1), get()`: `something follows the call`,
		`put("a")`:           `put has 1 arguments, and it takes 2; write it as put(string, int)`,
		`put("a", 1, 2)`:     `put has 3 arguments, and it takes 2`,
		`put("a", )`:         `at byte 10 of "put(\"a\", )": argument 2 is missing`,
		`put(, 1)`:           `at byte 5 of "put(, 1)": argument 1 is missing`,
		`put("a", x)`:        `at byte 10 of "put(\"a\", x)": x is no int`,
		`put("a", [)`:        `at byte 11 of "put(\"a\", [)": ')' closes the '[' at byte 10`,
		`get("a", 1)`:        `the operation is get, not put`,
	} {
		_, err := put.ParseText(text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := remove.ParseText(`delete("a", 1)`)
	require.ErrorContains(t, err, "at byte 13 of")
	for _, text := range []string{`delete()`, `delete("a", "b", "c", "d", "e")`} {
		_, err := remove.ParseText(text)
		require.NoError(t, err)
	}
}
