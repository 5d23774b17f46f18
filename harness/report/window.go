package report

import (
	"slices"

	"github.com/racewindow/racewindow/harness/sched"
)

// findWindows moves each preemption back and forth, one failpoint after the other, as far as the same failure comes of it. Where a
// case was shrunk, that has been done.
func (r *Report) findWindows(scenario sched.Scenario, s sched.Schedule) {
	runner := sched.NewRunner(scenario, sched.Options{})
	for i, w := range s {
		without := lay(runner.Run(sched.Follow(slices.Delete(slices.Clone(s), i, i+1)), true), "")
		places := without.places(w.At.Thread) // the execution that fails may end before the thread comes to them
		at := slices.Index(places, w.At)
		if at < 0 {
			continue
		}
		fails := func(j int) bool {
			if j < 0 || j >= len(places) {
				return false
			}
			other := slices.Clone(s)
			other[i].At = places[j]
			out := runner.Replay(other, false)
			return out.Failure != nil && clean(out.Failure.Class(), maxName) == r.Class && out.Preemptions == r.Preemptions && len(out.Schedule) == len(s)
		}
		first, last := at, at
		for fails(first - 1) {
			first--
		}
		for fails(last + 1) {
			last++
		}
		r.addWindow(&without, places[first], places[last], w.To)
	}
}

// addWindow names a window. The places are those of a run in which the thread comes to both.
func (r *Report) addWindow(run *Run, from, to sched.Place, other string) {
	r.Windows = append(r.Windows, Window{
		Thread: clean(from.Thread, maxName), From: clean(from.Point, maxName), To: clean(to.Point, maxName),
		FromSource: run.sourceOf(from), ToSource: run.sourceOf(to), Other: clean(other, maxName),
	})
	r.markWindows()
}

// markWindows marks the rows at which the windows begin and end.
func (r *Report) markWindows() {
	for _, w := range r.Windows {
		for i := range r.Run.Rows {
			row := &r.Run.Rows[i]
			if row.Kind == KindPoint && r.Run.thread(row.Thread) == w.Thread && (row.Text == w.From || row.Text == w.To) {
				row.edge = true
			}
		}
	}
}

// sourceOf is where a thread comes to a point for the n-th time.
func (r *Run) sourceOf(p sched.Place) string {
	hits := 0
	for _, row := range r.Rows {
		if row.Kind == KindPoint && r.thread(row.Thread) == p.Thread && row.Text == p.Point {
			if hits++; hits == p.Hit {
				return row.source()
			}
		}
	}
	return ""
}
