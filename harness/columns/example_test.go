package columns_test

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/harness/columns"
)

func ExampleWrap() {
	text := columns.Count(3, "schedule") + " were executed, and none of them failed"
	fmt.Println(strings.Join(columns.Wrap(text, 24, "  "), "\n"))
	// Output:
	// 3 schedules were
	//   executed, and none of
	//   them failed
}

// The printed lines can be pasted into a shell.
func ExampleCommand() {
	for _, line := range columns.Command("racewindow replay --times 100 -- found.case", 24, "    ") {
		fmt.Println(line)
	}
	// Output:
	// racewindow replay \
	//     --times 100 -- \
	//     found.case
}
