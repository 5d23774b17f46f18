package log

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

const reportColumns = 100

// WriteViolation says what was promised and what happened instead.
func (o Outcome) WriteViolation(text *strings.Builder) {
	v := o.Violation
	fmt.Fprintf(text, "FAIL %s  %q\n     %s\n", v.Promise.Name, v.Promise.Sentence, v.Detail)
	if o.Thread == "" {
		text.WriteString("     found at the end, when the log was scanned, closed and opened again\n")
		return
	}
	fmt.Fprintf(text, "     operation %d of %s", o.Operation, o.Thread)
	if v.UpTo.Tx > 0 {
		fmt.Fprintf(text, ": read (%s, %s] returned %d records; acknowledged by then: transaction %d", place(v.After), place(v.UpTo), v.Got, v.Acknowledged)
	}
	text.WriteString("\n")
}

// place prints an offset as a bound of the grammar.
func place(o harness.Offset) string {
	if o.Op == math.MaxUint64 && o != storage.End {
		return fmt.Sprintf("%d.+", o.Tx)
	}
	return o.String()
}

// Timeline prints the events in a column for each thread, with time running down. It prints at most rows events and leaves out
// the earliest. clock adds the time of each event.
func (o Outcome) Timeline(rows int, clock bool) string {
	var threads []string
	for _, e := range o.Events {
		if !slices.Contains(threads, e.Thread) {
			threads = append(threads, e.Thread)
		}
	}
	if len(threads) == 0 {
		return ""
	}
	slices.Sort(threads)
	var text strings.Builder
	width := min(34, (reportColumns-10)/len(threads))
	line := func(at string, column int, what string) {
		if clock {
			fmt.Fprintf(&text, "%9s ", at)
		}
		if len(what) > width-2 && width > 3 {
			what = what[:width-3] + "…"
		}
		text.WriteString(strings.TrimRight(strings.Repeat(" ", column*width)+what, " ") + "\n")
	}
	if clock {
		text.WriteString("     time ")
	}
	for _, t := range threads {
		fmt.Fprintf(&text, "%-*s", width, t)
	}
	header := strings.TrimRight(text.String(), " ")
	text.Reset()
	text.WriteString(header + "\n")
	events := o.Events
	if left := len(events) - rows; left > 0 {
		fmt.Fprintf(&text, "(%d earlier events)\n", left)
		events = events[left:]
	}
	for _, e := range events {
		what := e.Text
		if e.Point {
			what = "* " + what
		}
		line(e.At.Round(100*time.Nanosecond).String(), slices.Index(threads, e.Thread), what)
	}
	return text.String()
}
