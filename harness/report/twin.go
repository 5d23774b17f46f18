package report

import (
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// twin looks for the nearest passing execution of a case: without one of its preemptions, without one of its other switches,
// with one of them at another place, or, if none of these passes, in the variant that the subject knows to be right. It
// returns nil if there is none.
func twin(c cases.Case, out sched.Outcome, failing *Run) (*Twin, error) {
	plan, err := c.Subject.Plan(c.Bare())
	if err != nil {
		return nil, err
	}
	name := func(s sched.Schedule) string {
		other := c
		other.Switches = s
		return other.String()
	}
	if t := nearest(plan.Scenario, out, failing, name); t != nil {
		return t, nil
	}
	cured, ok := c.Subject.(cases.Cured)
	if !ok {
		return nil, nil
	}
	other, what, ok := cured.Cured(c)
	if !ok {
		return nil, nil
	}
	if plan, err = c.Subject.Plan(other.Bare()); err != nil {
		return nil, err
	}
	passes := sched.NewRunner(plan.Scenario, sched.Options{}).Run(sched.Follow(c.Switches), true)
	if passes.Failure != nil {
		return nil, nil
	}
	other.Switches = passes.Schedule
	return compared(passes, other.String(), "the same case with "+what, failing), nil
}

// nearest looks among the schedules that differ in one switch.
func nearest(scenario sched.Scenario, out sched.Outcome, failing *Run, name func(sched.Schedule) string) *Twin {
	passes, change := sched.NewRunner(scenario, sched.Options{}).Nearest(out)
	if change == "" {
		return nil
	}
	return compared(passes, name(passes.Schedule), change, failing)
}

func compared(passes sched.Outcome, text, change string, failing *Run) *Twin {
	t := &Twin{Run: lay(passes, text), Change: clean(change, maxText)}
	t.orderAs(failing.Threads)
	t.Differs = firstDifference(failing, &t.Run)
	return t
}

// orderAs orders the threads as elsewhere, so that the columns can be compared.
func (r *Run) orderAs(threads []string) {
	order := slices.Clone(threads)
	for _, name := range r.Threads {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Thread, row.To = slices.Index(order, r.thread(row.Thread)), slices.Index(order, r.thread(row.To))
	}
	for i := range r.History {
		r.History[i].Thread = slices.Index(order, r.thread(r.History[i].Thread))
	}
	r.Threads = order
}

// firstDifference returns the first step in which two runs with the same columns differ.
func firstDifference(a, b *Run) int {
	x, y := a.stepped(), b.stepped()
	for i := range x {
		if i >= len(y) || x[i].Thread != y[i].Thread || x[i].Text != y[i].Text {
			return x[i].Step
		}
	}
	return len(x) + 1
}

// stepped returns the rows that are steps.
func (r *Run) stepped() []Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Step == 0 })
}
