package weaken_test

import (
	"fmt"

	"github.com/racewindow/racewindow/failpoints/weaken"
)

// A list says which places no test needs to notice, and why.
func ExampleParseKnown() {
	known, err := weaken.ParseKnown(`
		# the log is read again after this
		log.go (*Log).flush: sync: l.file.Sync() because a caller syncs the file
	`)
	fmt.Println(known[0].Name)
	fmt.Println(known[0].Reason, err)

	_, err = weaken.ParseKnown("log.go (*Log).flush: sync: l.file.Sync()")
	fmt.Println(err)
	// Output:
	// log.go (*Log).flush: sync: l.file.Sync()
	// a caller syncs the file <nil>
	// line 1: "log.go (*Log).flush: sync: l.file.Sync()" is not NAME because REASON
}
