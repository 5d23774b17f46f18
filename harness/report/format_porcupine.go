package report

import (
	"fmt"
	"io"

	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
)

// writePorcupine has porcupine draw the history. A report does not hold the bytes that a model compares, so the case is executed
// again: that needs the instrumented build.
func writePorcupine(w io.Writer, r *Report) error {
	c, err := cases.Parse(r.Case)
	if err != nil {
		return fmt.Errorf("%w: porcupine draws the histories of log cases only: %w", ErrNoCase, err)
	}
	program := c.Clone()
	program.Switches = nil
	scenario, recorder, err := program.Recorded()
	if err != nil {
		return err
	}
	sched.NewRunner(scenario, sched.Options{}).Replay(c.Switches, false)
	var names []string
	for _, t := range c.Threads {
		names = append(names, t.Name)
	}
	return history.Picture(w, recorder.Calls(), names)
}
