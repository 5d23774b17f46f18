package report

import (
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

// replays is how often a case is executed to find out how reliably it fails.
const replays = 5

// New makes the report of a case that was shrunk from another one.
func New(m shrink.Minimized, from cases.Case, fromPreemptions int) (*Report, error) {
	r, err := ofCase(m.Case, m.Failure)
	if err != nil {
		return nil, err
	}
	if !r.failed() {
		return nil, fmt.Errorf("the case does not fail again: %v", m.Case)
	}
	r.Shrink = &Shrink{Took: m.Duration, Steps: m.Steps, Tries: m.Tries, Minimal: m.Minimal}
	if from := Size(from, fromPreemptions); m.Steps > 0 && from != r.Size {
		r.From = from
	}
	for _, w := range m.Windows {
		r.addWindow(&r.Run, w.From, w.To, m.Case.Switches[w.Switch].To)
	}
	for _, w := range m.Without {
		r.Without = append(r.Without, Without{What: clean(w.What, maxText), Schedules: w.Schedules, Exhausted: w.Exhausted, Shows: clean(w.Shows, maxName)})
	}
	return r, nil
}

// OfCase executes a case as written, and makes a report of it, whether it fails or not. It finds the windows, but shrinks
// nothing. The case must not have delays.
func OfCase(c cases.Case) (*Report, error) {
	r, err := ofCase(c, nil)
	if err != nil || !r.failed() {
		return r, err
	}
	plan, err := c.Subject.Plan(c.Bare())
	if err != nil {
		return nil, err
	}
	if r.Class != string(sched.DataRace) {
		r.findWindows(plan.Scenario, c.Switches)
	}
	return r, nil
}

// ofCase executes a case; known is the expected failure, or nil.
func ofCase(c cases.Case, known *sched.Failure) (*Report, error) {
	plan, err := recorded(c.Bare())
	if err != nil {
		return nil, err
	}
	text := c.String()
	r, out, err := execute(plan.Scenario, c.Switches, text, known)
	if err != nil {
		return nil, err
	}
	r.subject, r.Size = c.Subject, Size(c, out.Preemptions)
	if adviser, ok := c.Subject.(cases.Adviser); ok && out.Failure != nil {
		if advice := adviser.Advice(out.Failure); advice != "" {
			r.Detail = clean(r.Detail+". "+advice, maxText)
		}
	}
	r.Replay = "racewindow replay " + quoted(text)
	if out.Failure != nil && out.Failure.Kind == sched.DataRace {
		r.Replay = "GORACE=suppress_equal_stacks=0 " + r.Replay
	}
	if err := r.askAgain(plan, out.Failure); err != nil {
		return nil, err
	}
	if r.failed() && repeatable(out.Failure) {
		if r.Passing, err = twin(c, out, &r.Run); err != nil {
			return nil, err
		}
	}
	r.addSources(out.Events)
	return r, nil
}

// OfSchedule executes a scenario of Go code under a schedule, and makes a report of it. command is the command that executes
// it again.
func OfSchedule(scenario sched.Scenario, s sched.Schedule, command string) (*Report, error) {
	r, out, err := execute(scenario, s, s.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Replay = clean(command, maxCase)
	r.Size = columns.Count(len(r.Run.Threads), "thread") + ", " + preemptions(out.Preemptions)
	if r.failed() && repeatable(out.Failure) {
		r.findWindows(scenario, s)
		r.Passing = nearest(scenario, out, &r.Run, func(s sched.Schedule) string { return s.String() })
	}
	r.addSources(out.Events)
	return r, nil
}

// execute runs a scenario under a schedule, and describes the result.
func execute(scenario sched.Scenario, s sched.Schedule, text string, known *sched.Failure) (*Report, sched.Outcome, error) {
	runner := sched.NewRunner(scenario, sched.Options{})
	out := runner.Replay(s, true)
	out.Failure = asFound(out.Failure, known)
	r := &Report{Schema: Schema, Verdict: Held, Case: clean(text, maxCase), Preemptions: out.Preemptions, NoSwitch: len(s) == 0}
	if f := out.Failure; f != nil && f.Kind == sched.Unusable {
		return nil, out, fmt.Errorf("the case cannot be executed as it is written: %s", f.Message)
	}
	r.Run = lay(out, text)
	if out.Failure == nil {
		r.Detail = "every promise held"
		return r, out, nil
	}
	r.Verdict = Violated
	r.describe(out.Failure)
	if !repeatable(out.Failure) {
		return r, out, nil
	}
	for r.Replays = range replays {
		if f := runner.Replay(s, false).Failure; f != nil && f.Class() == out.Failure.Class() {
			r.Replayed++
		}
	}
	r.Replays++
	return r, out, nil
}

// asFound returns the failure of an execution of which a report is made; known is the one that was found, nil if nobody knows. The race
// detector reports equal races only once in a process. An execution that goes round for ever may not be known for that each time: a loop
// that allocates then comes to the step limit.
func asFound(shown, known *sched.Failure) *sched.Failure {
	switch {
	case known == nil:
	case shown == nil && known.Kind == sched.DataRace:
		return known
	case shown != nil && shown.Kind == sched.StepLimit && known.Kind == sched.Livelock:
		return known
	}
	return shown
}

// repeatable says whether another execution in this process would show the failure too. The race detector reports equal
// races only once in a process, so an execution without a second report has not passed.
func repeatable(f *sched.Failure) bool { return f.Kind != sched.DataRace }

// recorded returns the plan of a case. If the subject has a second checker, the plan records the history for it.
func recorded(c cases.Case) (*cases.Plan, error) {
	if w, ok := c.Subject.(cases.Witness); ok {
		return w.Recorded(c)
	}
	return c.Subject.Plan(c)
}

// Size says what a case consists of.
func Size(c cases.Case, n int) string {
	counts := map[string]int{}
	var order []string
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			name := o.Word()
			if counts[name] == 0 {
				order = append(order, name)
			}
			counts[name]++
		}
	}
	var words []string
	for _, name := range order {
		words = append(words, columns.Count(counts[name], name))
	}
	if len(words) == 0 {
		words = []string{"no operation"}
	}
	return strings.Join(append(words, preemptions(n)), ", ")
}

func preemptions(n int) string {
	if n == 0 {
		return "no preemption"
	}
	return columns.Count(n, "preemption")
}

// quoted returns word as one word for a shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
