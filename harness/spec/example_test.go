package spec_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/spec"
)

// A client writes 1 to a register, and after that another one reads 0. No order of the two operations explains this.
func ExampleLinearizability() {
	const write, read = 0, 1
	alone := func(order []int) (did []spec.Response, _ error) {
		value := "0"
		for _, operation := range order {
			if operation == write {
				value = "1"
			}
			did = append(did, spec.Response{Result: value})
		}
		return did, nil
	}
	judge := spec.NewLinearizability([]int{write: 0, read: 1}, alone)
	judgement, err := judge.Check(spec.History{
		write: {Outcome: spec.OK, Result: "1", Invoked: 1, Returned: 2},
		read:  {Outcome: spec.OK, Result: "0", Invoked: 3, Returned: 4},
	})
	fmt.Println(judgement.Verdict == spec.Violated, err)
	for _, stuck := range judgement.Stuck {
		fmt.Printf("after %v, operation %d would give %s\n", judgement.Order, stuck.Operation, stuck.Alone.Result)
	}
	// Output:
	// true <nil>
	// after [0], operation 1 would give 1
}
