package report

import (
	"errors"
	"fmt"
	"io"

	"github.com/racewindow/racewindow/harness/cases"
)

// A Pictured subject can let porcupine draw the history of a case. A report does not contain the bytes that a model
// compares, so the case is executed again, which needs the instrumented build.
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

// About sets the subject of the report's case, which a loaded report does not know.
func (r *Report) About(s cases.Subject) { r.subject = s }
