package driver

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// replays is how often a shrunk schedule is executed again here. The command does so in a fresh process.
const replays = 5

// found makes a finding as small as it can be, and tells it.
func (t *test) found(f sched.Finding) {
	told := &drive.PlainFinding{
		Failure: f.Failure, Schedule: f.Schedule, Preemptions: f.Preemptions, Strategy: f.Strategy, After: f.After,
		FromSwitches: len(f.Schedule), FromPreemptions: f.Preemptions, Apart: t.how,
	}
	runner := sched.NewMechanismRunner(t.mechanism, t.options())
	if f.Failure.Kind != sched.DataRace {
		tell(drive.Event{Event: drive.Progress, Test: t.name, Text: fmt.Sprintf("found %s, and makes it smaller", f.Failure.Class())})
		if small := runner.Shrink(f.Schedule); small.Failure != nil {
			told.Failure, told.Schedule, told.Preemptions, told.Early = small.Failure, small.Schedule, small.Preemptions, small.Early
		}
		for told.Replays = 0; told.Replays < replays; told.Replays++ {
			if out := runner.Replay(told.Schedule, false); out.Failure != nil && out.Failure.Class() == told.Failure.Class() {
				told.Replayed++
			}
		}
	}
	told.Outcome = runner.Replay(told.Schedule, true)
	if told.Outcome.Failure == nil || told.Outcome.Failure.Class() != told.Failure.Class() {
		told.Outcome.Failure = told.Failure
	}
	if n := len(told.Schedule); n > 0 {
		if out := runner.Run(sched.Follow(told.Schedule[:n-1]), true); out.Failure == nil {
			told.Passing = &out
		}
	}
	tell(drive.Event{Event: drive.Found, Test: t.name, Code: 1, Case: told.Schedule.String(), Finding: told})
}

// replay executes one schedule as often as was ordered.
func (t *test) replay() {
	schedule, err := sched.ParseSchedule(order.Case)
	if err != nil {
		tell(drive.Event{Event: drive.Refused, Test: t.name, Text: err.Error(), Code: 2})
		return
	}
	runner := sched.NewMechanismRunner(t.mechanism, t.options())
	if !t.inProcesses() {
		runner.Replay(nil, false) // a first execution has a point more, where lazy state is made
	}
	told := &drive.PlainFinding{Schedule: schedule, Apart: t.how}
	for told.Replays = 0; told.Replays < max(order.Times, 1); told.Replays++ {
		out := runner.Replay(schedule, told.Replayed == 0)
		switch f := out.Failure; {
		case f == nil:
		case f.Kind == sched.Unusable, f.Kind == sched.StepLimit:
			tell(drive.Event{Event: drive.Refused, Test: t.name, Text: f.Message, Code: 3})
			return
		default:
			if told.Replayed == 0 {
				told.Failure, told.Outcome, told.Preemptions = f, out, out.Preemptions
			}
			told.Replayed++
		}
		if told.Replays == 0 && told.Replayed == 0 {
			told.Outcome = out
		}
	}
	t.summary.Verdict, t.summary.Statistics.Schedules = drive.HeldAll, uint64(told.Replays)
	if told.Replayed > 0 {
		tell(drive.Event{Event: drive.Found, Test: t.name, Code: 1, Case: order.Case, Finding: told})
		t.summary.Verdict, t.summary.Findings = drive.FoundSome, 1
	}
	t.end()
}
