package kill_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/kill"
)

// A passing run shows the death of a process, and not a loss of power.
func Example() {
	fmt.Println(kill.Shows)
	// Output:
	// the death of the process: it was killed at any moment, its files and its lock are as the kernel has them
}
