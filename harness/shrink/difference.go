package shrink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
)

// Difference says in a few words what a smaller case does without.
func Difference(c, smaller cases.Case) string {
	if len(smaller.Threads) < len(c.Threads) {
		if operations(smaller) == operations(c) {
			return "one thread does the operations of two: " + program(smaller)
		}
		var gone []string
		for _, t := range c.Threads {
			if !slices.ContainsFunc(smaller.Threads, func(o cases.Thread) bool { return o.Name == t.Name }) {
				gone = append(gone, t.Name)
			}
		}
		return "without thread " + strings.Join(gone, ", ")
	}
	if settings(c) != settings(smaller) {
		return "with other settings: " + settings(smaller)
	}
	for i, t := range c.Threads {
		s := smaller.Threads[i]
		if len(s.Operations) < len(t.Operations) {
			return fmt.Sprintf("without '%s' of %s", strings.Join(missing(t.Operations, s.Operations), ", "), t.Name)
		}
		for j, o := range t.Operations {
			if o.String() != s.Operations[j].String() {
				return fmt.Sprintf("'%v' instead of '%v' in %s", s.Operations[j], o, t.Name)
			}
		}
	}
	return world(c, smaller)
}

// world says how a smaller case with the same program differs in faults and crashes.
func world(c, smaller cases.Case) string {
	for i, f := range c.Faults {
		switch {
		case len(smaller.Faults) < len(c.Faults) && (i == len(smaller.Faults) || smaller.Faults[i] != f):
			return fmt.Sprintf("without the fault '%v'", f)
		case smaller.Faults[i] != f:
			return fmt.Sprintf("with the fault '%v' instead of '%v'", smaller.Faults[i], f)
		}
	}
	switch {
	case c.Crash != nil && smaller.Crash == nil:
		return "without the crash"
	case c.Crash != nil && smaller.Crash.String() != c.Crash.String():
		return fmt.Sprintf("with '%v' instead of '%v'", *smaller.Crash, *c.Crash)
	}
	return "otherwise: " + program(smaller)
}

func settings(c cases.Case) string {
	if c.Settings == nil {
		return ""
	}
	return c.Settings.String()
}

func operations(c cases.Case) (n int) {
	for _, t := range c.Threads {
		n += len(t.Operations)
	}
	return n
}

// missing returns the operations of all that are not in fewer, which leaves out one span.
func missing(all, fewer []cases.Operation) (words []string) {
	begin := 0
	for begin < len(fewer) && all[begin].String() == fewer[begin].String() {
		begin++
	}
	for _, o := range all[begin : begin+len(all)-len(fewer)] {
		words = append(words, o.String())
	}
	return words
}

// program returns a case's text without its header.
func program(c cases.Case) string {
	_, rest, _ := strings.Cut(c.String(), "; ")
	return rest
}
