package object

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

var _ cases.Adviser = (*Object)(nil)

// Advice implements cases.Adviser. It says what started a task that remains, and what to do about it.
func (o *Object) Advice(f *sched.Failure) string {
	if f.Kind != sched.Leak {
		return ""
	}
	starter, _, nested := strings.Cut(f.Thread, "/")
	by := "Open" // the main thread calls Open, and its tasks have no prefix
	switch {
	case nested && isClient(starter):
		by = "an operation of " + starter
	case nested:
		by = "the task " + starter
	}
	remedy := "stop it in Close, and wait for it there"
	if o.closer == nil {
		remedy = "give the object a Close that stops it"
	}
	return fmt.Sprintf("%s was started by %s: %s, or set Subject.TasksMayRemain if it may outlive the object", f.Thread, by, remedy)
}
