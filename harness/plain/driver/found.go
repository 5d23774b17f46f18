package driver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// replays is how often this process executes a shrunk schedule again. The command repeats that in fresh processes.
const replays = 5

// shrinkNetwork is the most time for making the finding of a test that uses the network smaller, and for what lies next to it.
const shrinkNetwork = 30 * time.Second

// timeToShrink returns how long a finding may be made smaller, together with the search for what lies next to it, if so many findings,
// itself included, need that; 0 for no limit.
func (t *test) timeToShrink(findings int) (most time.Duration) {
	if order.Shrinking > 0 {
		most = max((order.Shrinking/time.Duration(t.share)-t.shrunk)/time.Duration(findings), 3)
	}
	if t.sights.socket && (most == 0 || most > shrinkNetwork) {
		most = shrinkNetwork
	}
	return most
}

// within bounds what a runner does from now on, unless most is 0.
func within(runner *sched.Runner, most time.Duration) {
	if most > 0 {
		runner.Until(time.Now().Add(most))
	}
}

// found makes a finding as small as it can be, and reports it. more is how many findings follow it. Two thirds of the time are for making
// it smaller.
func (t *test) found(f sched.Finding, more int) {
	told := &drive.PlainFinding{
		Failure: f.Failure, Schedule: f.Schedule, Preemptions: f.Preemptions, Strategy: f.Strategy, After: f.After,
		FromSwitches: len(f.Schedule), FromPreemptions: f.Preemptions, Apart: t.how,
	}
	runner, kept := t.runner(f.Schedule), ""
	class := f.Failure.Class()
	if !t.shows(runner, f) {
		t.unshown = fmt.Sprintf("a schedule failed (%s), but none of %d fresh processes shows that again", class, replays)
		return
	}
	most, began := t.timeToShrink(more+1), time.Now()
	defer func() { t.shrunk += time.Since(began) }()
	if f.Strategy == byKept {
		kept = t.kept
	} else {
		tell(drive.Event{Event: drive.Sighted, Test: t.name, Case: f.Schedule.String(), Text: drive.SightedWords(class, len(f.Schedule)), Finding: told})
		within(runner, most/3*2)
		if small := runner.Fewest(f.Schedule, class); small.Failure != nil {
			told.Failure, told.Schedule, told.Preemptions, told.Early, told.Fewer = small.Failure, small.Schedule, small.Preemptions, small.Early, small.Fewer
		}
		told.Late = runner.Late()
		told.Replays, told.Replayed = replays, replayed(runner, told.Schedule, class)
		if t.strayed != "" && told.Replayed < replays && len(told.Schedule) < len(f.Schedule) { // the smaller one may be what strays
			told.Failure, told.Schedule, told.Preemptions, told.Fewer = f.Failure, f.Schedule, f.Preemptions, 0
			told.Replayed = replayed(runner, told.Schedule, class)
		}
		if t.strayed != "" && told.Replayed < replays && f.Failure.Kind != sched.DataRace {
			t.unshown = fmt.Sprintf("a schedule failed (%s), but only %d of %d fresh processes show that again", class, told.Replayed, replays)
			return
		}
	}
	told.Outcome = showing(runner, told, class)
	told.Timers, told.Polls = t.sights.timersThatFired(), t.sights.polls
	within(runner, most/3)
	t.around(runner, told)
	told.Late = told.Late || runner.Late()
	shorten(told)
	t.summary.Findings++
	tell(drive.Event{Event: drive.Found, Test: t.name, Code: 1, Case: told.Schedule.String(), Kept: kept, Finding: told})
}

// mostTimers bounds the timers that a finding names.
const mostTimers = 20

// timersThatFired returns the timers that fired early, each once. In an execution without an end, a ticker fires thousands of times.
func (s *sights) timersThatFired() (all []string) {
	for _, timer := range s.fired {
		if len(all) < mostTimers && !slices.Contains(all, timer) {
			all = append(all, timer)
		}
	}
	return all
}

// showing executes a finding's schedule until it shows the failure, for the report. Where executions stray, as those that use the network do,
// perhaps none of a few does. Then it returns the failure without the steps: those of another execution would explain nothing. A data race is
// in the execution although the detector reports it only once.
func showing(runner *sched.Runner, told *drive.PlainFinding, class string) sched.Outcome {
	for range replays {
		out := runner.Replay(told.Schedule, true).Of(class)
		if out.Failure == nil && told.Failure.Kind == sched.DataRace {
			out.Failure = told.Failure
		}
		if out.Failure != nil && out.Failure.Class() == class {
			return out
		}
	}
	return sched.Outcome{Failure: told.Failure, Schedule: told.Schedule, Preemptions: told.Preemptions}
}

// replayed executes a schedule a few times, and returns how many executions show a failure of a class.
func replayed(runner *sched.Runner, s sched.Schedule, class string) (n int) {
	for range replays {
		if out := runner.Replay(s, false).Of(class); out.Failure != nil && out.Failure.Class() == class {
			n++
		}
	}
	return n
}

