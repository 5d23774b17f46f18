package values

import (
	"math/rand"
	"reflect"
	"testing"
)

func BenchmarkCallAndRender(b *testing.B) {
	object := newCache()
	object.data["a"] = 17
	for name, function := range map[string]any{"Get": (*cache).Get, "Delete": (*cache).Delete, "All": (*cache).All} {
		o := must(b, name, function)
		var arguments []reflect.Value
		if name == "Get" {
			arguments = []reflect.Value{reflect.ValueOf("a")}
		}
		receiver, r := reflect.ValueOf(object), &Renderer{}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var outcome Outcome
			var text []byte
			for b.Loop() {
				o.Call(receiver, nil, o.Copy(arguments), &outcome)
				text = r.Append(text[:0], &outcome)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	for name, v := range map[string]reflect.Value{
		"int": valueOf(17), "string": valueOf("a"), "error": valueOf(errFull), "nil": valueOf[error](nil), "pointer": valueOf(&point{1, 2}),
		"map": valueOf(map[string]int{"a": 1, "b": 2}),
	} {
		outcome, r := Outcome{Ended: Returned, Results: []reflect.Value{v}}, &Renderer{Sentinels: []Sentinel{{"ErrFull", errFull}}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var text []byte
			for b.Loop() {
				text = r.Append(text[:0], &outcome)
			}
		})
	}
}

func BenchmarkDraw(b *testing.B) {
	o := must(b, "put", (*cache).Put)
	d := &Drawing{Random: rand.New(rand.NewSource(1)), Unique: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Draw(o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	o := must(b, "put", (*cache).Put)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.ParseText(`put("a", 1)`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopyOfASlice(b *testing.B) {
	o := must(b, "keep", (*cache).Keep)
	arguments := []reflect.Value{valueOf([]byte("abc"))}
	b.ReportAllocs()
	for b.Loop() {
		o.Scribble(o.Copy(arguments))
	}
}

// BenchmarkReference is a bare call through package reflect, to compare with BenchmarkCallAndRender.
func BenchmarkReference(b *testing.B) {
	object := newCache()
	object.data["a"] = 17
	function := reflect.ValueOf((*cache).Get)
	in := []reflect.Value{reflect.ValueOf(object), reflect.ValueOf("a")}
	b.ReportAllocs()
	for b.Loop() {
		function.Call(in)
	}
}
