package shrink

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// Limits of Minimize. The zero value means the defaults.
type Limits struct {
	// Schedules bounds the search for the failure in one candidate; default 4,000.
	Schedules int
	// Executions bounds all executions of Minimize; default 200,000. If the limit is reached, the case is as small as it has
	// become so far, and Early says so.
	Executions int
	// Budget bounds the time; default 2 minutes. If it is reached, the result depends on the machine.
	Budget time.Duration
	// StepLimit is that of the search that found the case; 0 means its default.
	StepLimit int
}

// A Minimized is a smaller case, and how it was found.
type Minimized struct {
	// Case is the smaller case; its Switches are its schedule.
	Case        cases.Case
	Failure     *sched.Failure
	Preemptions int
	// Steps counts the candidates that replaced the case, Tries all executions.
	Steps, Tries int
	Duration     time.Duration
	// Others are failures of other classes that candidates showed: separate findings.
	Others []sched.Finding
	// Windows are the stretches in which the preemptions may strike.
	Windows []Window
	// Without lists every case that lacks one thing more, with the result of exploring it.
	Without []Without
	// Minimal says that none of the cases in Without fails, and that nothing was left unsettled.
	Minimal bool
	// Early names the limit that ended Minimize before it had tried everything; "" for none.
	Early string
}

// A Without is the case less one thing.
type Without struct {
	Case cases.Case
	// What says in words what is missing.
	What string
	// Schedules is how many were executed. Exhausted says that these are all schedules with at most Minimized.Preemptions
	// preemptions.
	Schedules uint64
	Exhausted bool
	// Shows is the class of another failure that these schedules show, "" for none.
	Shows string
}

// ErrNotShown is wrapped by the error for a case that does not fail, and so cannot be made smaller.
var ErrNotShown = fmt.Errorf("the case does not fail under its schedule")

// minimizer is the state of one Minimize.
type minimizer struct {
	Minimized
	ctx    context.Context
	limits Limits
	class  string
	until  time.Time
	// program is the text of the last program executed, and scenario executes it.
	program  string
	scenario sched.Scenario
	// unsettled says that fewer preemptions may be enough, because not all schedules with fewer were tried.
	unsettled bool
}

// Minimize makes a case smaller that fails under its switches: fewer threads, operations, records and preemptions,
// shorter values, plainer options and bounds, fewer switches. The failure keeps its class. A candidate replaces the case
// if its own switches still show the failure, or a few random schedules do. When no candidate can replace the case in
// this way, Minimize searches all schedules of each candidate with no more preemptions than the case has. From a long
// program it first removes many operations at a time.
func Minimize(ctx context.Context, c cases.Case, l Limits) (Minimized, error) {
	if l.Schedules == 0 {
		l.Schedules = 4000
	}
	if l.Executions == 0 {
		l.Executions = 200_000
	}
	if l.Budget == 0 {
		l.Budget = 2 * time.Minute
	}
	began := time.Now()
	m := &minimizer{ctx: ctx, limits: l, until: began.Add(l.Budget)}
	out, err := m.replay(c, sched.Replay(c.Switches))
	if err != nil {
		return Minimized{}, err
	}
	if out.Failure == nil || out.Failure.Kind == sched.Unusable || out.Failure.Kind == sched.StepLimit {
		return Minimized{}, fmt.Errorf("%w: %v", ErrNotShown, c)
	}
	m.class = out.Failure.Class()
	m.take(c, out)
	m.Steps = 0
	if m.withoutProgram() {
		for m.smaller(m.quick) { // to plainer options
		}
		m.Minimal, m.Duration = !m.ended(), time.Since(began)
		return m.Minimized, nil
	}
	m.fewerOperations()
	for m.fewerSwitches() || m.smaller(m.quick) || m.fewerPreemptions() || m.smaller(m.thorough) {
		if m.ended() {
			break
		}
	}
	m.settle()
	m.windows()
	m.pinCrash()
	m.Duration = time.Since(began)
	return m.Minimized, nil
}

// withoutProgram leaves out all operations at once, if the failure says that it needs none (InAnyProgram), and says whether the failure
// remains. An execution of the program may take long: power is lost at each of its steps before such a failure shows.
func (m *minimizer) withoutProgram() bool {
	if !cases.InAnyProgram(m.Failure) {
		return false
	}
	smallest := m.Case.WithoutOperations()
	if smallest.Check() != nil {
		return false
	}
	out, err := m.replay(smallest, sched.Follow(nil))
	if err != nil || !m.shows(out) || out.Preemptions > m.Preemptions {
		return false
	}
	m.take(smallest, out)
	return true
}

