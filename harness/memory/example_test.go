package memory_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/memory"
)

// A run asks before it begins whether its goroutines fit in memory.
func ExampleRoom() {
	err := memory.Room("lower --goroutines", memory.Part{What: "goroutines", Count: 100, Each: 32 << 10})
	fmt.Println(err)
	// Output: <nil>
}
