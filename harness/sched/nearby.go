package sched

import (
	"fmt"
	"slices"
)

// What lies next to a schedule that fails: how far each of its switches can be moved, and the nearest schedule that passes. Both say
// which switch matters, and where.

// A Window is the stretch of one thread in which the switch away from it shows the failure, wherever in it that happens.
type Window struct {
	// From is the first place of the stretch, To the last. FromSource and ToSource are their FILE:LINE, "" if unknown.
	From       Place  `json:"from"`
	To         Place  `json:"to"`
	FromSource string `json:"from_source,omitempty"`
	ToSource   string `json:"to_source,omitempty"`
	// Other is the thread that goes on. Preempts says that the thread of the window could have gone on.
	Other    string `json:"other"`
	Preempts bool   `json:"preempts"`
}

// Limits of Windows and of Nearest, in schedules and in steps, because endless executions are long.
const (
	nearbyExecutions = 2000
	nearbySteps      = 3_000_000
)

// A nearby executes schedules that differ a little from one that fails.
type nearby struct {
	r                 *Runner
	executions, steps int // left to spend
}

func (r *Runner) nearby() *nearby { return &nearby{r, nearbyExecutions, nearbySteps} }

func (n *nearby) run(s Strategy, events bool) Outcome {
	out := n.r.Run(s, events)
	n.executions--
	n.steps -= out.Steps
	return out
}

func (n *nearby) spent() bool { return n.executions <= 0 || n.steps <= 0 || n.r.Late() }

// A stop is a point that a thread reached, and its line in the source.
type stop struct {
	Place
	source    string
	preempted bool
}

// stops returns the points that a thread reaches, in order.
func stops(events []Event, thread string) (all []stop) {
	hits := map[string]int{}
	for _, e := range events {
		if !e.Point || e.Thread != thread {
			continue
		}
		hits[e.Text]++
		s := stop{Place: Place{Thread: thread, Point: e.Text, Hit: hits[e.Text]}, preempted: e.Preempted}
		if e.Line > 0 {
			s.source = fmt.Sprintf("%s:%d", e.File, e.Line)
		}
		all = append(all, s)
	}
	return all
}

// indexOf returns the index of a place among stops; -1 for none.
func indexOf(all []stop, at Place) int {
	return slices.IndexFunc(all, func(s stop) bool { return s.Place == at })
}

// threads returns the threads away from which the schedule switches, each once.
func (s Schedule) threads() (names []string) {
	for _, w := range s {
		if !slices.Contains(names, w.At.Thread) {
			names = append(names, w.At.Thread)
		}
	}
	return names
}

// without returns the schedule without one switch.
func (s Schedule) without(i int) Schedule { return slices.Delete(slices.Clone(s), i, i+1) }

// movedTo returns the schedule with one switch moved to another place.
func (s Schedule) movedTo(i int, at Place) Schedule {
	other := slices.Clone(s)
	other[i].At = at
	return other
}

// Windows moves each switch of out at a point back and forth, one point at a time, as long as the same failure results. out must
// fail and have its events. Windows ends after 2,000 executions, or 3 million steps, with what it has.
func (r *Runner) Windows(out Outcome) []Window { return r.nearby().windows(out) }

func (n *nearby) windows(out Outcome) (windows []Window) {
	s, class := out.Schedule, out.Failure.Class()
	for i, w := range s {
		if n.spent() {
			break
		}
		all := stops(n.run(Follow(s.without(i)), true).Events, w.At.Thread) // without the switch: the execution that fails may end too early
		at := indexOf(all, w.At)
		if at < 0 {
			continue
		}
		fails := func(j int) bool {
			if j < 0 || j >= len(all) || n.spent() {
				return false
			}
			moved := n.run(Replay(s.movedTo(i, all[j].Place)), false).Of(class)
			return moved.Failure != nil && moved.Failure.Class() == class && moved.Preemptions == out.Preemptions && len(moved.Schedule) == len(s)
		}
		first, last := at, at
		for fails(first - 1) {
			first--
		}
		for fails(last + 1) {
			last++
		}
		made := stops(out.Events, w.At.Thread)
		own := indexOf(made, w.At)
		windows = append(windows, Window{
			From: all[first].Place, To: all[last].Place, FromSource: all[first].source, ToSource: all[last].source, Other: w.To,
			Preempts: own >= 0 && made[own].preempted,
		})
	}
	return windows
}

// Nearest looks for a schedule that passes and differs in one switch from that of out, which fails: without one of its
// preemptions, without another switch, or with one switch at another point of the thread, the nearest first. change says what
// differs, in words that follow "passes"; it is "" if none was found in 2,000 executions or 3 million steps.
func (r *Runner) Nearest(out Outcome) (passes Outcome, change string) {
	return r.nearby().nearest(out)
}

func (n *nearby) nearest(out Outcome) (passes Outcome, change string) {
	if passes, change = n.dropped(out); change == "" {
		passes, change = n.moved(out.Schedule)
	}
	return passes, change
}

// dropped tries the schedule without each of its switches: preemptions first, and later ones before earlier ones.
func (n *nearby) dropped(out Outcome) (passes Outcome, change string) {
	s := out.Schedule
	order := make([]int, len(s))
	for i := range order {
		order[i] = len(order) - 1 - i
	}
	preempting := make([]bool, len(s))
	for _, thread := range s.threads() {
		made := stops(out.Events, thread)
		for i := range s {
			at := indexOf(made, s[i].At)
			preempting[i] = preempting[i] || at >= 0 && made[at].preempted
		}
	}
	preempts := func(i int) bool { return preempting[i] }
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := preempts(a), preempts(b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	for _, i := range order {
		if n.spent() {
			break
		}
		if passes = n.run(Follow(s.without(i)), true); passes.Failure != nil {
			continue
		}
		what := "without the switch "
		if preempts(i) {
			what = "without the preemption "
		}
		return passes, what + s[i].String()
	}
	return Outcome{}, ""
}

// moved tries the schedule with one of its switches at another point of the thread, the nearest first.
func (n *nearby) moved(s Schedule) (passes Outcome, change string) {
	for i, w := range s {
		if n.spent() {
			break
		}
		all := stops(n.run(Follow(s.without(i)), true).Events, w.At.Thread) // without the switch: the execution that fails may end too early
		at := indexOf(all, w.At)
		if at < 0 {
			continue
		}
		for distance := 1; distance < len(all); distance++ {
			for _, j := range []int{at + distance, at - distance} {
				if j < 0 || j >= len(all) || n.spent() {
					continue
				}
				if passes = n.run(Replay(s.movedTo(i, all[j].Place)), true); passes.Failure == nil {
					return passes, "with the preemption at " + all[j].String() + " instead of " + w.At.String()
				}
			}
		}
	}
	return Outcome{}, ""
}
