package sched

import "context"

// shrinkSchedules bounds the search for a schedule with fewer preemptions.
const shrinkSchedules = 2000

// Shrink makes a failing schedule smaller: it leaves out switches one by one, as long as a failure of the same class is left, then
// looks for one with fewer preemptions among all schedules with fewer, as far as 2,000 go. It returns what the smallest one
// came to; with Failure nil if the schedule does not fail at all.
func (r *Runner) Shrink(s Schedule) Outcome {
	best := r.Run(Follow(s), false)
	if best.Failure == nil {
		return best
	}
	class := best.Failure.Class()
	best = r.fewerSwitches(best, class)
	if best.Preemptions == 0 {
		return best
	}
	o := Options{Strategy: "bounded", Preemptions: best.Preemptions - 1, Schedules: shrinkSchedules, Workers: 1, RepeatEvery: -1, Class: class, StepLimit: r.w.x.limit, Hang: r.hang}
	found, err := Search(context.Background(), r.w.x.scenario, o)
	if err != nil {
		return best
	}
	for _, f := range found.Findings {
		if f.Failure.Class() == class {
			return r.fewerSwitches(r.Run(Follow(f.Schedule), false), class)
		}
	}
	return best
}

// fewerSwitches leaves out one switch after the other, from the first on, until none can be.
func (r *Runner) fewerSwitches(best Outcome, class string) Outcome {
	for i := 0; i < len(best.Schedule); {
		fewer := append(append(Schedule(nil), best.Schedule[:i]...), best.Schedule[i+1:]...)
		out := r.Run(Follow(fewer), false)
		lighter := out.Preemptions < best.Preemptions || out.Preemptions == best.Preemptions && len(out.Schedule) < len(best.Schedule)
		if out.Failure != nil && out.Failure.Class() == class && lighter {
			best, i = out, 0
			continue
		}
		i++
	}
	return best
}
