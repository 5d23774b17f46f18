package log

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/storage"
)

// Version implements cases.Versioned.
func (o Options) Version() string { return o.Handover }

// Weight implements cases.Weighed.
func (o Operation) Weight() int { return o.Records() }

// String prints the canonical line. Parse of it gives an equal case.
func (c Case) String() string { return c.General().String() }

// String prints the options as a case writes them.
func (o Options) String() string {
	text := "handover=" + o.Handover
	for _, option := range []struct {
		name  string
		value int64
	}{{"arena", int64(o.Arena)}, {"chunk", o.Chunk}, {"segment", o.Segment}, {"flush", o.Flush}, {"tail", o.Tail}, {"cache", o.Cache}, {"value", int64(o.Value)}} {
		if option.value != 0 {
			text += fmt.Sprintf(" %s=%d", option.name, option.value)
		}
	}
	if o.Interval != 0 {
		text += " interval=" + cases.Duration(o.Interval)
	}
	if o.NoSync {
		text += " sync=no"
	}
	if o.Frames {
		text += " values=frames"
	}
	if o.Seed != 0 {
		text += " seed=" + strconv.FormatUint(o.Seed, 10)
	}
	return text
}

// String prints the operation as the grammar writes it.
func (o Operation) String() string {
	switch {
	case o.Kind.transacts():
		text := o.Kind.String() + " "
		if o.Kind == AppendAt {
			text += o.Place + " "
		}
		text += joinNumbers(o.Fragments, "+")
		if len(o.Sizes) > 0 {
			text += " of " + joinNumbers(o.Sizes, "/")
		}
		return text
	case o.Kind == Read:
		return fmt.Sprintf("read %v %v", o.After, o.UpTo)
	case o.Kind == Advance:
		return "advance " + cases.Duration(o.By)
	case o.Kind == Cancel:
		return "cancel " + o.Thread
	}
	return o.Kind.String()
}

func joinNumbers(numbers []int, separator string) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, separator)
}

func handoverNames() (names []string) {
	for _, h := range storage.Handovers() {
		names = append(names, h.Name())
	}
	return names
}

// Word implements cases.Operation.
func (o Operation) Word() string { return o.Kind.String() }
