package log

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/racewindow/racewindow/storage"
)

// String prints the canonical line. Parse of it gives an equal case.
func (c Case) String() string {
	clauses := []string{c.Options.String()}
	for _, t := range c.Threads {
		words := make([]string, len(t.Operations))
		for i, o := range t.Operations {
			words[i] = o.String()
		}
		clauses = append(clauses, strings.TrimSpace(t.Name+": "+strings.Join(words, ", ")))
	}
	if len(c.Delays) > 0 {
		words := make([]string, len(c.Delays))
		for i, d := range c.Delays {
			words[i] = d.String()
		}
		clauses = append(clauses, "~ "+strings.Join(words, ", "))
	}
	if len(c.Switches) > 0 {
		clauses = append(clauses, "@ "+c.Switches.String())
	}
	if len(c.Faults) > 0 {
		words := make([]string, len(c.Faults))
		for i, f := range c.Faults {
			words[i] = f.String()
		}
		clauses = append(clauses, "! "+strings.Join(words, ", "))
	}
	if c.Crash != nil {
		clauses = append(clauses, c.Crash.String())
	}
	return strings.Join(clauses, "; ")
}

// String prints the header.
func (o Options) String() string {
	text := "v1 scenario=log handover=" + o.Handover
	for _, option := range []struct {
		name  string
		value int64
	}{{"arena", int64(o.Arena)}, {"chunk", o.Chunk}, {"segment", o.Segment}, {"flush", o.Flush}} {
		if option.value != 0 {
			text += fmt.Sprintf(" %s=%d", option.name, option.value)
		}
	}
	if o.Interval != 0 {
		text += " interval=" + duration(o.Interval)
	}
	if o.Seed != 0 {
		text += " seed=" + strconv.FormatUint(o.Seed, 10)
	}
	return text
}

// String prints the operation as the grammar has it.
func (o Operation) String() string {
	switch o.Kind {
	case Append, Fragments, Abort:
		text := o.Kind.String() + " " + joinNumbers(o.Fragments, "+")
		if len(o.Sizes) > 0 {
			text += " of " + joinNumbers(o.Sizes, "/")
		}
		return text
	case Read:
		return fmt.Sprintf("read %v %v", o.After, o.UpTo)
	case Advance:
		return "advance " + duration(o.By)
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

// String prints the turn as the grammar has it.
func (t Turn) String() string { return fmt.Sprintf("%s#%d", t.Thread, t.Operation) }

// String prints the delay as the grammar has it.
func (d Delay) String() string {
	switch {
	case d.Until != nil:
		return fmt.Sprintf("%v=until:%v", d.At, d.Until)
	case d.While != nil:
		return fmt.Sprintf("%v=while:%v", d.At, d.While)
	}
	return fmt.Sprintf("%v=%s", d.At, duration(d.For))
}

// duration prints d in letters that every keyboard has.
func duration(d time.Duration) string { return strings.Replace(d.String(), "µ", "u", 1) }

func handoverNames() (names []string) {
	for _, h := range storage.Handovers() {
		names = append(names, h.Name())
	}
	return names
}
