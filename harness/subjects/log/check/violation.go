package check

import (
	"fmt"

	"github.com/racewindow/racewindow/storage"
)

// A Violation is the evidence that a promise was broken.
type Violation struct {
	Promise Promise
	// Detail says in a sentence what is wrong, without the promise's own sentence.
	Detail string
	// After, UpTo and Acknowledged are the read's bounds and what had been acknowledged when it began.
	After, UpTo  storage.Offset
	Acknowledged uint64
	// MissingFrom and MissingTo are the transactions that should have been returned and were not; 0 for none.
	MissingFrom, MissingTo uint64
	// Got is how many records the read had yielded.
	Got int
	// At is the offset of the offending record, zero if a record is missing.
	At storage.Offset
}

// Error names the promise, quotes its sentence and gives the detail.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s (%q): %s", v.Promise.Name, v.Promise.Sentence, v.Detail)
}

// Fingerprint is equal for violations that look alike: the promise, and whether all, some or none of the records came.
func (v *Violation) Fingerprint() string {
	shape := "record"
	switch {
	case v.MissingFrom != 0 && v.Got == 0:
		shape = "empty"
	case v.MissingFrom != 0:
		shape = "partial"
	}
	return v.Promise.Name + "/" + shape
}