func (m *minimizer) ended() bool {
	switch {
	case m.Early != "":
	case m.ctx.Err() != nil:
		m.Early = "interrupted"
	case m.Tries >= m.limits.Executions:
		m.Early = fmt.Sprintf("the limit of %d executions", m.limits.Executions)
	case time.Now().After(m.until):
		m.Early = fmt.Sprintf("the limit of %v of time", m.limits.Budget)
	}
	return m.Early != ""
}

// take makes the candidate that was just executed the current case.
func (m *minimizer) take(c cases.Case, out sched.Outcome) {
	m.Case = c.Clone()
	m.Case.Switches = out.Schedule
	m.Failure, m.Preemptions = out.Failure, out.Preemptions
	m.Steps++
	m.Without = nil
}

func (m *minimizer) replay(c cases.Case, s sched.Strategy) (sched.Outcome, error) {
	scenario, err := m.scenarioOf(c)
	if err != nil {
		return sched.Outcome{}, err
	}
	m.Tries++
	runner := sched.NewRunner(scenario, sched.Options{StepLimit: m.limits.StepLimit})
	out := runner.Run(s, false)
	if f := out.Failure; f != nil && f.Kind == sched.Livelock {
		m.Tries++
		out.Failure = m.surely(out, sched.NewRunner(scenario, sched.Options{StepLimit: m.limits.StepLimit}))
	}
	return out, nil
}

// surely returns the failure of an execution that goes round for ever, or what another one like those for a report comes to if that is
// something else. A loop that allocates holds the same each time only if the allocator gives it the same memory again.
func (m *minimizer) surely(out sched.Outcome, runner *sched.Runner) *sched.Failure {
	again := runner.Replay(out.Schedule, true).Of(out.Failure.Class())
	if again.Failure == nil || again.Failure.Class() != out.Failure.Class() {
		return again.Failure
	}
	return out.Failure
}

// scenarioOf returns the scenario that executes the program of a case. It reuses the last scenario for other schedules of
// the same program, and with it what the subject has learned about the program. It does not do so if power is lost, because
// the scenario would then skip what it has tried before.
func (m *minimizer) scenarioOf(c cases.Case) (sched.Scenario, error) {
	bare := c.Bare()
	text := bare.String()
	if m.program == text && m.scenario != nil {
		return m.scenario, nil
	}
	p, err := c.Subject.Plan(bare)
	if err != nil {
		return nil, err
	}
	if m.scenario = nil; p.Crashes == nil {
		m.program, m.scenario = text, p.Scenario
	}
	return p.Scenario, nil
}

// shows says whether an execution failed with the class of the case.
func (m *minimizer) shows(out sched.Outcome) bool {
	if out.Failure == nil || out.Failure.Kind == sched.Unusable || out.Failure.Kind == sched.StepLimit {
		return false
	}
	return out.Failure.Class() == m.class
}

// fewerSwitches leaves out switches, at first many at once.
func (m *minimizer) fewerSwitches() (changed bool) {
	sched.LeaveOut(func() int { return len(m.Case.Switches) }, m.ended, func(from, to int) bool {
		out, err := m.replay(m.Case, sched.Follow(slices.Delete(slices.Clone(m.Case.Switches), from, to)))
		if err != nil || !m.shows(out) || !lighter(out, m.Case.Switches, m.Preemptions) {
			return false
		}
		m.take(m.Case, out)
		changed = true
		return true
	})
	return changed
}

// lighter says whether an execution needs fewer preemptions, or equally many and fewer switches.
func lighter(out sched.Outcome, switches sched.Schedule, preemptions int) bool {
	return out.Preemptions < preemptions || out.Preemptions == preemptions && len(out.Schedule) < len(switches)
}

// smaller replaces the case by the first candidate that shows the failure.
func (m *minimizer) smaller(find func(cases.Case) (sched.Outcome, bool)) bool {
	for candidate := range programs(m.Case) {
		if m.ended() {
			return false
		}
		if out, found := find(candidate); found {
			m.take(candidate, out)
			return true
		}
	}
	return false
}

// programs returns the smaller cases, without schedules.
func programs(c cases.Case) iter.Seq[cases.Case] { return Candidates(c.Bare()) }

