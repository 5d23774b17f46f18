package analysis_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
)

// A statement of the analysis prints what the executions of its program have shown.
func ExampleStatement() {
	fmt.Println(analysis.Statement{
		Number: 1, Text: "a read misses what was acknowledged", Handover: "stale", Program: "w0: append 1, flush; r0: read - end",
		True: true, Schedules: 93, Bound: -1, Case: "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end",
	})
	// Output:
	// shown     stale          a read misses what was acknowledged
	//                          v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end
}
