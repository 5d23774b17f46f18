package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/storage"
)

// A Statement is a claim about all schedules of a program, and the result of executing them.
type Statement struct {
	// Number is the statement's number in the analysis's model, 1 to 4; 0 if it goes beyond the model.
	Number   int    `json:"number"`
	Text     string `json:"text"`
	Handover string `json:"handover"`
	Program  string `json:"program"`
	// True says that the executions show what the statement says.
	True bool `json:"true"`
	// Holds says that read-after-write held in every schedule that was executed.
	Holds     bool   `json:"holds"`
	Schedules uint64 `json:"schedules"`
	// Bound is the highest number of preemptions up to which every schedule was executed; -1 for none. Complete says that no
	// schedule has more.
	Bound    int  `json:"bound"`
	Complete bool `json:"complete"`
	// Exhausted says that the bound is the one that was asked for, or complete.
	Exhausted bool   `json:"exhausted"`
	MaxSteps  int    `json:"max_steps"`
	Case      string `json:"case,omitempty"`
	Class     string `json:"class,omitempty"`
}

// Unjudged reports whether nothing was found although not every schedule was executed and judged. The statement may then be true
// or not.
func (s Statement) Unjudged() bool { return !s.True && s.Holds && !s.Exhausted }

// String is one line for a person.
func (s Statement) String() string {
	verdict := "NOT SHOWN"
	if s.True {
		verdict = "shown"
	}
	text := fmt.Sprintf("%-9s %-14s %s", verdict, s.Handover, s.Text)
	if !s.Holds {
		return text + fmt.Sprintf("\n%25s%s", "", s.Case)
	}
	bound := sched.Within(s.Bound, "")
	if s.Complete {
		bound = "that there are"
	}
	return text + fmt.Sprintf("\n%25sall %d schedules %s of '%s', at most %d choices each", "", s.Schedules, bound, s.Program, s.MaxSteps)
}

// Programs of the statements.
const (
	withoutFlush = "w0: append 3; r0: read - end"
	withFlush    = "w0: append 2, flush; r0: read - end"
	// gap reads up to an offset that no record has, while nothing is on the disk.
	gap = "w0: append 1, append 1; r0: read - 1.+"
)

// verified are the programs whose schedules are exhausted for each hand-over that must hold. less is by how many preemptions the
// bound is lower than the one asked for, because each more costs a factor of about the number of choices.
var verified = []struct {
	program string
	less    int
}{
	{"w0: append 1, flush; r0: read - end", 0},
	{withFlush, 0},
	{gap, 0},
	{"w0: append 1, flush; w1: append 1, flush; r0: read - end", 1},
	{"w0: append 2, flush, append 1, flush; r0: read - end, read last end", 1},
	{"w0: fragments 1+2, flush; w1: abort 1; r0: read - end", 1},
	{"w0: append 1, flush, append 1; r0: read - end; r1: read 1.0 end", 1},
	{"w0: append 1, reopen; r0: read - end, flush", 1},
}

// Verify checks the statements of the analysis's model in every schedule with at most so many preemptions, and then
// read-after-write for the hand-overs that promise it. The model's four statements are: the initial state is safe; after a flush
// the tail is empty while a reader's snapshot still points there; such a reader misses what is on the disk; with the fix the
// reader falls back to the disk. told is called with each statement.
func Verify(ctx context.Context, preemptions int, told func(Statement)) (all []Statement, err error) {
	check := func(number int, text, handover, program string, bound int, holds bool, class string) {
		if err != nil {
			return
		}
		var s Statement
		if s, err = state(ctx, handover, program, bound); err != nil {
			return
		}
		s.Number, s.Text = number, text
		s.Exhausted = s.Bound >= bound || s.Complete
		s.True = s.Holds == holds && (holds && s.Exhausted || !holds && s.Class == class)
		all = append(all, s)
		told(s)
	}
	for _, h := range storage.Handovers() {
		switch {
		case h.Name() == "recheckliteral":
			check(1, "it misses what is in the tail without any switch", h.Name(), withoutFlush, preemptions, false, "ReadAfterWrite/empty")
		default:
			check(1, "the initial state, with everything in the tail, is safe", h.Name(), withoutFlush, preemptions, true, "")
		}
	}
	const stale = "stale"
	check(2, "a reader whose snapshot points to the tail finds nothing there after a flush", stale, withFlush, preemptions, false, "ReadAfterWrite/empty")
	check(3, "it gets a part, if the flush comes while it reads the tail", stale, withFlush+", read 1.0 end", preemptions, false, "ReadAfterWrite/partial")
	for _, fix := range []struct {
		name, program, text string
		holds               bool
	}{
		{"recheckliteral", withFlush, "Option A as it is written does not fall back to the disk", false},
		{"recheck", withFlush, "Option A as it is meant leaves a window after its second look", false},
		{"fallback", withFlush, "what was shipped falls back to the disk", true},
		{"fallback", gap, "what was shipped misses records below a bound between two offsets", false},
		{"retain", withFlush, "Option B, delayed clearing, closes the window", true},
		{"snapshot", withFlush, "Option C, read-copy-update, closes the window", true},
	} {
		check(4, fix.text, fix.name, fix.program, preemptions, fix.holds, "ReadAfterWrite/empty")
	}
	for _, h := range storage.Handovers() {
		for _, p := range verified {
			if h.Holds() {
				check(0, "read-after-write holds", h.Name(), p.program, max(0, preemptions-p.less), true, "")
			}
		}
	}
	return all, err
}

// state executes every schedule of a program with at most so many preemptions.
func state(ctx context.Context, handover, program string, preemptions int) (Statement, error) {
	s := Statement{Handover: handover, Program: program, Holds: true, Bound: -1}
	c, err := cases.Parse("v1 scenario=log handover=" + handover + "; " + program)
	if err != nil {
		return s, err
	}
	scenario, err := c.Scenario()
	if err != nil {
		return s, err
	}
	r, err := sched.Search(ctx, scenario, sched.Options{Strategy: "bounded", Preemptions: preemptions, All: true})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", c, err)
	}
	s.Schedules, s.MaxSteps = r.Schedules, r.MaxSteps
	if n := len(r.Exhausted); n > 0 {
		last := r.Exhausted[n-1]
		s.Bound, s.Complete, s.Schedules = last.Bound, last.Complete, last.Schedules
	}
	if len(r.Findings) == 0 {
		return s, nil
	}
	s.Holds = false
	slices.SortFunc(r.Findings, func(a, b sched.Finding) int { return strings.Compare(a.Failure.Class(), b.Failure.Class()) })
	f := r.Findings[0]
	if i := slices.IndexFunc(r.Findings, func(f sched.Finding) bool { return f.Failure.Class() == "ReadAfterWrite/partial" }); strings.Contains(program, "read 1.0 end") && i >= 0 {
		f = r.Findings[i]
	}
	c.Switches, s.Class = f.Schedule, f.Failure.Class()
	m, err := shrink.Minimize(ctx, c.General(), shrink.Limits{})
	if err != nil {
		return s, err
	}
	s.Case = m.Case.String()
	return s, nil
}
