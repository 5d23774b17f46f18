package stress_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
)

// Settings that contradict each other are refused before anything runs.
func ExampleRun() {
	open := func(int) (engine.Factory, error) { return nil, nil }
	_, err := stress.Run(context.Background(), stress.Config{Open: open, Goroutines: 10, Writers: 20})
	fmt.Println(errors.Is(err, stress.ErrConfig))
	fmt.Println(err)
	// Output:
	// true
	// invalid stress settings: 20 writers and 1 flushers of 10 goroutines: at least one each, and one left to read
}
