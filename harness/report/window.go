package report

import "github.com/racewindow/racewindow/harness/sched"

// findWindows moves each preemption back and forth, one failpoint at a time, as long as the same failure occurs. For a
// shrunk case, shrink has already done so.
func (r *Report) findWindows(scenario sched.Scenario, s sched.Schedule) {
	runner := sched.NewRunner(scenario, sched.Options{})
	if out := runner.Replay(s, true); out.Failure != nil {
		r.setWindows(runner.Windows(out))
	}
}

func (r *Report) setWindows(windows []sched.Window) {
	for _, w := range windows {
		r.Windows = append(r.Windows, Window{
			Thread: clean(w.From.Thread, maxName), From: clean(w.From.Point, maxName), To: clean(w.To.Point, maxName),
			FromSource: clean(w.FromSource, maxName), ToSource: clean(w.ToSource, maxName), Other: clean(w.Other, maxName),
		})
	}
	r.markWindows()
}

// addWindow adds a window. The places are those of a run in which the thread comes to both.
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

// sourceOf returns where a thread comes to a point for the n-th time.
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
