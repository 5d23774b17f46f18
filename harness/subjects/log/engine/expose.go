package engine

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/storage"
)

// A Field is one part of an engine's state that a report shows beside each step, in a few words.
type Field struct{ Name, Value string }

// An Exposer is an Engine whose state reports can show. The scheduler calls both methods between two steps of an execution, while
// nothing else runs. They must neither wait nor pass a failpoint.
type Exposer interface {
	// Expose lists the same fields in the same order each time. A report draws the fields persisted, tail, visible and file,
	// and prints others as text. In a list of records, blanks separate them.
	Expose() []Field
	// Learns names the fields that a thread has just read when it comes to a failpoint, and on which it may act later.
	Learns(point string) []string
}

// Names of the fields that reports draw.
const (
	FieldPersisted = "persisted"
	FieldTail      = "tail"
	FieldVisible   = "visible"
	FieldFile      = "file"
)

// Expose shows metadata, tail and files. Records in parentheses are written, but not yet persisted according to the metadata.
func (e *storageEngine) Expose() []Field {
	s := e.Log().Inspect()
	return []Field{
		{FieldPersisted, s.Persisted.String()},
		{FieldTail, offsets(s.Tail, storage.End)},
		{FieldVisible, s.Visible.String()},
		{FieldFile, offsets(s.File, s.Persisted)},
	}
}

// Learns names the metadata that a reader has read at a failpoint.
func (e *storageEngine) Learns(point string) (fields []string) {
	visible, persisted := e.Log().Learns(point)
	if persisted {
		fields = append(fields, FieldPersisted)
	}
	if visible {
		fields = append(fields, FieldVisible)
	}
	return fields
}

// offsets lists records; those after known are in parentheses.
func offsets(all []Offset, known Offset) string {
	if len(all) == 0 {
		return "(empty)"
	}
	words := make([]string, len(all))
	for i, o := range all {
		if words[i] = o.String(); known.Before(o) {
			words[i] = fmt.Sprintf("(%v)", o)
		}
	}
	return strings.Join(words, " ")
}
