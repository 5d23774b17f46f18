package engine

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/storage"
)

// A Field is one thing that an engine lets a report show beside each step, in a few words.
type Field struct{ Name, Value string }

// An Exposer is an Engine that lets reports look into it. Both methods are called between two steps of an execution by the
// scheduler, in which nothing else runs; they must neither wait nor pass a failpoint.
type Exposer interface {
	// Expose lists the same fields in the same order each time. A report knows persisted, tail, visible and file, and draws
	// them; others it prints. A list of records has blanks in between.
	Expose() []Field
	// Learns names the fields that a thread that comes to a failpoint has just read, so that it may act on them later.
	Learns(point string) []string
}

// Names of the fields that reports draw.
const (
	FieldPersisted = "persisted"
	FieldTail      = "tail"
	FieldVisible   = "visible"
	FieldFile      = "file"
)

// Expose shows metadata, tail and files. Records in parentheses are written, and the metadata does not say so.
func (e *storageEngine) Expose() []Field {
	s := e.log.Inspect()
	return []Field{
		{FieldPersisted, s.Persisted.String()},
		{FieldTail, offsets(s.Tail, storage.End)},
		{FieldVisible, s.Visible.String()},
		{FieldFile, offsets(s.File, s.Persisted)},
	}
}

// Learns says when a reader takes over the metadata.
func (e *storageEngine) Learns(point string) (fields []string) {
	visible, persisted := e.log.Learns(point)
	if persisted {
		fields = append(fields, FieldPersisted)
	}
	if visible {
		fields = append(fields, FieldVisible)
	}
	return fields
}

// offsets lists records; those behind known stand in parentheses.
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
