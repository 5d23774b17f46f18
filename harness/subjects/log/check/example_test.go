package check_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// A report quotes the promise that was broken.
func ExamplePromises() {
	for _, p := range check.Promises()[:2] {
		fmt.Printf("%s: %s\n", p.Name, p.Sentence)
	}
	// Output:
	// ReadAfterWrite: a read that starts after an append returned yields its records
	// Order: a read yields records in the order in which they were appended, and leaves none out in between
}
