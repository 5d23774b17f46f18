package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/values"
)

// ErrBlind is returned when no canary can be planted: no operation changes what another one returns, so no search could see
// anything.
var ErrBlind = errors.New("no operation changes what another returns")

// A defect is a bug that is planted between the clients and the object.
type defect struct {
	kind  defectKind
	write *Call  // changes what read returns
	old   string // what read returns without it
	wrote string // what write returns
}

type defectKind uint8

const (
	dropsResult  defectKind = iota // an operation's result is lost
	returnsOld                     // a read returns what was there before a write that had returned
	losesUpdate                    // a write beside which another operation runs, in one window, has no effect
	numberOfKind                   // of kinds of defects
)

var defectWords = [numberOfKind]string{
	"a result that is dropped", "a result from before an operation that had returned", "an update that is lost when another client runs in one window",
}

// window is where the third canary can be preempted.
var window = failpoints.WaitPoint("github.com/racewindow/racewindow/harness/object", "canary/window")

// Canaries implements cases.Subject. The bugs are planted by the harness around the object itself: the same clients, the same
// judge, and one defect.
func (o *Object) Canaries(cases.Case) (all []cases.Canary, err error) {
	d, err := o.findDefect()
	if err != nil {
		return nil, err
	}
	for kind := range numberOfKind {
		p, err := o.planted(d, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, cases.Canary{What: defectWords[kind], Case: p.c, Plan: &cases.Plan{Scenario: p.scenario}})
	}
	return all, nil
}

// planted is a plan with a defect.
func (o *Object) planted(of *pair, kind defectKind) (*plan, error) {
	d := of.defect
	d.kind = kind
	p, err := o.plan(cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{
		{Name: "c0", Operations: []cases.Operation{d.write, of.read}}, {Name: "c1", Operations: []cases.Operation{of.read}},
	}})
	if err != nil {
		return nil, err
	}
	p.planted = &d
	return p, nil
}

// A pair is a write and a read that sees it.
type pair struct {
	defect
	read *Call
}

// triedPairs bounds the search for two calls of which one changes what the other returns.
const triedPairs = 2000

func (o *Object) findDefect() (*pair, error) {
	random := rand.New(rand.NewSource(1))
	drawing := &values.Drawing{Random: random}
	for range triedPairs {
		var two [2]*Call
		for i := range two {
			m := o.methods[random.Intn(len(o.methods))]
			arguments, err := drawing.Draw(m.Operation)
			if err != nil {
				return nil, err
			}
			two[i] = newCall(m, arguments)
		}
		found, err := o.sees(two[0], two[1])
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, fmt.Errorf("%w of %s, in %d pairs of calls: name one that reads what another writes, or nothing can be found", ErrBlind, o.Name, triedPairs)
}

// sees says whether a write changes what a read returns, and how.
func (o *Object) sees(write, read *Call) (*pair, error) {
	p, err := o.plan(cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{
		{Name: "c0", Operations: []cases.Operation{write, read}}, {Name: "c1", Operations: []cases.Operation{read}},
	}})
	if err != nil {
		return nil, err
	}
	before, err := p.alone.responses([]int{1})
	if err != nil {
		return nil, err
	}
	after, err := p.alone.responses([]int{0, 1})
	if err != nil || len(after) < 2 || before[0].Blocks || after[1].Blocks || before[0] == after[1] {
		return nil, err
	}
	again, err := p.alone.responses([]int{0, 2, 1}) // the other client's read must not change it back
	if err != nil || len(again) < 3 || again[2].Result == before[0].Result {
		return nil, err
	}
	return &pair{defect{write: write, old: before[0].Result, wrote: after[0].Result}, read}, nil
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
			return answer{text: d.wrote}
		}
	case d.kind == dropsResult && c != d.write:
		r.call(ctx, i, outcome)
		return answer{text: "dropped"}
	case d.kind == returnsOld && c != d.write:
		r.call(ctx, i, outcome)
		return answer{text: d.old}
	}
	a := r.call(ctx, i, outcome)
	r.moments.Add(1)
	return a
}
