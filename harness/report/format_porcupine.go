package report

import (
	"errors"
	"fmt"
	"io"

	"github.com/racewindow/racewindow/harness/cases"
)

// A Pictured subject can have the history of a case drawn by porcupine. A report does not hold the bytes that a model compares, so
// the case is executed again: that needs the instrumented build.
type Pictured interface {
	Picture(w io.Writer, c cases.Case) error
}

func writePorcupine(w io.Writer, r *Report) error {
	pictured, ok := r.subject.(Pictured)
	if !ok {
		return fmt.Errorf("%w: porcupine draws the histories of subjects that have a model of their own", ErrNoCase)
	}
	c, err := cases.Parse(r.Case, cases.Only(r.subject))
	if err != nil {
		return errors.Join(ErrNoCase, err)
	}
	return pictured.Picture(w, c)
}

// About says what the report's case is about: a report that was loaded does not know.
func (r *Report) About(s cases.Subject) { r.subject = s }
