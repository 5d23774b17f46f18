package runtime_test

import (
	"fmt"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// Each flag of go test goes to the build or to the test binary, or is refused with a remedy.
func ExampleTestArguments() {
	flags := []string{"-tags=slow", "-short"}
	fmt.Println(runtime.BuildFlags(flags))

	_, err := runtime.TestArguments("", []string{"-cover"})
	fmt.Println(err)
	// Output:
	// [-tags=slow]
	// -cover cannot be used with racewindow's runtime: coverage counts in places that no schedule names; leave it out, and use go test for it
}
