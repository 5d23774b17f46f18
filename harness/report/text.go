package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The most that a report takes on a terminal.
const (
	maxColumns   = 100
	minColumns   = 40
	maxRows      = 40
	timelineRows = 22
	sourceWidth  = 18
	stepWidth    = 6
)

// A Palette is how text marks what matters; the zero Palette writes plain text.
type Palette struct{ Bad, Good, Dim, Bold, Off string }

// ANSI is the palette of a terminal.
var ANSI = Palette{Bad: "\x1b[31;1m", Good: "\x1b[32;1m", Dim: "\x1b[2m", Bold: "\x1b[1m", Off: "\x1b[0m"}

// WriteText writes the report for a terminal of so many columns: at most 100 columns and 40 lines.
func (r *Report) WriteText(w io.Writer, columns int, p Palette) error {
	columns = min(max(columns, minColumns), maxColumns)
	head := r.head(columns)
	foot := r.foot(columns, maxRows-len(head)-8)
	room := min(timelineRows, maxRows-len(head)-len(foot))
	lines := append(append(head, r.timeline(columns, room)...), foot...)
	for i, line := range lines {
		line = clip(line, columns)
		switch {
		case i == 0:
			line = p.Bad + line + p.Off
		case strings.HasPrefix(line, "replay:"), strings.HasPrefix(line, "window:"):
			line = p.Bold + line + p.Off
		case strings.Contains(line, " ---- preemption"):
			line = p.Bad + line + p.Off
		case strings.Contains(line, " ---- "):
			line = p.Dim + line + p.Off
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) head(columns int) (lines []string) {
	title := "FAIL " + r.Promise
	if r.Sentence != "" {
		title += fmt.Sprintf("  %q", r.Sentence)
	}
	lines = append(lines, wrap(title, columns, "     ")...)
	lines = append(lines, wrap("     "+r.Detail, columns, "     ")...)
	size := "     " + r.Size
	if r.From != "" {
		size += fmt.Sprintf("; shrunk from %s in %v", r.From, r.Shrunk.Round(10*time.Millisecond))
	}
	lines = append(lines, wrap(size, columns, "     ")...)
	lines = append(lines, wrap(fmt.Sprintf("replay: racewindow replay '%s'", r.Case), columns, "        ")...)
	return append(lines, fmt.Sprintf("        replayed %d of %d times", r.Replayed, r.Replays))
}

func (r *Report) foot(columns, room int) (lines []string) {
	for i, w := range r.Windows {
		if i == 0 || len(r.Windows) > 1 {
			lines = append(lines, wrap("window: "+w, columns, "        ")...)
		}
	}
	for i, w := range r.Without {
		if len(lines) >= room-1 && i < len(r.Without)-1 {
			lines = append(lines, fmt.Sprintf("and %d more parts, none of which can be left out", len(r.Without)-i))
			break
		}
		lines = append(lines, clip(w, columns))
	}
	if !r.Minimal {
		lines = append(lines, "The case may not be minimal: not everything could be tried in the time allowed.")
	}
	return lines
}

// timeline lays the rows out, one column for each thread.
func (r *Report) timeline(columns, room int) []string {
	if len(r.Rows) == 0 || room < 3 {
		return nil
	}
	rows := fold(r.Rows, room-1)
	source := 0
	if columns >= 80 {
		source = sourceWidth
	}
	width := max(8, (columns-stepWidth-source)/max(1, len(r.Threads)))
	header := pad("step", stepWidth)
	for _, t := range r.Threads {
		header += pad(clip(t, width-1), width)
	}
	lines := []string{strings.TrimRight(header, " ")}
	for _, row := range rows {
		lines = append(lines, line(row, width, columns, source))
	}
	return lines
}

func line(row Row, width, columns, source int) string {
	if row.Thread < 0 {
		return strings.Repeat(" ", stepWidth) + "---- " + row.Text + " ----"
	}
	text := row.Text
	if row.Point {
		text = "* " + text
	}
	line := pad(fmt.Sprintf("%4d", row.Step+1), stepWidth) + strings.Repeat(" ", row.Thread*width) + clip(text, max(width-1, columns-source-stepWidth-row.Thread*width-1))
	if source > 0 && row.Source != "" {
		line = pad(line, columns-source) + row.Source
	}
	return line
}

// fold replaces what a thread passes on its way, farthest from any switch first, until the rows fit.
func fold(rows []Row, room int) []Row {
	for len(rows) > room {
		begin, length := longestRun(rows)
		if length < 3 {
			return append(rows[:room-1:room-1], Row{Step: rows[room-1].Step, Thread: -1, Text: fmt.Sprintf("%d more steps", len(rows)-room+1)})
		}
		folded := Row{Step: rows[begin+1].Step, Thread: rows[begin].Thread, Text: fmt.Sprintf("  ... %d points", length-2)}
		rows = append(append(append([]Row(nil), rows[:begin+1]...), folded), rows[begin+length-1:]...)
	}
	return rows
}

// longestRun finds the longest stretch of points of one thread.
func longestRun(rows []Row) (begin, length int) {
	for i := 0; i < len(rows); {
		j := i
		for j < len(rows) && rows[j].Point && rows[j].Thread == rows[i].Thread {
			j++
		}
		if j-i > length {
			begin, length = i, j-i
		}
		i = max(j, i+1)
	}
	return begin, length
}

// wrap breaks text at blanks; lines behind the first begin with indent.
func wrap(text string, columns int, indent string) (lines []string) {
	for utf8.RuneCountInString(text) > columns {
		runes := []rune(text)
		at := columns
		for at > len(indent)+1 && runes[at] != ' ' {
			at--
		}
		if at <= len(indent)+1 {
			at = columns
		}
		lines = append(lines, strings.TrimRight(string(runes[:at]), " "))
		text = indent + strings.TrimLeft(string(runes[at:]), " ")
	}
	return append(lines, text)
}

func clip(text string, columns int) string {
	if runes := []rune(text); len(runes) > columns {
		return string(runes[:max(0, columns-3)]) + "..."
	}
	return text
}

func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(text)))
}
