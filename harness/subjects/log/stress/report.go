package stress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/racewindow/racewindow/harness/columns"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A report has at most reportColumns columns and reportRows rows.
const (
	reportColumns = 100
	leastColumns  = 40
	againIndent   = "       "
	reportRows    = 40
	timelineRows  = 24
	detailRows    = 5
)

// A Palette holds the escape sequences that a report marks text with. The zero Palette writes plain text.
type Palette struct{ Bad, Good, Dim, Bold, Off string }

// ANSI is the palette of a terminal.
var ANSI = Palette{Bad: "\x1b[31;1m", Good: "\x1b[32;1m", Dim: "\x1b[2m", Bold: "\x1b[1m", Off: "\x1b[0m"}

// WriteReport explains a violation: the promise, what is missing, how to run it again, and a timeline with one column for each
// thread. Only the command may be wider than the terminal, because its words are never broken.
func WriteReport(w io.Writer, f *Finding, again string, width int, p Palette) error {
	width = min(max(width, leastColumns), reportColumns)
	var lines []string
	lines = append(lines, columns.Wrap(fmt.Sprintf("FAIL %s  %q", f.Promise, f.Sentence), width, "     ")...)
	lines = append(lines, cut(columns.Wrap("     "+f.Detail, width, "     "), detailRows)...)
	if f.UpTo != (harness.Offset{}).String() { // it was a read
		by := f.Thread
		if by == "" {
			by = "the scan at the round's end"
		}
		lines = append(lines, cut(columns.Wrap(fmt.Sprintf("     read (%s, %s] by %s returned %d records; acknowledged by then: transaction %d",
			f.After, f.UpTo, by, f.Got, f.Acknowledged), width, "     "), 2)...)
	}
	lines = append(lines, columns.Wrap(fmt.Sprintf("     found %s into round %d, after %d operations", short(f.Found), f.Round+1, f.Operations), width, "     ")...)
	command := columns.Command("again: "+again, width, againIndent)
	lines = append(lines, command...)
	lines = append(lines, timeline(f, width)...)
	if f.Window != nil {
		lines = append(lines, columns.Wrap(fmt.Sprintf("window: %s stood %s between %s and %s; meanwhile %s passed %s.", f.Thread, short(f.Window.Stood),
			f.Window.From, f.Window.To, f.Window.Other, strings.Join(dedupe(f.Window.Passed), ", ")), width, "        ")...)
	}
	if len(f.Overlapping) > 0 {
		lines = append(lines, columns.Wrap("overlapping operations of others: "+counts(f.Overlapping), width, "  ")...)
	}
	for i, line := range cut(lines, reportRows) {
		if !slices.Contains(command, line) { // a command is never cut
			line = clip(line, width)
		}
		switch {
		case i == 0:
			line = p.Bad + line + p.Off
		case strings.HasPrefix(line, "window:"), strings.HasPrefix(line, "again:"):
			line = p.Bold + line + p.Off
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// timeline lays out the moments in columns, one for each thread.
func timeline(f *Finding, columns int) []string {
	if len(f.Moments) == 0 {
		return nil
	}
	var threads []string
	for _, m := range f.Moments {
		if !slices.Contains(threads, m.Thread) {
			threads = append(threads, m.Thread)
		}
	}
	slices.SortStableFunc(threads, func(a, b string) int { return rank(a, f) - rank(b, f) })
	const timeWidth = 11
	source := 0
	if columns >= reportColumns {
		source = 18
	}
	folded := fold(f.Moments, timelineRows)
	widths := columnWidths(folded, threads, columns-timeWidth-source)
	begin := f.Moments[slices.IndexFunc(f.Moments, func(m Moment) bool { return m.Thread == threads[0] })].At
	lines := []string{pad("time", timeWidth) + row(threads, widths)}
	for _, m := range folded {
		cells := make([]string, len(threads))
		cells[slices.Index(threads, m.Thread)] = m.Text
		line := pad(fmt.Sprintf("%9s", relative(m.At-begin)), timeWidth) + row(cells, widths)
		if source > 0 {
			line = strings.TrimRight(pad(line, columns-source)+m.Source, " ")
		}
		lines = append(lines, line)
	}
	return lines
}

// columnWidths gives each thread the room that its longest text needs. If there is not enough room, it narrows the widest
// columns.
func columnWidths(moments []Moment, threads []string, room int) []int {
	widths := make([]int, len(threads))
	for i, t := range threads {
		widths[i] = utf8.RuneCountInString(t) + 2
	}
	for _, m := range moments {
		i := slices.Index(threads, m.Thread)
		widths[i] = max(widths[i], utf8.RuneCountInString(m.Text)+2)
	}
	for total := 0; ; total = 0 {
		widest := 0
		for i, w := range widths {
			total += w
			if w > widths[widest] {
				widest = i
			}
		}
		if total <= room || widths[widest] <= 4 {
			return widths
		}
		widths[widest]--
	}
}

// relative prints a time relative to the begin of the failed operation; it may be negative.
func relative(d time.Duration) string {
	if d < 0 {
		return "-" + short(-d)
	}
	return short(d)
}

// rank puts the thread that failed first.
func rank(thread string, f *Finding) int {
	if thread == f.Thread {
		return 0
	}
	return 1
}

func row(cells []string, widths []int) string {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(pad(clip(c, widths[i]-1), widths[i]))
	}
	return strings.TrimRight(b.String(), " ")
}

// fold joins equal moments that follow each other, and then leaves out the middle so that the rest fits.
func fold(moments []Moment, rows int) []Moment {
	var out []Moment
	times := 1
	for _, m := range moments {
		if n := len(out); n > 0 && out[n-1].Thread == m.Thread && m.Point != "" && out[n-1].Point == m.Point {
			times++
			out[n-1].Text = fmt.Sprintf("%dx %s", times, m.Point)
			continue
		}
		times = 1
		out = append(out, m)
	}
	if len(out) > rows {
		head, tail := out[:rows/3], out[len(out)-(rows-rows/3-1):]
		cut := Moment{At: head[len(head)-1].At, Thread: head[len(head)-1].Thread, Text: fmt.Sprintf("… %d more …", len(out)-len(head)-len(tail))}
		out = append(append(slices.Clone(head), cut), tail...)
	}
	return out
}

func dedupe(points []string) []string {
	points = slices.Compact(slices.Clone(points))
	if len(points) > 6 {
		points = append(points[:3:3], append([]string{"…"}, points[len(points)-2:]...)...)
	}
	return points
}

func counts(m map[string]int) string {
	var parts []string
	for kind, n := range m {
		parts = append(parts, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// short prints a duration with few digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f us", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func pad(s string, width int) string {
	if n := utf8.RuneCountInString(s); n < width {
		return s + strings.Repeat(" ", width-n)
	}
	return s
}

// clip cuts a text to width characters, and replaces characters that a terminal would obey.
func clip(s string, width int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}

// cut leaves at most so many lines. If it leaves any out, the last line is "…".
func cut(lines []string, rows int) []string {
	if len(lines) > rows {
		return append(slices.Clone(lines[:rows-1]), "     …")
	}
	return lines
}
