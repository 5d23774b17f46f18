package soak_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/soak"
)

// The text of a round is enough to run the round alone again.
func ExampleParseRound() {
	round, err := soak.ParseRound("v1 kind=explore variant=snapshot number=17 seed=123 for=5s")
	fmt.Println(round.Kind, round.Variant, round.For, err)
	fmt.Println(round)

	_, err = soak.ParseRound("v1 kind=explore")
	fmt.Println(err)
	// Output:
	// explore snapshot 5s <nil>
	// v1 kind=explore variant=snapshot number=17 seed=123 for=5s
	// not a round: kind, variant and a time above zero (for=5s) are needed
}
