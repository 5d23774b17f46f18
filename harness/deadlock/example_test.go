package deadlock_test

import (
	"fmt"
	"time"

	"github.com/racewindow/racewindow/harness/deadlock"
)

// A run that should have ended looks while it waits.
func ExampleWatch() {
	ended := make(chan struct{})
	go func() {
		time.Sleep(50 * time.Millisecond) // slow, but it ends
		close(ended)
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var watch deadlock.Watch
	for {
		select {
		case <-ended:
			fmt.Println("it has ended")
			return
		case <-tick.C:
		}
		if d := watch.Look(); d != nil {
			fmt.Println("it never ends:", d)
			return
		}
	}
	// Output: it has ended
}

func ExampleDeadlock_String() {
	d := &deadlock.Deadlock{Goroutines: 3, Places: []string{"2 in storage.(*Log).append (append.go:90)", "1 in storage.(*Log).Close (log.go:144)"}}
	fmt.Println(d)
	// Output: all 3 goroutines that are left wait for one another: 2 in storage.(*Log).append (append.go:90); 1 in storage.(*Log).Close (log.go:144)
}
