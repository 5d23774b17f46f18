package spelling_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/spelling"
)

func ExampleMeant() {
	known := []string{"snapshot", "retain", "fallback"}
	fmt.Printf("no hand-over is called snapshto%s\n", spelling.Meant("snapshto", known))
	fmt.Printf("no hand-over is called xyz%s\n", spelling.Meant("xyz", known))
	// Output:
	// no hand-over is called snapshto (did you mean "snapshot"?)
	// no hand-over is called xyz
}
