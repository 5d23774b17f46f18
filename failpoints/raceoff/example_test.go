package raceoff_test

import (
	"fmt"
	"sync"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// Clients count what they do without an edge between them: a data race between two of them is still reported.
func ExampleNumber() {
	var done raceoff.Number
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() { done.Add(1) })
	}
	clients.Wait()
	fmt.Println(done.Load())
	// Output: 4
}
