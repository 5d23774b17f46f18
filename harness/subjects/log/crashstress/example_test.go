package crashstress_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/crashstress"
)

// Settings that contradict each other are refused before anything runs.
func ExampleRun() {
	_, err := crashstress.Run(context.Background(), crashstress.Config{Faults: 2})
	fmt.Println(errors.Is(err, crashstress.ErrConfig))
	fmt.Println(err)
	// Output:
	// true
	// invalid settings: faults in a share of 2: 0 to 1
}
