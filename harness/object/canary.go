package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/values"
)

// ErrBlind is returned when no canary can be planted: no operation changes what another one returns, so a search could not see
// any bug.
var ErrBlind = errors.New("no operation changes what another returns")

// A defect is a bug that is planted between the clients and the object.
type defect struct {
	kind  defectKind
	write *Call  // changes what read returns
	read  *Call  // both clients call it
	old   answer // what read returns without write
	wrote answer // what write returns
}

type defectKind uint8

const (
	dropsResult     defectKind = iota // an operation's result is lost
	returnsOld                        // a read returns what was there before a write that had returned
	losesUpdate                       // a write has no effect if another operation runs during it, in one window
	numberOfKind                      // the number of kinds planted in every exploration
	losesDurable                      // a durable write has no effect, in an exploration with crashes
	losesSync                         // no sync reaches the disk, in an exploration with crashes of recorded file operations
	refusesHalfMade                   // a new object that is half made cannot be opened
)

var defectWords = map[defectKind]string{
	dropsResult:  "a result that is dropped",
	returnsOld:   "a result from before an operation that had returned",
	losesUpdate:  "an update that is lost when another client runs in one window",
	losesDurable: "a durable operation that a crash takes",
	losesSync:    "a durable operation whose syncs never reach the disk",

	refusesHalfMade: "an object that cannot be opened after a loss of power while it was made",
}

// window is the point at which the canary losesUpdate can be preempted.
var window = failpoints.WaitPoint("github.com/racewindow/racewindow/harness/object", "canary/window")

// Canaries implements cases.Subject. The harness plants the bugs around the object itself: the clients and the judge are the
// same, and there is one defect.
func (o *Object) Canaries(of cases.Case) (all []cases.Canary, err error) {
	found, err := o.findSight(o.methods, true)
	if err != nil {
		return nil, err
	}
	for kind := range numberOfKind {
		p, err := o.planted(found, kind, 1)
		if err != nil {
			return nil, err
		}
		all = append(all, cases.Canary{What: defectWords[kind], Case: p.c, Plan: &cases.Plan{Scenario: p.scenario}})
	}
	if of.Crash != nil && len(o.lasting()) > 0 {
		kinds := []defectKind{losesDurable}
		if recorded.Possible() && o.keepsInFolder() {
			kinds = append(kinds, losesSync)
		}
		for _, kind := range kinds {
			canary, err := o.crashCanary(of.Crash, kind)
			if err != nil {
				return nil, err
			}
			all = append(all, canary)
		}
		if of.Crash.Any && o.makesFiles.Load() != 0 {
			canary, err := o.openingCanary(of.Crash)
			if err != nil {
				return nil, err
			}
			all = append(all, canary)
		}
	}
	return all, nil
}

// planted returns a program that shows a defect of that kind, with the defect planted. The other client reads this many times:
// where nothing schedules the clients, it must still be running when the first one comes to its write.
func (o *Object) planted(of *sight, kind defectKind, reads int) (*plan, error) {
	d := of.defect
	d.kind = kind
	c := o.caseOf(of.before, d.write, d.read)
	for other := &c.Threads[1]; len(other.Operations) < reads; {
		other.Operations = append(other.Operations, d.read)
	}
	p, err := o.plan(c)
	if err != nil {
		return nil, err
	}
	p.planted = &d
	return p, nil
}

// lasting returns the operations that become durable while the object is open.
func (o *Object) lasting() (methods []*method) {
	for _, m := range o.methods {
		if m.Durable != "" && m.Durable != AfterClose {
			methods = append(methods, m)
		}
	}
	return methods
}

// crashCanary returns a canary with one client. The defect makes its durable write have no effect, or keeps the syncs from the
// disk. Only the object that is opened after the crash can show it.
func (o *Object) crashCanary(crash *cases.Crash, kind defectKind) (canary cases.Canary, err error) {
	p, err := o.losing(crash, o.lasting())
	if err != nil {
		return canary, err
	}
	p.planted.kind = kind
	return cases.Canary{What: defectWords[kind], Case: p.c, Plan: &cases.Plan{Scenario: p.scenario, Crashes: p.crashes}}, nil
}

// lastingAnyhow returns these, or, if there are none, those that are durable after Close.
func (o *Object) lastingAnyhow() (methods []*method) {
	if methods = o.lasting(); len(methods) > 0 || o.closer == nil {
		return methods
	}
	return o.lastingAfterClose()
}

func (o *Object) lastingAfterClose() (methods []*method) {
	for _, m := range o.methods {
		if m.Durable == AfterClose {
			methods = append(methods, m)
		}
	}
	return methods
}

