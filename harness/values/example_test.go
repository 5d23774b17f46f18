package values_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"

	"github.com/racewindow/racewindow/harness/values"
)

// A Shelf holds at most two things.
type Shelf struct{ things map[string]int }

var ErrFull = errors.New("shelf: full")

func (s *Shelf) Put(_ context.Context, name string, count int) error {
	if _, ok := s.things[name]; !ok && len(s.things) == 2 {
		return fmt.Errorf("put %s: %w", name, ErrFull)
	}
	s.things[name] = count
	return nil
}

func (s *Shelf) Get(name string) (int, bool) {
	count, ok := s.things[name]
	return count, ok
}

func (s *Shelf) Watch(names chan string) {}

// A program is drawn, written, read again and executed.
func Example() {
	put, err := values.New("put", (*Shelf).Put, reflect.TypeFor[*Shelf](), values.Options{})
	if err != nil {
		panic(err)
	}
	drawing := &values.Drawing{Random: rand.New(rand.NewSource(4)), Unique: true}
	shelf := reflect.ValueOf(&Shelf{things: map[string]int{}})
	renderer := &values.Renderer{Sentinels: []values.Sentinel{{Name: "ErrFull", Error: ErrFull}}}
	var outcome values.Outcome
	for range 5 {
		arguments, err := drawing.Draw(put)
		if err != nil {
			panic(err)
		}
		text := put.Text(arguments)
		if arguments, err = put.ParseText(text); err != nil {
			panic(err)
		}
		fresh := put.Copy(arguments)
		put.Call(shelf, context.Background(), fresh, &outcome)
		put.Scribble(fresh)
		fmt.Println(text, "=", renderer.Text(&outcome))
	}
	// Output:
	// put("b", 1) = nil
	// put("b", 2) = nil
	// put("b", 3) = nil
	// put("c", 4) = nil
	// put("a", 5) = ErrFull
}

// What cannot be an operation is refused, with its name and the remedy.
func ExampleNew() {
	_, err := values.New("watch", (*Shelf).Watch, reflect.TypeFor[*Shelf](), values.Options{})
	fmt.Println(err)
	// Output:
	// watch: argument 1 (chan string) is a channel, which no text can express: wrap the operation in a func that makes the channel itself
}

// A line of calls is split at its commas, and each call is read by its operation.
func ExampleSplit() {
	pieces, err := values.Split(`put("a, b", 1), get("c")`, ",")
	if err != nil {
		panic(err)
	}
	for _, piece := range pieces {
		call, err := values.ParseCall(piece.Text)
		if err != nil {
			panic(err)
		}
		fmt.Println(piece.Offset, call.Name, len(call.Arguments))
	}
	// Output:
	// 0 put 2
	// 16 get 1
}

// An error for bad input gives the place and the remedy.
func ExampleParse() {
	type Point struct{ X, Y int }
	v, err := values.Parse(`[]*Point{{X: 1}, nil}`, reflect.TypeFor[[]*Point]())
	fmt.Println(v.Len(), err)
	_, err = values.Parse(`[]*Point{{Z: 1}}`, reflect.TypeFor[[]*Point]())
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// at byte 11 of "[]*Point{{Z: 1}}": Point has no exported field Z; its fields are X, Y
}

// Take the first candidate that still shows the same, until there is none.
func ExampleSmaller() {
	shows := func(v reflect.Value) bool { return v.Int() > 41 }
	v := reflect.ValueOf(1_000_000)
	for found := true; found; {
		found = false
		for candidate := range values.Smaller(v) {
			if found = shows(candidate); found {
				v = candidate
				break
			}
		}
	}
	fmt.Println(v)
	// Output:
	// 42
}

// Results are equal if their texts are.
func ExampleRenderer() {
	renderer := &values.Renderer{Sentinels: []values.Sentinel{{Name: "ErrFull", Error: ErrFull}}}
	for _, result := range []any{
		[]*int{nil}, map[string]int{"b": 2, "a": 1}, fmt.Errorf("put a: %w", ErrFull), errors.New("another"), context.Canceled,
	} {
		fmt.Println(renderer.Text(&values.Outcome{Ended: values.Returned, Results: []reflect.Value{reflect.ValueOf(result)}}))
	}
	// Output:
	// []*int{nil}
	// map[string]int{"a": 1, "b": 2}
	// ErrFull
	// *errors.errorString("another")
	// context.Canceled
}
