package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Widths in a timeline, in terminal columns.
const (
	stepWidth   = 6
	lastWidth   = 24 // of the last thread, so that the name of a failpoint fits
	leastWidth  = 7  // of the other threads, whose texts may run on into the empty columns to their right
	stateWidth  = 14 // at most, for one field
	sourceWidth = 24 // at most
)

// A layout holds the widths of a timeline's columns. If named is not 0, there is no room for a column for each thread, so
// each line names its thread.
type layout struct {
	columns int
	threads []int // where each thread's column begins
	end     int   // where the threads' columns end
	named   int   // width of the thread's name; 0 if threads have columns
	fields  []int // widths of the fields shown
	source  int
}

// layOut first gives the threads their room, then as many fields as fit, then the sources.
func (r *Run) layOut(rows []Row, columns int) layout {
	l := layout{columns: columns}
	n := len(r.Threads)
	least := stepWidth + (n-1)*leastWidth + lastWidth
	if n == 0 || least > columns {
		for _, t := range r.Threads {
			l.named = max(l.named, min(17, utf8.RuneCountInString(t)+1))
		}
		l.named = max(l.named, 1)
		least = stepWidth + l.named + lastWidth
	}
	for i := range r.Fields {
		width := r.fieldWidth(rows, i)
		if i >= 2 || least+width > columns {
			break
		}
		least += width
		l.fields = append(l.fields, width)
	}
	for i := range rows {
		l.source = max(l.source, min(sourceWidth, utf8.RuneCountInString(rows[i].source())+1))
	}
	if least+l.source > columns {
		l.source = 0
	}
	l.end = columns - l.source
	for _, width := range l.fields {
		l.end -= width
	}
	if l.named > 0 {
		return l
	}
	width := (l.end - stepWidth) / n
	if n > 1 {
		width = min(max(leastWidth, (l.end-stepWidth-max(lastWidth+4, width))/(n-1)), 34)
	}
	for i := range r.Threads {
		l.threads = append(l.threads, stepWidth+i*width)
	}
	return l
}

func (r *Run) fieldWidth(rows []Row, i int) int {
	width := utf8.RuneCountInString(r.Fields[i])
	for _, row := range rows {
		if i < len(row.State) {
			width = max(width, utf8.RuneCountInString(row.State[i]))
		}
	}
	return min(width+2, stateWidth)
}

// timeline renders the rows in at most room lines, including the heading.
func (r *Run) timeline(columns, room int) (lines []textLine) {
	if len(r.Rows) == 0 || room < 3 {
		return nil
	}
	rows := r.fold(room - 1)
	l := r.layOut(rows, columns)
	heading := pad("step", stepWidth)
	if l.named > 0 && len(r.Threads) > 0 {
		heading += clip("thread", l.end-stepWidth-1)
	}
	for i, at := range l.threads {
		heading = pad(pad(heading, at)+clipName(r.Threads[i], l.widthOf(i)), l.threads[i]+l.widthOf(i))
	}
	heading = pad(heading, l.end)
	for i, width := range l.fields {
		heading += pad(clip(r.Fields[i], width-2), width)
	}
	lines = append(lines, textLine{text: heading, what: '-'})
	for _, row := range rows {
		lines = append(lines, r.line(row, l))
	}
	return lines
}

// widthOf returns the room for a thread's name.
func (l *layout) widthOf(i int) int {
	if i+1 < len(l.threads) {
		return l.threads[i+1] - l.threads[i] - 1
	}
	return l.end - l.threads[i] - 1
}

func (r *Run) line(row Row, l layout) textLine {
	if row.Kind == KindSwitch || row.Kind == KindPreemption {
		what := byte('-')
		if row.Kind == KindPreemption {
			what = '!'
		}
		return textLine{text: strings.Repeat(" ", stepWidth) + "---- " + clip(row.Text, l.columns-stepWidth-10) + " ----", what: what}
	}
	text := row.Text
	if row.Kind == KindPoint {
		text = "* " + text
	}
	line := strings.Repeat(" ", stepWidth)
	if row.Step > 0 {
		line = pad(fmt.Sprintf("%4d", row.Step), stepWidth)
	}
	switch {
	case l.named > 0:
		line += pad(clipName(r.thread(row.Thread), l.named-1), l.named)
	case row.Thread >= 0 && row.Thread < len(l.threads):
		line = pad(line, l.threads[row.Thread])
	}
	line += r.cell(row, text, l.end-utf8.RuneCountInString(line)-1)
	if len(l.fields) > 0 || l.source > 0 {
		line = pad(line, l.end)
	}
	for i, width := range l.fields {
		value := ""
		if i < len(row.State) {
			value = row.State[i]
		}
		line += pad(clip(value, width-2), width)
	}
	if l.source > 0 {
		line += clip(row.source(), l.source)
	}
	if row.Kind == KindFailure {
		return textLine{text: line, what: '!'}
	}
	return textLine{text: line}
}

// cell returns a row's text, with what the thread has learned if there is room for it.
func (r *Run) cell(row Row, text string, room int) string {
	var learned []string
	for _, i := range row.Learned {
		if i < len(row.State) && i < len(r.Fields) {
			learned = append(learned, r.Fields[i]+" "+row.State[i])
		}
	}
	if with := text + "  sees " + strings.Join(learned, ", "); len(learned) > 0 && utf8.RuneCountInString(with) <= room {
		return with
	}
	if with := fmt.Sprintf("%s  sees %s", text, strings.Join(learned[:min(1, len(learned))], "")); len(learned) > 1 && utf8.RuneCountInString(with) <= room {
		return with
	}
	return clip(text, room)
}
