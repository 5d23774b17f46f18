package object

import (
	"context"
	"fmt"
	"math/rand"
	"reflect"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/spec"
)

// An incarnation is an object from its opening to the loss of power, and its clients.
type incarnation struct {
	*run
	lane   *crashLane
	ctx    context.Context
	cancel context.CancelFunc
	before spec.History // what earlier incarnations did
	// crashes is the number of earlier losses of power.
	crashes int
	// Power is lost at a tick: a change of the disk, or the return of a client's operation.
	at, ticks      raceoff.Number
	claimed, gone  raceoff.Number
	moment, began  raceoff.Number
	number         string         // the label of its goroutines
	closing        raceoff.Number // the goroutine in Close
	paused         bool           // after the last operation
	hang           *hang          // nil if it is not known that the object never goes on
	losses         chan *outage
	closed         chan struct{} // closed when Close of the object has returned; nil if it was not called
	ended          chan struct{}
	opening        *lostOpening // nil if power was not lost while the object was opened
	clients, first []int        // the clients with operations left, and where each goes on
	rules          []cases.Fault
}

// An outage is a loss of power: what is known of each operation, and of the disk.
type outage struct {
	where     string
	history   spec.History
	moment    *disks.Moment
	underLoad bool
	faults    []cases.Fault // before the loss of power
	paused    bool          // after the last operation
	// unrecorded says what the disk lacks of what was done in a folder, nil for nothing.
	unrecorded error
}

// open opens an object on a disk, and arms the disk to lose power.
func (n *crashLane) open(p *plan, disk *disks.Disk, before *aftermath) (*incarnation, error) {
	e := p.object.newEnv(p.settings)
	var calm raceoff.Number
	e.disk, e.keeps, e.delay = disk, p.object.keepsInFolder(), n.delayCalls(&calm)
	ctx, cancel := context.WithCancel(context.Background())
	ctx.Done() // made here: if a client made it, that would order the clients that find it
	ctx, number := marked(ctx)
	opening := n.loseOpening(p, disk, before)
	object, err := p.openAfter(n.delayed(ctx), before, e)
	if err == nil && before == nil && len(p.earlier) > 0 {
		calm.Store(1)
		err = p.prepareAs(ctx, object)
		calm.Store(0)
	}
	if err != nil {
		cancel()
		e.end()
		return nil, err
	}
	total := len(p.calls)
	in := &incarnation{
		run: p.newRun(e, object).observed().mortal(), lane: n, ctx: ctx, cancel: cancel, number: number, opening: opening, before: make(spec.History, total), losses: make(chan *outage, 1),
	}
	if before != nil {
		in.before, in.crashes = before.history, before.crashes()
		in.moment.Store(uint64(lastMoment(before.history)))
	}
	in.goroutines = make([]raceoff.Number, len(p.c.Threads))
	left := in.remaining()
	in.ended = make(chan struct{}, len(in.clients))
	usual := max(n.of.ticks[p.number].Load(), uint64(total))
	in.at.Store(1 + uint64(n.random.Float64()*p.object.span()*float64(usual)*float64(left)/float64(total)))
	if n.random.Float64() < n.of.Faults {
		in.rules = n.load.object.DrawFaults(rand.New(rand.NewSource(int64(n.random.Uint64()))), p.c, mostFaultsOfLife)
		in.failDisk(in.rules)
	}
	if p.planted != nil && p.planted.kind == losesSync {
		disk.LoseSyncs()
	}
	disk.After(in.took)
	return in, nil
}

