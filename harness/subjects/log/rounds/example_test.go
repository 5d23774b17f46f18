package rounds_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/rounds"
)

// A campaign searches for new bugs in the hand-overs that hold, and uses the others as canaries.
func ExampleHandovers() {
	fmt.Println(rounds.Handovers(true))
	fmt.Println(rounds.Handovers(false))
	// Output:
	// [retain snapshot]
	// [fallback recheck recheckliteral stale]
}
