package log_test

import (
	"fmt"

	log "github.com/racewindow/racewindow/harness/subjects/log"
)

// A case has everything that one execution needs, in one line.
func ExampleParse() {
	c, err := log.Parse("v1 scenario=log  handover=stale arena=256; w0: append 1,flush; r0: read - end; @ r0@read/metadata-loaded#1>w0")
	fmt.Println(c, err)

	_, err = log.Parse("v1 scenario=log handover=stale; w0: apend 1")
	fmt.Println(err)
	// Output:
	// v1 scenario=log handover=stale arena=256; w0: append 1, flush; r0: read - end; @ r0@read/metadata-loaded#1>w0 <nil>
	// not a case: clause 1 "w0: apend 1": unknown operation "apend" (did you mean "append"?): use append, fragments, abort, flush, read, reopen, advance, appenddurable, appendat, spent, visible, durable, cancel, close, closestore, handle or other
}