// shorten drops events that no report shows.
func shorten(told *drive.PlainFinding) {
	told.Outcome.Events = sched.Shortened(told.Outcome.Events)
	if told.Passing != nil {
		told.Passing.Events = sched.Shortened(told.Passing.Events)
	}
}

// shows says whether a schedule that failed fails again in one of a few processes that execute nothing else. If not,
// something outside of the process was the cause, for example a port that another process had.
func (t *test) shows(runner *sched.Runner, f sched.Finding) bool {
	if !t.inProcesses() || f.Failure.Kind == sched.DataRace || f.Strategy == "replay" {
		return true
	}
	return replayed(runner, f.Schedule, f.Failure.Class()) > 0
}

// runner returns a runner for a schedule: one with timers as choices if the schedule lets one fire.
func (t *test) runner(s sched.Schedule) *sched.Runner {
	if s.Fires(clockName) {
		return sched.NewMechanismRunner(t.timed, t.options())
	}
	return sched.NewMechanismRunner(t.mechanism, t.options())
}

// around finds what lies next to a finding's schedule: where its switches matter, and the nearest schedule that passes.
func (t *test) around(runner *sched.Runner, told *drive.PlainFinding) {
	out := told.Outcome
	if out.Failure == nil || len(out.Events) == 0 {
		return
	}
	told.Windows = runner.Windows(out)
	if passes, change := runner.Nearest(out); change != "" {
		told.Passing, told.Change = &passes, change
	}
}

// replay executes one schedule as often as was ordered.
func (t *test) replay() {
	schedule, err := sched.ParseSchedule(order.Case)
	if err != nil {
		tell(drive.Event{Event: drive.Refused, Test: t.name, Text: err.Error(), Code: 2})
		return
	}
	runner := t.runner(schedule)
	if order.Debugger {
		t.debug(runner, schedule)
		t.summary.Verdict = drive.FoundSome
		t.end()
		return
	}
	if t.name != t.whole && !slices.ContainsFunc(t.units(), func(unit string) bool { return strings.HasPrefix(unit, t.name) || strings.HasPrefix(t.name, unit+"/") }) {
		tell(drive.Event{Event: drive.Refused, Test: t.name, Text: fmt.Sprintf("%s has no sub-test %s any more", t.whole, t.name), Code: 3})
		return
	}
	if !t.inProcesses() {
		runner.Replay(nil, false) // the first execution reaches more points, because it makes lazy state
	}
	if runner.Replay(schedule, false).Failure == nil {
		if out, fails := t.older(runner, schedule); fails {
			schedule = out.Schedule
		}
	}
	times := max(order.Times, 1)
	var all []*drive.PlainFinding // one for each class
	for range times {
		out := runner.Replay(schedule, len(all) == 0)
		if f := out.Failure; f != nil && len(out.Beside) == 0 && (f.Kind == sched.Unusable || f.Kind == sched.StepLimit) {
			tell(drive.Event{Event: drive.Refused, Test: t.name, Text: f.Message, Code: 3})
			return
		}
		all = t.count(all, out, schedule)
	}
	t.summary.Verdict, t.summary.Statistics.Schedules = drive.HeldAll, uint64(times)
	for _, told := range all {
		if order.Shrink {
			t.found(sched.Finding{Failure: told.Failure, Schedule: schedule, Preemptions: told.Preemptions, Strategy: "replay", After: 1}, 0)
			t.summary.Verdict, t.summary.Findings = drive.FoundSome, len(all)
			continue
		}
		if order.Mode == drive.Report {
			t.around(runner, told)
		}
		told.Replays = times
		shorten(told)
		tell(drive.Event{Event: drive.Found, Test: t.name, Code: 1, Case: order.Case, Finding: told})
		t.summary.Verdict, t.summary.Findings = drive.FoundSome, len(all)
	}
	t.end()
}

// older executes a schedule, which does not fail, as a version of racewindow did that chose nothing after the test's end. fails says that it
// fails then; the outcome's schedule fails in this version too.
func (t *test) older(runner *sched.Runner, s sched.Schedule) (out sched.Outcome, fails bool) {
	if t.inProcesses() { // they have always chosen there
		return out, false
	}
	t.gated++
	out = runner.Run(sched.ReplayOlder(s), false)
	f := out.Failure
	return out, f != nil && f.Kind != sched.Unusable && f.Kind != sched.StepLimit
}

// count adds each failure of an execution to the findings.
func (t *test) count(all []*drive.PlainFinding, out sched.Outcome, schedule sched.Schedule) []*drive.PlainFinding {
	for _, f := range append([]*sched.Failure{out.Failure}, out.Beside...) {
		if f == nil || f.Kind == sched.StepLimit {
			continue
		}
		at := slices.IndexFunc(all, func(told *drive.PlainFinding) bool { return told.Failure.Class() == f.Class() })
		if at < 0 {
			at = len(all)
			all = append(all, &drive.PlainFinding{Failure: f, Schedule: schedule, Outcome: out.Of(f.Class()), Preemptions: out.Preemptions, Apart: t.how, Timers: t.sights.timersThatFired(), Polls: t.sights.polls})
		}
		all[at].Replayed++
	}
	return all
}
