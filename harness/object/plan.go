package object

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// A plan is what all executions of a case share.
type plan struct {
	object   *Object
	c        cases.Case
	settings *Settings
	// calls are the operations of the program, thread after thread. first is the index of each thread's first one, client the
	// thread of each.
	calls  []*Call
	first  []int
	client []int
	// probes are executed on an object that was opened again; those in asked come first.
	asked   []*Call
	earlier []*Call // executed before the program, one after another
	// prepared are the results of what came earlier, in a run with losses of power.
	prepared  []string
	takenCost int // sequential executions of taken
	probes    []*Call
	crashes   *cases.Crashes
	planted   *defect // the bug of a canary, nil for none
	number    int     // in the pool of a Load

	mu    sync.Mutex
	alone *sequential
	// isRepeatable says that repeatable has succeeded.
	isRepeatable bool
	judge        *spec.Linearizability
	recovered    *spec.Linearizability
	// lostByNew says, by probe, what losesInOneLife has found.
	lostByNew map[int]bool
}

// Plan implements cases.Subject. It returns an error if the program, executed twice one operation at a time, gives different
// results.
func (o *Object) Plan(c cases.Case) (*cases.Plan, error) {
	p, err := o.plan(c)
	if err != nil {
		return nil, err
	}
	if err := p.alone.checkRepeatable(); err != nil {
		return nil, err
	}
	if o.keeps() || o.GoesOn {
		p.probeWith(p.alone.results)
	}
	plan := &cases.Plan{Scenario: p.scenario, Declared: c.Crash == nil && !p.faulty()}
	if c.Crash != nil || len(c.Faults) > 0 {
		plan.Crashes = p.crashes
	}
	return plan, nil
}

// plan makes the plan of a case. The calls in first come before the other probes.
func (o *Object) plan(c cases.Case, first ...*Call) (*plan, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if (c.Crash != nil || len(c.Faults) > 0) && raceoff.Enabled {
		return nil, fmt.Errorf("%w: a case with a crash or faults needs a build without -race: the disk is examined between two threads", cases.ErrCase)
	}
	p := &plan{object: o, c: c.Clone(), settings: o.settings(c), crashes: cases.NewCrashes(), lostByNew: map[int]bool{}}
	for i, t := range c.Threads {
		p.first = append(p.first, len(p.calls))
		for _, operation := range t.Operations {
			p.calls, p.client = append(p.calls, operation.(*Call)), append(p.client, i)
		}
	}
	var err error
	if p.earlier, err = o.earlierCalls(p.settings); err != nil {
		return nil, err
	}
	p.alone = newSequential(p)
	p.judge = p.judgeOf(p.client)
	p.asked = first
	p.probeWith(nil)
	return p, nil
}

// probeWith sets the probes: those in asked, and those that follow from the program and from its results when it is executed
// alone.
func (p *plan) probeWith(results [][]reflect.Value) {
	p.probes = append(p.asked[:len(p.asked):len(p.asked)], p.object.probesOf(p.calls, results)...)
	p.recovered = p.judgeOfRecovered()
}

// judgeOfRecovered returns the judge for an object that was opened again: one more client calls the probes.
func (p *plan) judgeOfRecovered() *spec.Linearizability {
	clients := p.client[:len(p.client):len(p.client)]
	for range inquiries * len(p.probes) {
		clients = append(clients, len(p.c.Threads))
	}
	return p.judgeOf(clients)
}

// asksWithoutEffect leaves out the probes with a lasting effect, if there are others.
func (p *plan) asksWithoutEffect() {
	var reads []*Call
	for _, c := range p.probes {
		if c.method.Durable == "" {
			reads = append(reads, c)
		}
	}
	if len(reads) > 0 {
		p.probes = reads
		p.recovered = p.judgeOfRecovered()
	}
}

// repeatable checks, once, that the program gives the same results when it is executed alone again.
func (p *plan) repeatable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isRepeatable {
		return nil
	}
	err := p.alone.checkRepeatable()
	p.isRepeatable = err == nil
	return err
}

func (p *plan) judgeOf(client []int) *spec.Linearizability {
	judge := spec.NewLinearizability(client, p.alone.responses)
	judge.Order, judge.Prefix, judge.Same = p.object.Order, p.object.Prefix, make([]int, len(client))
	first := map[string]int{}
	for i := range judge.Same {
		text := p.at(i).text
		if _, is := first[text]; !is {
			first[text] = i
		}
		judge.Same[i] = first[text]
	}
	return judge
}

// at returns the call with that index: one of the program, or a probe.
func (p *plan) at(i int) *Call {
	if i < len(p.calls) {
		return p.calls[i]
	}
	return p.probes[(i-len(p.calls))%len(p.probes)]
}

