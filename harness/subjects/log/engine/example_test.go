package engine_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// The seed and a client's number determine its operations, so a run can be repeated.
func ExampleNewProgram() {
	mix := engine.Mix{Append: 3, Flush: 1, Read: 2, MaxRecords: 4}
	one, err := engine.NewProgram(mix, 1, 0)
	fmt.Println(err)
	again, err := engine.NewProgram(mix, 1, 0)
	fmt.Println(err)
	for range 3 {
		a, b := one.Next(), again.Next()
		fmt.Println(a == b)
	}
	// Output:
	// <nil>
	// <nil>
	// true
	// true
	// true
}