// openAfter opens an object. On what a loss of power has left, a panic is an error.
func (p *plan) openAfter(ctx context.Context, before *aftermath, e *Env) (v reflect.Value, err error) {
	defer func() {
		if before == nil {
			return
		}
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	return p.openObject(ctx, e)
}

// call is the point at which what an object does to its folder is delayed.
var call = failpoints.WaitPoint("github.com/racewindow/racewindow/harness/object", "load/call")

// delayCalls returns a function that delays the calls of one object at its folder, unless it is calm; nil if none is recorded. Any goroutine
// may call it.
func (n *crashLane) delayCalls(calm *raceoff.Number) func() {
	if !recorded.Possible() {
		return nil
	}
	delays, seed, calls := n.load.Delays, n.random.Uint64(), raceoff.Number{}
	return func() {
		if calm.Load() != 0 {
			return
		}
		failpoints.NewDelayer(delays, seed, calls.Add(1)).Yield(context.Background(), call)
	}
}

// span is where the drawn moment of a loss may lie, as a multiple of the usual length of a life. What lies beyond the end is at rest, or while
// the object is closed: that is for objects that are durable then.
func (o *Object) span() float64 {
	if len(o.lastingAfterClose()) > 0 {
		return 2
	}
	return 1.2
}

// mostFaultsOfLife bounds the faults between an opening and a loss of power.
const mostFaultsOfLife = 3

// came returns the faults that came in an incarnation. Call it when its disk is at rest.
func (in *incarnation) came() (rules []cases.Fault) {
	for i, counter := range in.faults {
		if counter.Faults() > 0 {
			in.lane.faults += uint64(counter.Faults())
			rules = append(rules, in.rules[i])
		}
	}
	return rules
}

// remaining finds where each client goes on, and counts the remaining operations.
func (in *incarnation) remaining() (left int) {
	for client, t := range in.plan.c.Threads {
		first, end := in.plan.first[client], in.plan.first[client]+len(t.Operations)
		for first < end && in.before[first].Outcome != spec.NotInvoked {
			first++
		}
		if first < end {
			in.clients, in.first = append(in.clients, client), append(in.first, first)
			left += end - first
		}
	}
	return left
}

// took is called after each operation of the disk, in any goroutine.
//
//go:norace
func (in *incarnation) took(o disks.Operation) {
	if o.Kind.Changes() && in.ticked() {
		in.lose("after "+o.Kind.String()+" "+o.Name, true)
	}
}

// ticked counts a tick, and says whether power is lost at it.
func (in *incarnation) ticked() bool { return in.ticks.Add(1) == in.at.Load() }

// lose takes the power away, once. It first reads what must survive, then takes the image of the disk, and then kills the disk.
// So whatever counts as durable was durable before the image, and an operation that was invoked in between is indeterminate. inCall
// says that it is called after an operation of the disk, in the goroutine of that.
//
//go:norace
func (in *incarnation) lose(where string, inCall bool) {
	if in.claimed.Add(1) != 1 {
		return
	}
	in.gone.Store(1)
	status, durable := make([]uint64, len(in.status)), make([]uint64, len(in.status))
	for i := range in.status {
		durable[i] = in.durable[i].Load()
		status[i] = in.status[i].Load()
	}
	o := &outage{where: where}
	in.cut(o, inCall)
	now := in.now()
	for i := range in.status {
		e := &now.history[i]
		e.Crashes = in.crashes
		switch begun := in.status[i].Load(); {
		case in.before[i].Outcome != spec.NotInvoked:
			*e = in.before[i]
			continue
		case begun == notBegun:
			*e = spec.Entry{}
			continue
		case status[i] == returned && durable[i] != 0:
			e.Outcome = spec.Durable
		case status[i] == returned:
			e.Outcome = spec.Volatile
		case status[i] == open:
			e.Outcome = spec.Indeterminate
		default:
			*e = spec.Entry{Outcome: spec.Indeterminate, Invoked: e.Invoked, Crashes: in.crashes}
			o.underLoad = true
		}
	}
	o.history = now.history
	in.losses <- o // the race detector sees this send, and the lane's receive: that orders no two clients
}

// cut takes the image of the disk, and kills the disk. A folder lives on, and what is done there is repeated no more.
func (in *incarnation) cut(o *outage, inCall bool) {
	cut := func() {
		o.moment = in.env.disk.At(in.lane.of.Model)
		o.unrecorded = in.env.unrecorded()
		in.env.disk.Kill()
	}
	if in.env.recorded == nil {
		cut()
		return
	}
	in.env.recorded.Between(inCall, true, cut)
}

// live lets the clients work until power is lost, and waits until nothing of the incarnation runs. remain says that some
// operations do not return.
func (in *incarnation) live() (lost *outage, remain bool) {
	l, clients := in.lane.load, len(in.clients)
	l.peak.Raise(l.alive.Add(uint64(clients)))
	began := time.Now()
	for i := range in.clients {
		go in.client(in.lane.delayed(in.ctx), i)
	}
	unmark()
	look, left, at, moved := lookAfter(in.lane.usual), clients, uint64(0), began
	waited := false
	for left > 0 && !remain {
		in.lane.timer.Reset(look)
		select {
		case <-in.ended:
			left--
			continue
		case lost = <-in.losses:
			in.cancel() // call off what waits, now that it is known what had returned
			continue
		case <-in.lane.timer.C:
		}
		look = max(look, min(2*look, lastLook))
		switch now := in.moment.Load(); {
		case now != at:
			at, moved = now, time.Now()
		case in.mayHang(left):
			remain = in.hangs(at, time.Since(moved))
		case lost == nil:
			in.lose("while operations waited", false)
			waited, moved = true, time.Now()
		default:
			remain = in.givenUp(at, time.Since(moved))
		}
	}
	if !waited {
		in.lane.usual = toUsual(in.lane.usual, time.Since(began))
	}
	in.lane.of.ticks[in.plan.number].Raise(in.ticks.Load())
	if lost == nil && !remain {
		in.rest()
	}
	in.lose("at rest, when all had returned", false)
	if lost == nil {
		lost = <-in.losses
	}
	in.discard(remain)
	lost.faults, lost.paused = in.came(), in.paused
	return lost, remain
}

// discard closes what the incarnation has left. It ignores errors of the object's Close, because the disk is dead.
func (in *incarnation) discard(remain bool) {
	in.cancel()
	in.env.disk.After(nil)
	if in.plan.object.closer != nil {
		if in.closed == nil {
			in.close(in.ctx, func(error) {})
		}
		if !in.awaitClose(remain) {
			in.lane.of.isUnclosed(unclosed{in.env, in.closed})
			return
		}
	}
	in.env.end()
}

// panicked is the violation of a panic before the loss of power; nil if there was none, or if the operation panics when it is executed
// alone, too.
func (in *incarnation) panicked() *Violation {
	for i, stack := range in.stacks {
		if text := in.history[i].Result; stack != "" && !in.plan.panicsAlone(i, text) {
			v := noPanic.broken("%s of %s: %s", in.plan.calls[i].text, in.plan.whose(i), text)
			v.stack = stack
			return v
		}
	}
	return nil
}

// client runs one client of an incarnation, in its own goroutine.
func (in *incarnation) client(ctx context.Context, who int) {
	l := in.lane.load
	defer func() {
		l.alive.Add(^uint64(0))
		in.ended <- struct{}{}
	}()
	in.goroutines[in.clients[who]].Store(goroutineNumber())
	together(&in.began, len(in.clients))
	in.perform(ctx, in.clients[who], in.first[who], func(i int) bool {
		if in.gone.Load() != 0 {
			return false
		}
		in.begin(i)
		in.invoked(i, int(in.moment.Add(1)))
		return true
	}, func(i int, a answer) {
		if in.gone.Load() == 0 {
			l.executed.Add(1)
			in.stacks[i] = a.stack // an object may panic if its disk is dead
		}
		in.returned(i, int(in.moment.Add(1)), a)
		in.end(i, a.open || a.stack != "")
		if in.ticked() {
			in.lose(fmt.Sprintf("when %s of %s had returned", in.plan.calls[i].text, in.plan.whose(i)), false)
		}
	})
}
