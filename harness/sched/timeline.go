package sched

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	timelineColumns = 100
	timelineLines   = 40
	stepColumns     = 6
	fewestColumns   = 9 // of a thread; with less each line names its thread
)

// timeline prints what happened in an execution, time downwards, one column per thread.
func timeline(events []Event) string {
	var threads []string
	for _, e := range events {
		if e.Thread != "" && !slices.Contains(threads, e.Thread) {
			threads = append(threads, e.Thread)
		}
	}
	if len(threads) == 0 {
		return ""
	}
	width := (timelineColumns - stepColumns) / len(threads)
	column := func(thread, text string) string {
		if width < fewestColumns {
			return thread + ": " + text
		}
		return strings.Repeat(" ", width*slices.Index(threads, thread)) + clipped(text, width-1)
	}
	head := "step  "
	for _, thread := range threads {
		if width >= fewestColumns {
			head += fmt.Sprintf("%-*s", width, clipped(thread, width-1))
		}
	}
	lines := []string{head}
	for _, e := range events {
		if text := e.cell(); text != "" {
			lines = append(lines, fmt.Sprintf("%4d  %s", e.Step, column(e.Thread, text)))
		}
		if e.Next != "" && e.Thread != "" {
			lines = append(lines, "      ---- "+e.reason()+", "+e.Next+" goes on ----")
		}
	}
	if left := len(lines) - timelineLines; left > 0 {
		const first = 12
		lines = slices.Concat(lines[:first], []string{fmt.Sprintf("      ... %d lines ...", left+1)}, lines[first+left+1:])
	}
	for i, line := range lines {
		lines[i] = clipped(strings.TrimRight(line, " "), timelineColumns)
	}
	return strings.Join(lines, "\n") + "\n"
}

// cell returns the text in a thread's column.
func (e Event) cell() string {
	switch {
	case e.Point:
		return "* " + e.Text
	case e.Ended:
		return "end"
	case e.Thread == "" || e.Text == OpPoint:
		return ""
	}
	return strings.ReplaceAll(e.Text, "\n", " ")
}

// reason says why another thread went on.
func (e Event) reason() string {
	switch {
	case e.Ended:
		return e.Thread + " ended"
	case e.Waits:
		return e.Thread + " waits"
	case e.Preempted:
		return "preemption: " + e.Thread + " could have gone on"
	}
	return e.Thread + " between two operations"
}

func clipped(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
