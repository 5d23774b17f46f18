package properties

import (
	"fmt"
	"strings"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// A Size says how many of each thing a case contains.
type Size struct{ Threads, Appends, Flushes, Reads, Others, Records, Delays int }

// SizeOf returns the size of a case.
func SizeOf(c cases.Case) (s Size) {
	s.Threads, s.Delays = len(c.Threads), len(c.Delays)
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			s.Records += o.Records()
			switch o.Kind {
			case cases.Append, cases.Fragments, cases.AppendDurable, cases.AppendAt, cases.Spent:
				s.Appends++
			case cases.Flush:
				s.Flushes++
			case cases.Read:
				s.Reads++
			default:
				s.Others++
			}
		}
	}
	return s
}

// Operations returns the number of operations.
func (s Size) Operations() int { return s.Appends + s.Flushes + s.Reads + s.Others }

// String lists the counts that are not zero.
func (s Size) String() string {
	var words []string
	for _, part := range []struct {
		n    int
		name string
	}{{s.Threads, "thread"}, {s.Appends, "append"}, {s.Flushes, "flush"}, {s.Reads, "read"}, {s.Others, "other operation"}, {s.Records, "record"}, {s.Delays, "delay"}} {
		if part.n == 0 {
			continue
		}
		plural := "s"
		switch {
		case part.n == 1:
			plural = ""
		case part.name == "flush":
			plural = "es"
		}
		words = append(words, fmt.Sprintf("%d %s%s", part.n, part.name, plural))
	}
	return strings.Join(words, ", ")
}
