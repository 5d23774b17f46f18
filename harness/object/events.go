package object

import (
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// A History lists the operations of one execution, in the order in which they were invoked.
type History []Event

// An Event is one operation of a client.
type Event struct {
	// Client is the thread, Call the operation as the case prints it, Operation its name.
	Client, Call, Operation string
	// Result is what it returned, as the text of Go literals, if Outcome is spec.OK.
	Result  string
	Outcome spec.Outcome
	// Values are copies of what it returned; nil if the operation has not returned, or has panicked. The value of an iterator
	// is a []any of its elements.
	Values []any
	// Invoked and Returned are moments: what happened first has the lower number. Returned is 0 for an operation that has not
	// returned.
	Invoked, Returned int
}

// events returns the operations that were invoked.
func (r *run) events() (h History) {
	for i, e := range r.history {
		if e.Outcome == spec.NotInvoked {
			continue
		}
		c := r.plan.calls[i]
		h = append(h, Event{
			Client: r.plan.whose(i), Call: c.text, Operation: c.Word(), Result: e.Result, Outcome: e.Outcome, Values: r.values[i],
			Invoked: e.Invoked, Returned: e.Returned,
		})
	}
	sortByInvocation(h)
	return h
}

func sortByInvocation(h History) {
	slices.SortFunc(h, func(a, b Event) int { return a.Invoked - b.Invoked })
}

// valuesOf copies what an operation returned.
func valuesOf(outcome *values.Outcome) (all []any) {
	if outcome.Ended != values.Returned {
		return nil
	}
	for _, v := range outcome.Results {
		s, isSequence := v.Interface().(values.Sequence)
		if !isSequence {
			all = append(all, values.Copy(v).Interface())
			continue
		}
		elements := []any{}
		for _, element := range s.Elements {
			elements = append(elements, element.Interface())
		}
		all = append(all, elements)
	}
	return all
}

// String has a line for each operation: when it was called and returned, by which client, and its result.
func (h History) String() string {
	clients, calls := 0, 0
	for _, e := range h {
		clients, calls = max(clients, len(e.Client)), max(calls, len(e.Call))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "called  returned  %-*s  %-*s  result\n", clients, "", calls, "operation")
	for _, e := range h {
		returned, result := fmt.Sprint(e.Returned), e.Result
		switch e.Outcome {
		case spec.Pending:
			returned, result = "never", ""
		case spec.Indeterminate:
			result += " (called off, so it may have taken effect or not)"
		}
		fmt.Fprintf(&b, "%6d  %8s  %-*s  %-*s  %s\n", e.Invoked, returned, clients, e.Client, calls, e.Call, result)
	}
	return b.String()
}