// losing returns the program of a crash canary, with its defect in one of these operations; crash may be nil.
func (o *Object) losing(crash *cases.Crash, among []*method) (*plan, error) {
	found, err := o.findSight(among, false)
	if err != nil {
		return nil, err
	}
	c := cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{{Name: "c0"}}, Crash: crash}
	calls := append(found.before[:len(found.before):len(found.before)], found.write)
	if m := o.method(found.write.method.Durable); m != nil {
		arguments, err := (&values.Drawing{Random: rand.New(rand.NewSource(1))}).Draw(m.Operation)
		if err != nil {
			return nil, err
		}
		calls = append(calls, newCall(m, arguments))
	}
	for _, call := range calls {
		c.Threads[0].Operations = append(c.Threads[0].Operations, call)
	}
	p, err := o.plan(c, found.read)
	if err != nil {
		return nil, err
	}
	d := found.defect
	d.kind, p.planted = losesDurable, &d
	return p, nil
}

// A sight is a write and a read that sees it, after some calls. A limiter of two, for example, shows nothing until it has been
// used twice.
type sight struct {
	defect
	before []*Call
}

// caseOf returns the program of a canary: one client makes all calls, and the other one only reads.
func (o *Object) caseOf(before []*Call, write, read *Call) cases.Case {
	first := cases.Thread{Name: "c0"}
	for _, c := range append(before[:len(before):len(before)], write, read) {
		first.Operations = append(first.Operations, c)
	}
	return cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{
		first, {Name: "c1", Operations: []cases.Operation{read}},
	}}
}

// Bounds of the search for a write and a read that sees it: the most calls before these two, and the programs tried for each
// number of calls.
const (
	mostBefore    = 4
	triedOfLength = 500
)

// findSight finds a sight whose write is one of these operations. again says that the read must still see it if it comes after the other
// client's read: that of a queue, which takes what it sees, does not. Only one read comes after a crash.
func (o *Object) findSight(writes []*method, again bool) (*sight, error) {
	random := rand.New(rand.NewSource(1))
	drawing := &values.Drawing{Random: random}
	for length := range mostBefore + 1 {
		for range triedOfLength {
			calls := make([]*Call, length+2)
			for i := range calls {
				among := o.methods
				if i == length {
					among = writes
				}
				m := among[random.Intn(len(among))]
				arguments, err := drawing.Draw(m.Operation)
				if err != nil {
					return nil, err
				}
				calls[i] = newCall(m, arguments)
			}
			found, err := o.sees(calls[:length], calls[length], calls[length+1], again)
			if err != nil || found != nil {
				return found, err
			}
		}
	}
	return nil, fmt.Errorf("%w, for %s: after up to %d calls, no call of %s made the next one return something else, in %d programs; "+
		"so no bug could be seen. Name an operation that reads what another writes", ErrBlind, o.Name, mostBefore, o.names(), (mostBefore+1)*triedOfLength)
}

// sees says whether a write, after some calls, changes what a read returns, and with again what the second of two reads returns. It returns
// nil if not.
func (o *Object) sees(before []*Call, write, read *Call, again bool) (*sight, error) {
	p, err := o.plan(o.caseOf(before, write, read))
	if err != nil {
		return nil, err
	}
	n := len(before)
	order := make([]int, n, n+3)
	for i := range order {
		order[i] = i
	}
	without, err := p.answers(append(order, n+1))
	if err != nil || without == nil {
		return nil, err
	}
	with, err := p.answers(append(order, n, n+1))
	if err != nil || with == nil || with[n+1].text == without[n].text {
		return nil, err
	}
	if again {
		twice, err := p.answers(append(order, n, n+2, n+1)) // the other client's read must not change it back
		if err != nil || twice == nil || twice[n+2].text == without[n].text {
			return nil, err
		}
	}
	return &sight{defect{write: write, read: read, old: without[n], wrote: with[n]}, before}, nil
}

// answers executes operations alone and returns their results, or nil if one blocks.
func (p *plan) answers(order []int) (results []answer, err error) {
	all, err := p.alone.responses(order)
	if err != nil {
		return nil, err
	}
	for i, r := range all {
		if r.Blocks {
			return nil, nil
		}
		results = append(results, answer{text: r.Result, values: p.alone.values[i]})
	}
	return results, nil
}

// call executes an operation, with the defect if there is one.
func (d *defect) call(ctx context.Context, r *run, i int, outcome *values.Outcome) answer {
	if d == nil {
		return r.call(ctx, i, outcome)
	}
	c := r.plan.calls[i]
	switch {
	case d.kind == losesUpdate && c == d.write:
		before := r.moments.Load()
		failpoints.Yield(ctx, window)
		if r.moments.Load() != before {
			return d.wrote
		}
	case d.kind == losesDurable && c == d.write:
		return d.wrote
	case d.kind == dropsResult && c == d.read:
		r.call(ctx, i, outcome)
		return answer{text: "dropped"}
	case d.kind == returnsOld && c == d.read:
		r.call(ctx, i, outcome)
		return d.old
	}
	a := r.call(ctx, i, outcome)
	r.moments.Add(1)
	return a
}
