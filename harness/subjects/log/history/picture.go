package history

import (
	"fmt"
	"html"
	"io"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/racewindow/racewindow/harness/cases"
)

// ErrTooLarge is wrapped by the error for a history that is too large to search.
var ErrTooLarge = fmt.Errorf("%w: the history is too large", cases.ErrNoPicture)

// Picture writes porcupine's own visualisation of a history as one HTML page: the calls as intervals, and how far each order of
// them explains the results. It shows the reader whose reads no order explains, and otherwise the first one. Errors are
// ErrTooLarge, or those of w.
func Picture(w io.Writer, calls []Call, names []string) error {
	if len(calls) > MaxCalls {
		return fmt.Errorf("%w: %d calls, porcupine's search takes at most %d", ErrTooLarge, len(calls), MaxCalls)
	}
	_, reader := Judge(calls)
	if all := readers(calls); reader < 0 {
		reader = all[0]
	}
	chosen := operations(calls, reader)
	for i := range chosen {
		if chosen[i].Return < chosen[i].Call { // it is drawn as unanswered
			chosen[i].Return = chosen[i].Call
		}
	}
	m := model()
	_, info := porcupine.CheckOperationsVerbose(m, chosen, patience)
	var notes []porcupine.Annotation
	clients := slices.Clone(names)
	for i, name := range append(clients, "the scan at the end") {
		notes = append(notes, porcupine.Annotation{ClientId: i, Start: 0, Description: html.EscapeString(name)})
	}
	info.AddAnnotations(notes)
	return porcupine.Visualize(m, info, w)
}
