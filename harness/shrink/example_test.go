package shrink_test

import (
	"context"
	"fmt"
	"reflect"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/shrink"
)

type counter struct{ n int }

func (c *counter) Add()     { c.n++ }
func (c *counter) Get() int { return c.n }

// The candidates of a case are one step smaller, the largest steps first.
func ExampleCandidates() {
	o, err := object.New(object.Config{
		Name:       "TestCounter",
		Type:       reflect.TypeFor[*counter](),
		Open:       func(context.Context, *object.Env) (any, error) { return &counter{}, nil },
		Operations: []object.Method{{Name: "add", Do: (*counter).Add}, {Name: "get", Do: (*counter).Get}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := cases.Parse("v1 test=TestCounter; c0: add(), get(); c1: add()", cases.Only(o))
	fmt.Println(c, err)
	for smaller := range shrink.Candidates(c) {
		fmt.Printf("%v (%s)\n", smaller, shrink.Difference(c, smaller))
	}
	// Output:
	// v1 test=TestCounter; c0: add(), get(); c1: add() <nil>
	// v1 test=TestCounter; c1: add() (without thread c0)
	// v1 test=TestCounter; c0: add(), get() (without thread c1)
	// v1 test=TestCounter; c0: get(); c1: add() (without 'add()' of c0)
	// v1 test=TestCounter; c0: add(); c1: add() (without 'get()' of c0)
	// v1 test=TestCounter; c0: add(), get(); c1: (without 'add()' of c1)
	// v1 test=TestCounter; c0: add(), get(), add() (one thread does the operations of two: c0: add(), get(), add())
	// v1 test=TestCounter; c1: add(), add(), get() (one thread does the operations of two: c1: add(), add(), get())
}
