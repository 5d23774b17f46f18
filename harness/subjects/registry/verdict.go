package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Verdict is what the exhaustive exploration of a scenario came to.
type Verdict struct {
	// Preemptions is the bound, Schedules how many there are within it.
	Preemptions int
	Schedules   uint64
	// Findings are the ways in which it fails, those with the fewest preemptions first; one schedule for each.
	Findings []sched.Finding
}

// Crash is the class of what breaks NoCrash, wherever the panic was raised.
const Crash = string(sched.Panicked)

// classOf is the class of a failure, where every panic is of one.
func classOf(f *sched.Failure) string {
	if f.Kind == sched.Panicked {
		return Crash
	}
	return f.Class()
}

// Verify executes every schedule with at most so many preemptions and keeps one failing schedule of each class.
func Verify(ctx context.Context, s sched.Scenario, preemptions int) (Verdict, error) {
	r, err := sched.Search(ctx, s, sched.Options{Strategy: "bounded", Preemptions: preemptions, All: true, Workers: 1})
	if err != nil {
		return Verdict{}, err
	}
	if !r.ExhaustedTo(preemptions) {
		return Verdict{}, fmt.Errorf("the exploration ended early: %s", r.Ended)
	}
	v := Verdict{Preemptions: preemptions, Schedules: r.Exhausted[len(r.Exhausted)-1].Schedules}
	slices.SortStableFunc(r.Findings, func(a, b sched.Finding) int { return a.Preemptions - b.Preemptions })
	for _, f := range r.Findings {
		if v.of(classOf(f.Failure)) == nil {
			v.Findings = append(v.Findings, f)
		}
	}
	return v, nil
}

// of is the finding of a class, nil if there is none.
func (v Verdict) of(class string) *sched.Finding {
	i := slices.IndexFunc(v.Findings, func(f sched.Finding) bool { return classOf(f.Failure) == class })
	if i < 0 {
		return nil
	}
	return &v.Findings[i]
}

// String is a line for tables.
func (v Verdict) String() string {
	if len(v.Findings) == 0 {
		return fmt.Sprintf("holds in all %d schedules with at most %s", v.Schedules, preemptions(v.Preemptions))
	}
	var words []string
	for _, f := range v.Findings {
		words = append(words, fmt.Sprintf("%s with %s (%s)", className(f), preemptions(f.Preemptions), scheduleText(f.Schedule)))
	}
	return "breaks: " + strings.Join(words, "; ")
}

func className(f sched.Finding) string {
	if class := classOf(f.Failure); class != Crash {
		return class
	}
	return "crash"
}

func scheduleText(s sched.Schedule) string {
	if len(s) == 0 {
		return "no switch"
	}
	return s.String()
}

func preemptions(n int) string {
	if n == 1 {
		return "1 preemption"
	}
	return fmt.Sprintf("%d preemptions", n)
}

// Minimal shrinks a program that fails in a way, and returns it with its failing schedule of the fewest preemptions. Every
// program that is one step smaller was explored to the same bound and does not fail so.
func Minimal(ctx context.Context, p Program, options Options, class string, bound int, promises ...Promise) (Program, *sched.Finding, error) {
	var failed error
	explore := func(p Program) *sched.Finding {
		v, err := Verify(ctx, Scenario(p, options, promises...), bound)
		if err != nil && failed == nil {
			failed = fmt.Errorf("explore %q: %w", p.String(), err)
		}
		return v.of(class)
	}
	small := Shrink(p, func(p Program) bool { return explore(p) != nil })
	f := explore(small)
	if failed == nil && f == nil {
		failed = fmt.Errorf("%q does not fail with %s at up to %s", p.String(), class, preemptions(bound))
	}
	return small, f, failed
}

// Report is the timeline of a failure: what the threads did, the registry's points that they came to, and where another one
// went on.
func Report(p Program, options Options, f *sched.Finding, promises ...Promise) string {
	o := sched.NewRunner(Scenario(p, options, promises...), sched.Options{}).Replay(f.Schedule, true)
	own := map[string]bool{}
	for _, point := range failpoints.Points() {
		own[point.Name()] = own[point.Name()] || point.Package() == packagePath
	}
	var b strings.Builder
	fmt.Fprintf(&b, "FAIL %v\n", o.Failure)
	fmt.Fprintf(&b, "     order %v, concurrent %v, %s, schedule: %s\n", options.Order, options.Concurrent, preemptions(o.Preemptions), scheduleText(o.Schedule))
	fmt.Fprintf(&b, "     program: %v\nstep  thread\n", p)
	for _, e := range o.Events {
		if !e.Point || own[e.Text] || e.Next != "" {
			fmt.Fprintf(&b, "%4d  %-10s %s\n", e.Step, e.Thread, line(e))
		}
	}
	return b.String()
}

// line is an event without its step and thread.
func line(e sched.Event) string {
	text := e.Text
	switch {
	case e.Ended:
		text = "ends"
	case e.Point:
		text = "* " + e.Text
	}
	switch {
	case e.Preempted:
		return fmt.Sprintf("%s  %s:%d  ---- preemption: %s goes on ----", text, e.File, e.Line, e.Next)
	case e.Next != "":
		return fmt.Sprintf("%s, %s goes on", text, e.Next)
	}
	return text
}
