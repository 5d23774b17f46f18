package cases_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/cases"
)

// The head of a case says which subject it belongs to, even if that subject is unknown here.
func ExampleHeadOf() {
	fmt.Println(cases.HeadOf(`v1 test=TestCache; c0: put("a", 1); c1: get("a"); @ c0@op#1>c1`))
	// Output: test=TestCache
}

// A delay holds one thread at a failpoint while an operation of another thread runs.
func ExampleDelay() {
	at, _ := cases.ParsePlace("r0@read/metadata-loaded#1")
	fmt.Println(cases.Delay{At: at, While: &cases.Turn{Thread: "w0", Operation: 2}})

	_, err := cases.ParsePlace("r0@read")
	fmt.Println(err)
	// Output:
	// r0@read/metadata-loaded#1=while:w0#2
	// place "r0@read": write THREAD@POINT#N
}
