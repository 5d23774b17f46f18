package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Program is what the threads of a scenario do, without timing. Its text is
//
//	setup: subscribe a, suspend a; p0: publish a+b, publish a; m0: remove a, subscribe a
//
// A thread called setup runs first, alone. A shape stands for the thread's own newest subscription to it, or for the
// newest of setup's.
type Program []Thread

// A Thread is the operations of one client.
type Thread struct {
	Name       string
	Operations []Operation
}

// An Operation is one call of a Registry; one that publishes may name several shapes.
type Operation struct {
	Verb   string
	Shapes []string
}

// The verbs.
const (
	Publish   = "publish"
	Subscribe = "subscribe"
	Suspend   = "suspend"
	Remove    = "remove"
)

const setupThread = "setup"

// String is "publish a+b".
func (o Operation) String() string { return o.Verb + " " + strings.Join(o.Shapes, "+") }

// String is the program's text.
func (p Program) String() string {
	var threads []string
	for _, t := range p {
		var words []string
		for _, o := range t.Operations {
			words = append(words, o.String())
		}
		threads = append(threads, t.Name+": "+strings.Join(words, ", "))
	}
	return strings.Join(threads, "; ")
}

// ErrProgram is wrapped by every error about the text of a program.
var ErrProgram = errors.New("not a program")

// ParseProgram reads what String prints.
func ParseProgram(text string) (p Program, err error) {
	for part := range strings.SplitSeq(text, ";") {
		name, rest, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || !isWord(name) || slices.ContainsFunc(p, func(t Thread) bool { return t.Name == name }) {
			return nil, fmt.Errorf("%w: %.80q: write NAME: OPERATION, OPERATION with a new name", ErrProgram, part)
		}
		t := Thread{Name: name}
		for word := range strings.SplitSeq(rest, ",") {
			o, err := parseOperation(strings.Fields(word))
			if err != nil {
				return nil, fmt.Errorf("thread %s: %w", name, err)
			}
			t.Operations = append(t.Operations, o)
		}
		p = append(p, t)
	}
	return p, nil
}

func parseOperation(words []string) (o Operation, err error) {
	if len(words) == 2 && slices.Contains([]string{Publish, Subscribe, Suspend, Remove}, words[0]) {
		o = Operation{words[0], strings.Split(words[1], "+")}
		if !slices.ContainsFunc(o.Shapes, func(s string) bool { return !isWord(s) }) && (o.Verb == Publish || len(o.Shapes) == 1) {
			return o, nil
		}
	}
	return o, fmt.Errorf("%w: %.80q: write publish SHAPE+SHAPE, subscribe SHAPE, suspend SHAPE or remove SHAPE", ErrProgram, strings.Join(words, " "))
}

// isWord keeps to what threads and handles of the store may be called.
func isWord(s string) bool {
	return s != "" && len(s) < 64 && !strings.ContainsFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

// smaller lists programs that are one step smaller: a thread, an operation or a shape less, or two threads in one.
func (p Program) smaller() (all []Program) {
	for i, t := range p {
		for j, u := range p {
			if i != j && t.Name != setupThread && u.Name != setupThread {
				merged := p.with(i, slices.Concat(t.Operations, u.Operations))
				all = append(all, slices.Delete(merged, j, j+1))
			}
		}
		if len(p) > 1 {
			all = append(all, slices.Delete(slices.Clone(p), i, i+1))
		}
		for j, o := range t.Operations {
			if len(t.Operations) > 1 {
				all = append(all, p.with(i, slices.Delete(slices.Clone(t.Operations), j, j+1)))
			}
			for k := range o.Shapes {
				if len(o.Shapes) > 1 {
					operations := slices.Clone(t.Operations)
					operations[j].Shapes = slices.Delete(slices.Clone(o.Shapes), k, k+1)
					all = append(all, p.with(i, operations))
				}
			}
		}
	}
	return all
}

// with is p with other operations of thread i.
func (p Program) with(i int, operations []Operation) Program {
	p = slices.Clone(p)
	p[i].Operations = operations
	return p
}

// Shrink returns the smallest program that it finds by leaving out one thing after the other while fails still says yes:
// nothing of what it returns can be left out singly.
func Shrink(p Program, fails func(Program) bool) Program {
	for {
		i := slices.IndexFunc(p.smaller(), func(q Program) bool { return q.runs() && fails(q) })
		if i < 0 {
			return p
		}
		p = p.smaller()[i]
	}
}

// runs says whether a thread is left besides setup, and whether all that is suspended or removed was subscribed to.
func (p Program) runs() bool {
	clients, ready := 0, map[string]bool{}
	for _, t := range p {
		known := ready
		if t.Name != setupThread {
			clients++
			known = map[string]bool{}
		}
		for _, o := range t.Operations {
			if o.Verb == Subscribe {
				known[o.Shapes[0]] = true
			}
			if (o.Verb == Suspend || o.Verb == Remove) && !known[o.Shapes[0]] && !ready[o.Shapes[0]] {
				return false
			}
		}
	}
	return clients > 0
}
