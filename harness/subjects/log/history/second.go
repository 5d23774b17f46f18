package history

import (
	"errors"
	"fmt"
	"slices"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// ErrDisagree is wrapped by the error that the two checkers disagree on one history: one of them is wrong.
var ErrDisagree = errors.New("the checker and porcupine disagree")

// judged are the promises that a sequential model of the log covers.
var judged = []check.Promise{
	check.ReadAfterWrite, check.Order, check.NoDuplicate, check.NoPhantom, check.NoCorruption,
	check.TransactionAtomicity, check.MonotonicReads,
}

// SecondOpinion compares what package check found in an execution, nil for nothing, with porcupine's verdict on its history. It
// returns that verdict as a sentence, "" if the model does not cover the promise. names are the names of the clients. If the two
// disagree, the error wraps ErrDisagree.
func SecondOpinion(calls []Call, names []string, found *check.Violation) (sentence string, err error) {
	if found != nil && !slices.Contains(judged, found.Promise) {
		return "", nil
	}
	verdict, reader := Judge(calls)
	who := "the scan at the end"
	if reader >= 0 && reader < len(names) {
		who = names[reader]
	}
	n := count(calls)
	switch {
	case verdict == Unknown:
		return "porcupine has no opinion: " + n + " are too many for it", nil
	case verdict == Unexplained && found != nil:
		return fmt.Sprintf("porcupine agrees: no order of the %s explains what %s read", n, who), nil
	case verdict == Explained && found == nil:
		return fmt.Sprintf("porcupine agrees: an order of the %s explains every result", n), nil
	case found != nil:
		return "", fmt.Errorf("%w: the checker found %w; porcupine explains the history: %v", ErrDisagree, found, calls)
	}
	return "", fmt.Errorf("%w: the checker found nothing; porcupine cannot explain what %s read: %v", ErrDisagree, who, calls)
}

func count(calls []Call) string {
	appends := 0
	for _, c := range calls {
		if c.Kind == Append {
			appends++
		}
	}
	return columns.Count(appends, "append") + " and " + columns.Count(len(calls)-appends, "read")
}
