package values

import (
	"errors"
	"reflect"
	"testing"
)

// FuzzParse checks that no text makes the parser panic, that a value is the same after it was written and read again, and
// that an error gives a place inside the text.
func FuzzParse(f *testing.F) {
	for i := range kinds {
		drawOf(int64(i), func(v reflect.Value) {
			if v.Type() == kinds[i] {
				if written, err := Literal(v); err == nil && len(written) < 300 {
					f.Add(uint8(i), written)
				}
			}
		})
	}
	for _, text := range []string{"-(5)*time.Nanosecond", "[...]uint8{1}", "any(any(5))", "new(new(nil))", "&[]*[]int{{1}, nil}", "1+2i", "-'a'", "/*", "math.Inf(1e9)"} {
		f.Add(uint8(31), text)
	}
	f.Fuzz(func(t *testing.T, index uint8, text string) {
		kind := kinds[int(index)%len(kinds)]
		v, err := Parse(text, kind)
		if err != nil {
			syntax := (*SyntaxError)(nil)
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) || syntax.Remedy == "" || err.Error() == "" {
				t.Fatalf("%q as %s: %#v", text, kind, err)
			}
			return
		}
		written, err := Literal(v)
		if err != nil {
			t.Fatalf("%q as %s cannot be written: %v", text, kind, err)
		}
		back, err := Parse(written, kind)
		if err != nil {
			t.Fatalf("%q as %s was written as %s: %v", text, kind, written, err)
		}
		if again, _ := Literal(back); again != written || !same(v, back) {
			t.Fatalf("%q as %s was written as %s and then as %s", text, kind, written, again)
		}
		for smaller := range Smaller(v) {
			if !SizeOf(smaller).Less(SizeOf(v)) {
				t.Fatalf("%s is no smaller than %s", mustLiteral(smaller), written)
			}
			break
		}
	})
}

func mustLiteral(v reflect.Value) string {
	s, _ := Literal(v)
	return s
}

// FuzzCall checks the same for whole calls, and for texts that are split.
func FuzzCall(f *testing.F) {
	for _, text := range []string{`put("a", 1)`, ` put ( "a" , 1 ) `, `put("a, b", 1), get("c")`, "put(`)`, 1)", `put('"', "a")`, `put-all()`} {
		f.Add(text)
	}
	put, err := New("put", (*cache).Put, reflect.TypeFor[*cache](), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if pieces, err := Split(text, ",;"); err == nil {
			for _, p := range pieces {
				if text[p.Offset:p.Offset+len(p.Text)] != p.Text {
					t.Fatalf("%q is not at %d of %q", p.Text, p.Offset, text)
				}
			}
		}
		call, err := ParseCall(text)
		if err != nil {
			return
		}
		arguments, err := put.Parse(call)
		if err != nil {
			syntax := (*SyntaxError)(nil)
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		written := put.Text(arguments)
		back, err := put.ParseText(written)
		if err != nil || put.Text(back) != written {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
	})
}