// quick follows the case's switches as far as possible, then tries a few random schedules.
func (m *minimizer) quick(c cases.Case) (sched.Outcome, bool) {
	out, err := m.replay(c, sched.Follow(m.Case.Switches))
	if err != nil {
		return out, false
	}
	if m.shows(out) && out.Preemptions <= m.Preemptions {
		return out, true
	}
	return m.search(c, sched.Options{Strategy: "random", Schedules: 60, Seed: 1}, m.Preemptions)
}

// thorough tries all schedules of a candidate with no more preemptions than the case has.
func (m *minimizer) thorough(c cases.Case) (sched.Outcome, bool) {
	out, found, w := m.exhaust(c, m.Preemptions)
	if !found {
		m.Without = append(m.Without, w)
	}
	return out, found
}

// fewerPreemptions looks for a schedule of the case with fewer preemptions.
func (m *minimizer) fewerPreemptions() bool {
	if m.Preemptions == 0 {
		return false
	}
	out, found, w := m.exhaust(m.Case, m.Preemptions-1)
	m.unsettled = !found && !w.Exhausted
	if found {
		m.take(m.Case, out)
	}
	return found
}

func (m *minimizer) exhaust(c cases.Case, preemptions int) (out sched.Outcome, found bool, w Without) {
	w = Without{Case: c.Bare()}
	scenario, err := m.scenarioOf(c)
	if err != nil {
		return out, false, w
	}
	o := sched.Options{Strategy: "bounded", Preemptions: preemptions, Schedules: m.limits.Schedules, Workers: 1, RepeatEvery: -1, Class: m.class, StepLimit: m.limits.StepLimit}
	r, err := sched.Search(m.ctx, scenario, o)
	m.Tries += int(r.Schedules)
	w.Schedules = r.Schedules
	if err == nil && r.ExhaustedTo(preemptions) {
		w.Schedules, w.Exhausted = r.Exhausted[len(r.Exhausted)-1].Schedules, true
	}
	if err != nil {
		return out, false, w
	}
	if len(r.Findings) > 0 {
		w.Shows = r.Findings[0].Failure.Class()
	}
	out, found = m.found(c, r, preemptions)
	return out, found, w
}

func (m *minimizer) search(c cases.Case, o sched.Options, preemptions int) (sched.Outcome, bool) {
	scenario, err := m.scenarioOf(c)
	if err != nil {
		return sched.Outcome{}, false
	}
	o.Workers, o.RepeatEvery, o.Class, o.StepLimit = 1, -1, m.class, m.limits.StepLimit
	r, err := sched.Search(m.ctx, scenario, o)
	m.Tries += int(r.Schedules)
	if err != nil {
		return sched.Outcome{}, false
	}
	return m.found(c, r, preemptions+1000) // fewerSwitches removes the extra preemptions later
}

// found returns an execution with the failure from the findings of a search. It keeps findings of other classes in Others.
func (m *minimizer) found(c cases.Case, r sched.Result, preemptions int) (sched.Outcome, bool) {
	for _, f := range r.Findings {
		if f.Failure.Class() != m.class {
			m.other(f)
			continue
		}
		if f.Preemptions <= preemptions {
			out, err := m.replay(c, sched.Replay(f.Schedule))
			return out, err == nil && m.shows(out)
		}
	}
	return sched.Outcome{}, false
}

func (m *minimizer) other(f sched.Finding) {
	for _, known := range m.Others {
		if known.Failure.Class() == f.Failure.Class() {
			return
		}
	}
	m.Others = append(m.Others, f)
}

// pinCrash replaces "crash any" by the one crash that shows the failure.
func (m *minimizer) pinCrash() {
	crash := cases.CrashOf(m.Failure)
	if crash == nil || m.Case.Crash == nil || !m.Case.Crash.Any {
		return
	}
	pinned := m.Case.Clone()
	pinned.Crash = crash
	if out, err := m.replay(pinned, sched.Follow(m.Case.Switches)); err == nil && m.shows(out) {
		m.Case = pinned
		m.Case.Switches, m.Failure = out.Schedule, out.Failure
	}
}

// settle finds out, for each thing that is left in the case, whether it is needed.
func (m *minimizer) settle() {
	if m.Without == nil && !m.ended() {
		m.smaller(m.thorough)
	}
	m.Minimal = !m.ended() && !m.unsettled
	for i := range m.Without {
		w := &m.Without[i]
		w.What = Difference(m.Case, w.Case)
		m.Minimal = m.Minimal && w.Exhausted
	}
}
