package report

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// mostLogged bounds the lines of Report.Log.
const mostLogged = 200

// A logLine is a line that a thread wrote after a step of the timeline.
type logLine struct {
	step         int
	thread, text string
}

// logOf returns what the threads of an execution wrote, without the words of its failure, which the report has already.
func logOf(out sched.Outcome, f *sched.Failure) string {
	lines, width := logLines(out, f.Site), 0
	lines = lines[max(0, len(lines)-mostLogged):]
	for _, l := range lines {
		width = max(width, len(l.thread))
	}
	text := make([]string, 0, len(lines))
	for _, l := range lines {
		text = append(text, fmt.Sprintf("%4d  %-*s  %s", l.step, width, l.thread, l.text))
	}
	return strings.Join(text, "\n")
}

// logLines leaves out empty lines, and those that begin with the place without, with their continuations.
func logLines(out sched.Outcome, without string) (lines []logLine) {
	step, events := 0, out.Events
	place := ""
	for _, w := range out.Written {
		for ; len(events) > 0 && events[0].Step < w.Step; events = events[1:] {
			if numbered(events[0]) {
				step++
			}
		}
		for text := range strings.Lines(w.Text) {
			text = strings.TrimRight(text, " \t\r\n")
			if !strings.HasPrefix(text, "    ") {
				place, _, _ = strings.Cut(text, ": ")
			}
			if text != "" && place != without {
				lines = append(lines, logLine{step, w.Thread, text})
			}
		}
	}
	return lines
}