// scenario is one execution.
func (p *plan) scenario(x *sched.Execution) {
	e := p.object.newEnv(p.settings)
	e.keeps = p.c.Crash != nil || p.faulty()
	r := p.newRun(e, reflect.Value{})
	if p.object.keeps() {
		r.mortal()
	}
	r.goroutines = make([]raceoff.Number, len(p.c.Threads))
	x.AtEnd(r.env.end)
	r.watchOpening()
	object, _, err := p.open(x.Context(), r.env)
	if err != nil {
		x.Fail(err)
	}
	r.object = object
	if r.opening != nil && r.env.disk != nil {
		r.env.disk.After(nil)
	}
	if r.env.recorded != nil && p.planted != nil && p.planted.kind == losesSync {
		r.env.disk.LoseSyncs()
	}
	if r.env.disk != nil && !r.env.system {
		r.env.disk.After(func(disks.Operation) { x.AtDisk() })
	}
	if p.object.TasksMayRemain {
		x.TasksMayRemain()
	}
	r.injectFaults(x)
	x.Progress(p.done)
	r.shares = x.Shares
	for i, t := range p.c.Threads {
		x.Go(t.Name, func(t *sched.T) { r.client(t, i) })
	}
	x.Stuck(r.stuck)
	x.Finally(r.conclude)
}

// done counts what is done while no thread runs: recoveries, and the orders that a judge executes.
func (p *plan) done() uint64 {
	n := p.alone.executed.Load()
	if p.crashes != nil {
		n += p.crashes.Disks.Load() + p.crashes.Recoveries.Load()
	}
	return n
}

// client executes the operations of one thread.
func (r *run) client(t *sched.T, thread int) {
	var outcome values.Outcome
	r.note(t, thread)
	first := r.plan.first[thread]
	for i := range r.plan.c.Threads[thread].Operations {
		r.operate(t, first+i, &outcome)
	}
}

// operate executes one operation of the program.
func (r *run) operate(t *sched.T, i int, outcome *values.Outcome) {
	p := r.plan
	c := p.calls[i]
	t.Op(c.text)
	r.shares() // what an operation does before its first point is in no declaration
	r.begin(i)
	r.invoked(i, t.Moment())
	a := p.planted.call(t.Context(), r, i, outcome)
	r.returned(i, t.Moment(), a)
	r.end(i, a.open)
	if t.Noting() {
		t.Note("returns " + a.text)
	}
	if a.stack != "" {
		r.keepStack(i, a.stack)
		r.panicked(t, i, a)
	}
}

// begin and end record what a crash must know.
func (r *run) begin(i int) {
	if r.status != nil {
		r.status[i].Store(underWay)
	}
}

// end reads when other operations were called and returned, which the race detector must not see.
//
//go:norace
func (r *run) end(i int, isOpen bool) {
	if r.status == nil {
		return
	}
	if isOpen {
		r.status[i].Store(open)
		return
	}
	r.status[i].Store(returned)
	done := r.plan.calls[i].method
	if done.Durable == OnReturn {
		r.durable[i].Store(1)
	}
	for j, c := range r.plan.calls {
		if c.method.Durable == done.Method.Name && r.history[j].Returned != 0 && r.history[j].Returned < r.history[i].Invoked && r.status[j].Load() == returned {
			r.durable[j].Store(1)
		}
	}
}

// injectFaults makes the disk and the fault points fail as the case says. Call it once the object is open.
func (r *run) injectFaults(x *sched.Execution) {
	p := r.plan
	if !p.faulty() && p.c.Crash == nil {
		return
	}
	if r.env.disk == nil {
		x.Fail(sched.UnusableError{Reason: r.env.diskless()})
	}
	r.env.disk.Sleep(x.Advance)
	if r.failDisk(p.c.Faults) < len(p.c.Faults) {
		x.Faults(func(thread string, point *failpoints.Point, hit int) (any, bool) {
			value, index := p.c.Deliver(thread, point, hit)
			if index >= 0 {
				p.crashes.FaultCame(index, 1)
			}
			return value, index >= 0
		})
	}
	if p.c.Crash != nil {
		p.crashes.Watch(x, *p.c.Crash, r)
	}
}

// failDisk makes the disk fail as these faults say, and returns how many of them are faults of the disk. Those at open are left out.
func (r *run) failDisk(faults []cases.Fault) (rules int) {
	r.faults, r.failing = make([]*disks.Counter, len(faults)), slices.ContainsFunc(faults, isInLife)
	var all []disks.Injector
	for i, f := range faults {
		rule := f.Rule()
		if rule == nil {
			continue
		}
		if rules++; isInLife(f) {
			r.faults[i] = disks.Count(rule)
			all = append(all, r.faults[i])
		}
	}
	if len(all) > 0 {
		r.env.disk.Inject(disks.Any(all...))
	}
	return rules
}

// faulty says whether something fails while the clients run.
func (p *plan) faulty() bool { return slices.ContainsFunc(p.c.Faults, isInLife) }

func isInLife(f cases.Fault) bool { return !f.AtOpen }

// words lists calls for a report.
func (p *plan) words(order []int) string {
	words := make([]string, len(order))
	for i, o := range order {
		words[i] = p.at(o).text
	}
	return strings.Join(words, ", ")
}

// call executes one operation of the program on the run's object.
func (r *run) call(ctx context.Context, i int, outcome *values.Outcome) answer {
	return r.plan.object.call(ctx, r.object, r.plan.calls[i], r.failing, outcome)
}
