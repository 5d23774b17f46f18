package report

import (
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// twin looks for the nearest execution of a case that passes: without one of its preemptions, without one of its other
// switches, with one of them somewhere else, or, where that does not help, with what the subject
// knows to be right. It returns nil if
// there is none.
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
	if t := dropped(scenario, out, failing, name); t != nil {
		return t
	}
	return moved(scenario, out, failing, name)
}

// moved tries the schedule with one of its preemptions at another failpoint of the thread, the nearest first.
func moved(scenario sched.Scenario, out sched.Outcome, failing *Run, name func(sched.Schedule) string) *Twin {
	runner := sched.NewRunner(scenario, sched.Options{})
	for i, s := range out.Schedule {
		without := lay(runner.Run(sched.Follow(slices.Delete(slices.Clone(out.Schedule), i, i+1)), true), "")
		places := without.places(s.At.Thread) // the execution that fails may end before the others
		at := slices.Index(places, s.At)
		if at < 0 {
			continue
		}
		for distance := 1; distance < len(places); distance++ {
			for _, j := range []int{at + distance, at - distance} {
				if j < 0 || j >= len(places) {
					continue
				}
				other := slices.Clone(out.Schedule)
				other[i].At = places[j]
				if passes := runner.Replay(other, true); passes.Failure == nil {
					return compared(passes, name(other), "with the preemption at "+places[j].String()+" instead of "+s.At.String(), failing)
				}
			}
		}
	}
	return nil
}

// places are the failpoints that a thread comes to, in order.
func (r *Run) places(thread string) (all []sched.Place) {
	hits := map[string]int{}
	for _, row := range r.Rows {
		if row.Kind == KindPoint && r.thread(row.Thread) == thread {
			hits[row.Text]++
			all = append(all, sched.Place{Thread: thread, Point: row.Text, Hit: hits[row.Text]})
		}
	}
	return all
}

// dropped tries the schedule without each of its switches, the preemptions first, the last of them first.
func dropped(scenario sched.Scenario, out sched.Outcome, failing *Run, name func(sched.Schedule) string) *Twin {
	order := make([]int, len(out.Schedule))
	for i := range order {
		order[i] = len(order) - 1 - i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(out.Schedule[a]) - rank(out.Schedule[b]) })
	runner := sched.NewRunner(scenario, sched.Options{})
	for _, i := range order {
		fewer := slices.Delete(slices.Clone(out.Schedule), i, i+1)
		passes := runner.Run(sched.Follow(fewer), true)
		if passes.Failure != nil {
			continue
		}
		what := "without the switch "
		if rank(out.Schedule[i]) == 0 {
			what = "without the preemption "
		}
		return compared(passes, name(passes.Schedule), what+out.Schedule[i].String(), failing)
	}
	return nil
}

// rank is 0 for a switch at a failpoint, which mostly is a preemption.
func rank(s sched.Switch) int {
	switch s.At.Point {
	case sched.OpPoint, sched.EndPoint, sched.StartPoint:
		return 1
	}
	return 0
}

func compared(passes sched.Outcome, text, change string, failing *Run) *Twin {
	t := &Twin{Run: lay(passes, text), Change: clean(change, maxText)}
	t.orderAs(failing.Threads)
	t.Differs = firstDifference(failing, &t.Run)
	return t
}

// orderAs gives the threads the order that they have elsewhere, so that the columns can be compared.
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

// firstDifference is the first step at which two runs with the same columns do not do the same.
func firstDifference(a, b *Run) int {
	x, y := a.stepped(), b.stepped()
	for i := range x {
		if i >= len(y) || x[i].Thread != y[i].Thread || x[i].Text != y[i].Text {
			return x[i].Step
		}
	}
	return len(x) + 1
}

// stepped are the rows that are steps.
func (r *Run) stepped() []Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Step == 0 })
}
