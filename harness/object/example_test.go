package object_test

import (
	"context"
	"fmt"
	"reflect"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/object"
)

type register struct{ value int }

func (r *register) Set(value int) { r.value = value }
func (r *register) Get() int      { return r.value }

// A case of the object is one line of text, in the names of its operations.
func ExampleNew() {
	o, err := object.New(object.Config{
		Name: "TestRegister",
		Type: reflect.TypeFor[*register](),
		Open: func(context.Context, *object.Env) (any, error) { return &register{}, nil },
		Operations: []object.Method{
			{Name: "set", Do: (*register).Set},
			{Name: "get", Do: (*register).Get},
		},
	})
	fmt.Println(err)

	c, err := cases.Parse("v1 test=TestRegister; c0: set(1), get()", cases.Only(o))
	fmt.Println(c, err)
	fmt.Println(o.Free(c)) // one client, so some order explains the results

	_, err = cases.Parse("v1 test=TestRegister; c0: sett(1)", cases.Only(o))
	fmt.Println(err)
	// Output:
	// <nil>
	// v1 test=TestRegister; c0: set(1), get() <nil>
	// <nil>
	// not a case: clause 1 "c0: sett(1)": no operation is called "sett": use get, set
}
