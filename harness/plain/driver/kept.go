package driver

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A goneCase is a kept case that cannot be executed any more: an edit of the code, such as a fix, can remove its places.
type goneCase struct{ file, why string }

// byKept is the strategy of a finding that a kept schedule shows. The schedule is not shrunk.
const byKept = "kept"

// executeKept executes the kept schedules of the test until one fails. Reports about the others come at the test's end.
func (t *test) executeKept() (failing sched.Outcome) {
	for _, kept := range keptOf(t.name) {
		runner := t.runner(kept.Schedule)
		out := runner.Replay(kept.Schedule, false)
		t.gated++
		if out.Failure == nil {
			if old, fails := t.older(runner, kept.Schedule); fails {
				out, kept.Schedule = old, old.Schedule
			}
		}
		switch f := out.Failure; {
		case f == nil:
			t.holds(kept)
		case f.Kind == sched.Unusable, f.Kind == sched.StepLimit:
			t.gone = append(t.gone, goneCase{kept.File, f.Message})
		default:
			t.kept, out.Schedule = kept.File, kept.Schedule
			return out
		}
	}
	return sched.Outcome{}
}

func (t *test) holds(kept drive.KeptSchedule) {
	t.said = append(t.said, drive.Event{
		Event: drive.Again, Test: t.name, Kept: kept.File, Text: fmt.Sprintf("the kept case %s holds now: keep it as a regression test", kept.File),
	})
}

// sequentialKept reports the kept schedules of a test in which nothing can be switched any more: those with a switch are
// gone.
func (t *test) sequentialKept() {
	if t.summary.Verdict != drive.Sequential {
		return
	}
	for _, kept := range keptOf(t.name) {
		if len(kept.Schedule) == 0 {
			t.holds(kept)
		} else {
			t.gone = append(t.gone, goneCase{kept.File, t.summary.Because})
		}
	}
}

// keptOf reads the schedules of a test from the file that the order names. A process that cannot read them must not go on.
func keptOf(test string) []drive.KeptSchedule {
	if order.Kept == "" {
		return nil
	}
	content, err := os.ReadFile(order.Kept)
	all := map[string][]drive.KeptSchedule{}
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "racewindow: the kept schedules cannot be read:", err)
		os.Exit(3)
	}
	return all[test]
}

// tellKept reports which kept cases hold and, for those that could not be executed, what the search says instead.
func (t *test) tellKept() {
	for _, e := range t.said {
		tell(e)
	}
	for _, c := range t.gone {
		text, code := fmt.Sprintf("the kept case %s cannot be executed any more (%s)", c.file, c.why), 0
		switch t.summary.Verdict {
		case drive.HeldAll, drive.Sequential:
			text += fmt.Sprintf(". %d schedules of the test hold: it may be removed", max(t.summary.Statistics.Schedules, t.gated))
		case drive.FoundSome:
			text += ", and the test fails otherwise: remove it"
		default:
			text, code = text+"; remove it if the code that it tests is gone", 3
		}
		tell(drive.Event{Event: drive.Again, Test: t.name, Kept: c.file, Text: text, Code: code})
	}
}
