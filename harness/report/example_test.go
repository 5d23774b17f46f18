package report_test

import (
	"fmt"
	"os"

	"github.com/racewindow/racewindow/harness/report"
)

// A finding without an execution has a report too, in every format.
func ExampleFormatByName() {
	r := report.WithoutExecution("leak", "Progress", "every operation ends", "2 goroutines remain", "racewindow stress --seed 1", "")
	format, err := report.FormatByName("text")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(format.Write(os.Stdout, r))

	_, err = report.FormatByName("txet")
	fmt.Println(err)
	// Output:
	// FAIL Progress  "every operation ends"
	//      2 goroutines remain
	//      no case: reported without executing it again
	// replay: racewindow stress --seed 1
	// <nil>
	// no format is called "txet" (did you mean "text"?): choose one of text, html, json, junit, markdown, svg, porcupine, gotest
}
