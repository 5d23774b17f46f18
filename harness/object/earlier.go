package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strconv"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/values"
)

// What an object begins by itself, such as a compaction, often comes after more operations than a program can have, because a judge tries
// orders of these. So a case may say that operations came before those of its clients, one after another: earlier=200. They follow from the
// seed of the case, and all are durable when the clients begin. So no judge need know them: each order of the clients' operations is
// executed on an object that holds what the earlier ones have left.

// mostEarlier bounds them. Each execution of a program alone executes them too.
const mostEarlier = 10_000

func (s *Settings) setEarlier(value string) (err error) {
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n > mostEarlier {
		return fmt.Errorf("earlier=%s: write a number of operations, at most %d", value, mostEarlier)
	}
	s.earlier = n
	return nil
}

// preparing returns the operations that can come earlier: those that are durable when they return, or after another operation. last are
// those others.
func (o *Object) preparing() (all, last []*method) {
	for _, m := range o.methods {
		after := o.method(m.Durable)
		if m.Durable != OnReturn && after == nil {
			continue
		}
		if all = append(all, m); after != nil && !slices.Contains(last, after) {
			last = append(last, after)
		}
	}
	return all, last
}

// earlierCalls draws the operations that came before those of the clients.
func (o *Object) earlierCalls(s *Settings) (calls []*Call, err error) {
	if s.earlier == 0 {
		return nil, nil
	}
	methods, last := o.preparing()
	if len(methods) == 0 {
		return nil, fmt.Errorf("earlier=%d: no operation of %s is durable when it returns, or after another one: set Op.Durable, or leave earlier out", s.earlier, o.Name)
	}
	random := rand.New(rand.NewSource(int64(s.seed)))
	drawing := &values.Drawing{Random: random, Unique: true}
	add := func(m *method) error {
		arguments, err := drawing.Draw(m.Operation)
		calls = append(calls, newCall(m, arguments))
		return err
	}
	for range s.earlier {
		if err := add(methods[random.Intn(len(methods))]); err != nil {
			return nil, err
		}
	}
	for _, m := range last {
		if err := add(m); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// open opens a new object, and executes what came earlier. It returns the results of that.
func (p *plan) open(ctx context.Context, e *Env) (object reflect.Value, results []string, err error) {
	if object, err = p.openObject(ctx, e); err == nil {
		results = p.prepare(ctx, object)
	}
	return object, results, err
}

// prepare executes what came earlier.
func (p *plan) prepare(ctx context.Context, object reflect.Value) (results []string) {
	var outcome values.Outcome
	for _, c := range p.earlier {
		results = append(results, p.object.call(ctx, object, c, false, &outcome).text)
	}
	return results
}

// errUnprepared says that what came earlier did not give the results that it gives alone.
var errUnprepared = errors.New("what came earlier gave other results")

// prepareAs executes what came earlier, and returns errUnprepared if it does not do what it does alone: then nothing is known of the object.
func (p *plan) prepareAs(ctx context.Context, object reflect.Value) error {
	if slices.Equal(p.prepare(ctx, object), p.prepared) {
		return nil
	}
	if p.object.closer != nil {
		_ = p.object.closer(ctx, object) // it is given up
	}
	return errUnprepared
}

// In a run with losses of power, one round in longRound has only programs of which something came earlier: longPrograms more than the last
// such round, each after 2^fewestDoublings operations at least, doubled up to mostDoublings times.
const (
	longRound       = 3
	longPrograms    = 4
	fewestDoublings = 3
	mostDoublings   = 6
)

// lengthen draws programs of which something came earlier. An object in which that blocks, or gives now this and now that, gets none.
func (o *Object) lengthen(random *rand.Rand, c Load, number int) (p *plan, err error) {
	program, err := o.Draw(random, c.Draw)
	if err != nil {
		return nil, err
	}
	if c.Settle != nil {
		c.Settle(&program)
	}
	if s := *o.settings(program); s.earlier == 0 {
		n := uint64(1) << (fewestDoublings + random.Intn(mostDoublings+1))
		s.earlier = n + uint64(random.Int63n(int64(n)))
		program.Settings = &s
	}
	if p, err = o.plan(program); err != nil {
		return nil, err
	}
	if err = p.alone.checkRepeatable(); err != nil || len(p.alone.prepared) < len(p.earlier) {
		return nil, err
	}
	p.number, p.judge.Limit, p.prepared = number, mostOrders, p.alone.prepared
	return p, nil
}

// nextRound chooses the programs of the next round. No lane runs now.
func (l *crashLoad) nextRound() {
	l.round++
	l.load.from, l.load.to = 0, l.short
	if l.round%longRound != 0 || l.load.plans[0].planted != nil {
		return
	}
	for range longPrograms {
		p, err := l.load.object.lengthen(l.random, l.Load, len(l.load.plans))
		if p == nil || err != nil {
			continue
		}
		l.load.plans, l.load.retired = append(l.load.plans, p), append(l.load.retired, raceoff.Number{})
		l.ticks, l.pauses = append(l.ticks, raceoff.Number{}), append(l.pauses, raceoff.Number{})
	}
	for i := l.short; i < len(l.load.plans); i++ {
		if l.load.retired[i].Load() == 0 {
			l.load.from, l.load.to = l.short, len(l.load.plans)
		}
	}
}
