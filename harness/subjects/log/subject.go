package log

import (
	_ "embed"
	"fmt"
	"io"
	"iter"
	"math/rand"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/storage"
)

// Subject is the log of package storage, for package cases.
var Subject cases.Subject = subject{}

type subject struct{}

func (subject) Head() string    { return "scenario=log" }
func (subject) Tasks() []string { return []string{flusherThread} }

// Example implements cases.Exemplified.
func (subject) Example() string { return "w0: append 1, flush; r0: read - end" }

// Words implements explore.Vocal.
func (subject) Words() []string { return kindNames }

// Places implements explore.Vocal: the points where a thread may stand, except those of the known-bad hand-overs.
func (subject) Places() (names []string) {
	for _, e := range storage.Points() {
		switch e.Name {
		case "tail/lock", "read/before-recheck", "read/rechecked":
			continue
		}
		if e.Kind != failpoints.KindFault {
			names = append(names, e.Name)
		}
	}
	return names
}

func (subject) IsTask(name string) bool { return isTask(name) }

func (subject) ParseSettings(words []cases.Setting) (cases.Settings, error) {
	var o Options
	for _, w := range words {
		if err := o.set(w.Name, w.Value); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (subject) ParseOperation(text string) (cases.Operation, error) { return parseOperation(text) }

func (subject) Check(g cases.Case) error { return Of(g).check() }

func (subject) Draw(random *rand.Rand, s Shape) (cases.Case, error) {
	c := Draw(random, s)
	c.Options.Handover = one(random, Holding()...)
	return c.General(), nil
}

// Holding returns the hand-overs that are meant to hold, including the default.
func Holding() (names []string) {
	for _, h := range storage.Handovers() {
		if h.Holds() {
			names = append(names, h.Name())
		}
	}
	return names
}

func (subject) DrawFaults(random *rand.Rand, g cases.Case, most int) []Fault {
	return DrawFaults(random, Of(g), most)
}

func (subject) Smaller(g cases.Case) iter.Seq[cases.Case] { return smaller(Of(g)) }

func (subject) Plan(g cases.Case) (*cases.Plan, error) {
	for _, f := range g.Faults {
		if rule := f.Rule(); rule != nil && rule.Misplaces() {
			return nil, fmt.Errorf("%w: fault %v: the log promises nothing of a disk that misplaces what it has synced; Checks are judged then", cases.ErrCase, f)
		}
	}
	p, err := Of(g).plan()
	if err != nil {
		return nil, err
	}
	plan := &cases.Plan{Scenario: p.scenario, Declared: p.c.declared()}
	if g.Crash != nil || len(g.Faults) > 0 {
		plan.Crashes = p.crashes
	}
	return plan, nil
}

// Recorded implements cases.Witness: porcupine also judges the history.
func (subject) Recorded(g cases.Case) (*cases.Plan, error) {
	c := Of(g)
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	p.history = &history.Recorder{}
	var names []string
	for _, t := range c.Threads {
		names = append(names, t.Name)
	}
	plan := &cases.Plan{Scenario: p.scenario, Opinion: func(f *sched.Failure) (string, error) {
		v := Violation(f)
		if f != nil && v == nil || !InHistory(f) {
			return "", nil // a model of the log cannot judge a panic, a deadlock or the aftermath of a crash
		}
		return history.SecondOpinion(p.history.Calls(), names, v)
	}}
	if g.Crash != nil || len(g.Faults) > 0 {
		plan.Crashes = p.crashes
	}
	return plan, nil
}

// Picture implements report.Pictured.
func (subject) Picture(w io.Writer, g cases.Case) error {
	c := Of(g)
	scenario, recorder, err := Of(g.Bare()).Recorded()
	if err != nil {
		return err
	}
	sched.NewRunner(scenario, sched.Options{}).Replay(c.Switches, false)
	var names []string
	for _, t := range c.Threads {
		names = append(names, t.Name)
	}
	return history.Picture(w, recorder.Calls(), names)
}

//go:embed gotest.txt
var goTest string

// GoTest implements report.Tested.
func (subject) GoTest() string { return goTest }

// Cured implements cases.Cured with the engine's default hand-over.
func (subject) Cured(g cases.Case) (cured cases.Case, what string, ok bool) {
	right, err := storage.HandoverByName("")
	o := g.Settings.(Options)
	if err != nil || o.Handover == right.Name() {
		return g, "", false
	}
	o.Handover = right.Name()
	cured = g.Clone()
	cured.Settings = o
	return cured, "hand-over " + right.Name(), true
}

// canaryProgram has the window of the analysed bug.
const canaryProgram = "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end"

// Canaries are the known bug and, if power is lost, an engine that calls durable what no flush has covered.
func (subject) Canaries(g cases.Case) (all []cases.Canary, err error) {
	known, err := Parse(canaryProgram)
	if err != nil {
		return nil, err
	}
	plan, err := Subject.Plan(known.General())
	if err != nil {
		return nil, err
	}
	all = append(all, cases.Canary{What: "the known bug", Case: known.General(), Plan: plan})
	if g.Crash == nil {
		return all, nil
	}
	boasting, scenario, err := boaster()
	if err != nil {
		return nil, err
	}
	return append(all, cases.Canary{
		What: "an engine that calls durable what no flush has covered", Case: boasting.General(), Plan: &cases.Plan{Scenario: scenario},
	}), nil
}

// isTask says whether a name is that of a store's task: the one from the start, or one that a thread's reopen started.
func isTask(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	base, _, _ = strings.Cut(base, "#")
	return base == flusherThread
}

// OnHandover returns a function that sets the hand-over of drawn programs, for explore.Config.Settle.
func OnHandover(name string) func(*cases.Case) {
	return func(g *cases.Case) {
		o := g.Settings.(Options)
		o.Handover = name
		g.Settings = o
	}
}
