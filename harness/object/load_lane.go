package object

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/spec"
)

// When a lane checks an instance in which nothing moves. Time decides no verdict. If the machine is so busy that an instance
// takes longer, the lane checks later, because a check asks the oracle while others run.
const (
	firstLook  = 20 * time.Millisecond
	lastLook   = time.Second
	usualTimes = 2 // times the usual duration
)

// lookAfter says when a lane checks for the first time, if what it executes usually takes this long.
func lookAfter(usual time.Duration) time.Duration { return min(firstLook+usualTimes*usual, lastLook) }

// toUsual updates the usual duration with another one.
func toUsual(usual, took time.Duration) time.Duration { return usual + (took-usual)/8 }

// A key is equal for two histories that no judge can tell apart.
type key [16]byte

// counts are the counts of a lane in a round.
type counts struct{ instances, overlapping, waiting, abandoned uint64 }

// A lane executes one instance after another.
type lane struct {
	counts
	load   *load
	random *rand.Rand
	timer  *time.Timer
	usual  time.Duration // how long an instance takes
	seen   map[key]*run  // new histories of this round
}

func newLane(l *load, i uint64) *lane {
	return &lane{load: l, random: rand.New(rand.NewPCG(l.Seed, i)), seen: map[key]*run{}, timer: time.NewTimer(time.Hour)}
}

func (n *lane) run() {
	for !n.load.over() {
		n.instance()
	}
}

// An instance is an object with the clients of one program.
type instance struct {
	*run
	lane   *lane
	number string // the label of its goroutines
	cancel context.CancelFunc
	moment raceoff.Number
	begun  raceoff.Number // clients
	// off says that operations which wait were cancelled. What returns after that is indeterminate.
	off   raceoff.Number
	ended chan struct{}
}

// plan picks a plan that is not retired.
func (n *lane) plan() (*plan, *raceoff.Number) {
	count := n.load.to - n.load.from
	first := n.random.IntN(count)
	for i := range count {
		at := n.load.from + (first+i)%count
		if n.load.retired[at].Load() == 0 {
			return n.load.plans[at], &n.load.retired[at]
		}
	}
	n.load.fail(fmt.Errorf("in every program, an operation waits and does not return when its context ends or the object is closed: have it take a context, or give the subject a Close that frees it"))
	return nil, nil
}

func (n *lane) instance() {
	p, retired := n.plan()
	if p == nil {
		return
	}
	o, clients := n.load.object, len(p.c.Threads)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx.Done() // made here: if a client made it, that would order the clients that find it
	ctx, number := marked(ctx)
	defer unmark()
	e := o.newEnv(p.settings)
	defer e.end()
	object, _, err := p.open(n.delayed(ctx), e)
	if err != nil {
		n.load.fail(err)
		return
	}
	in := &instance{run: p.newRun(e, object).observed(), lane: n, cancel: cancel, number: number, ended: make(chan struct{}, clients)}
	in.goroutines = make([]raceoff.Number, clients)
	began := time.Now()
	n.load.peak.Raise(n.load.alive.Add(uint64(clients)))
	for i := range clients {
		go in.client(n.delayed(ctx), i)
	}
	unmark()
	settled, left := in.wait(clients)
	if settled == nil {
		return
	}
	if in.off.Load() == 0 {
		n.usual = toUsual(n.usual, time.Since(began))
	}
	n.instances++
	n.overlapping += settled.overlaps()
	n.remember(settled)
	if o.closer != nil {
		in.close(n.delayed(ctx), left == 0)
	}
	if in.remain(left) {
		retired.Store(1)
		n.abandoned++
	}
}

// delayed returns a context that delays a client at failpoints.
func (n *lane) delayed(ctx context.Context) context.Context {
	return failpoints.With(ctx, failpoints.NewDelayer(n.load.Delays, n.random.Uint64(), n.random.Uint64()))
}

// client runs one client of an instance, in its own goroutine.
func (in *instance) client(ctx context.Context, thread int) {
	l := in.lane.load
	in.goroutines[thread].Store(goroutineNumber())
	defer func() {
		l.alive.Add(^uint64(0))
		in.ended <- struct{}{}
	}()
	together(&in.begun, len(in.plan.c.Threads))
	in.perform(ctx, thread, in.plan.first[thread], func(i int) bool {
		if in.off.Load() != 0 {
			return false
		}
		in.invoked(i, int(in.moment.Add(1)))
		return true
	}, func(i int, a answer) {
		a.open = a.open || in.off.Load() != 0
		in.stacks[i] = a.stack
		in.returned(i, int(in.moment.Add(1)), a)
		l.executed.Add(1)
	})
}

// wait waits for the clients. It returns what is to be judged: the run, or, if operations waited as they do alone and could
// not be cancelled, the run at that moment, and the number of clients that still wait. settled is nil if there is nothing to
// judge.
func (in *instance) wait(clients int) (settled *run, left int) {
	var calledOff *run // the right history at the moment of cancelling
	look, moved, at := lookAfter(in.lane.usual), time.Now(), uint64(0)
	for left = clients; left > 0; {
		in.lane.timer.Reset(look)
		select {
		case <-in.ended:
			left--
			continue
		case <-in.lane.timer.C:
		}
		if now := in.moment.Load(); now != at {
			at, moved = now, time.Now()
			continue
		}
		look = max(look, min(2*look, lastLook))
		now := in.still(at)
		if now == nil || now.waiting() < left && time.Since(moved) <= in.lane.load.Grace {
			continue // a client is between two operations, and only needs the processor
		}
		v, err := in.lane.verdict(now)
		switch {
		case err != nil:
			in.lane.load.fail(err)
			return nil, left
		case v == nil && in.off.Load() == 0:
			in.lane.waiting++
			calledOff = now
			in.off.Store(1)
			in.cancel()
		case v == nil:
			return now, left
		case in.lane.wrongAlready(now):
			return nil, left
		case in.hangs(now, at, v, time.Since(moved)):
			return nil, left
		}
	}
	if calledOff != nil && in.plan.object.Holds != nil {
		return calledOff, 0 // the run caused what followed the cancelling, so it is not the judge's concern
	}
	return in.run, 0
}

// still returns a copy of the run as it is since a moment, nil if a client has gone on by now. A copy that is made while clients go on may
// have the result of a read, and not the write before it, which no judge can explain.
func (in *instance) still(since uint64) *run {
	now := in.now()
	if in.moment.Load() != since {
		return nil
	}
	return now
}

// waiting counts the operations that have not returned.
func (r *run) waiting() (n int) {
	for _, e := range r.history {
		if e.Outcome == spec.Pending {
			n++
		}
	}
	return n
}

// mostLooks is how often is looked whether clients that only need the processor have returned.
const mostLooks = 10

// remain says whether clients still wait after their operations were cancelled and the object was closed. Those that only need the processor
// do not wait.
func (in *instance) remain(left int) bool {
	in.lane.timer.Reset(lastLook)
	for looks := 1; left > 0; {
		select {
		case <-in.ended:
			left--
		case <-in.lane.timer.C:
			if looks++; looks > mostLooks || !in.lane.load.hangs.needsProcessor(in.number) {
				return true
			}
			in.lane.timer.Reset(lastLook)
		}
	}
	return false
}

// hangs ends the run if it is known of operations that have not returned for some time that they never will, or that nobody can say. v is
// what their history violates then, which nothing has been added to since a moment.
func (in *instance) hangs(now *run, since uint64, v *Violation, stood time.Duration) (known bool) {
	goneOn := func() bool { return in.moment.Load() != since }
	return in.judgeHang(now, v, stood, now.pending(), in.waitingClients(now), goneOn)
}

// judgeHang ends the run if something hangs. goneOn says that it has gone on while the goroutines were looked at: then those that are left
// say nothing about it.
func (in *instance) judgeHang(now *run, v *Violation, stood time.Duration, what string, who map[uint64]string, goneOn func() bool) (known bool) {
	l := in.lane.load
	if l.settled() || l.interrupted.Load() != 0 {
		return true
	}
	never, undecided := l.hangs.judge(in.number, stood, l.Grace, l.over(), who)
	switch {
	case goneOn():
		return false
	case never != nil:
		l.foundHang(now, v, never)
	case undecided != nil && in.plan.planted != nil: // it may be the planted bug that keeps it from going on
		l.foundHang(now, v, &standstill{undecided.Error(), undecided.Stacks})
	case undecided != nil:
		undecided.Case, undecided.What = in.plan.c, what
		l.fail(undecided)
	}
	return never != nil || undecided != nil
}

// pending names an operation that has not returned.
func (r *run) pending() string {
	for i, e := range r.history {
		if e.Outcome == spec.Pending {
			return r.plan.calls[i].text + " of " + r.plan.whose(i)
		}
	}
	return "a client"
}

// foundHang ends the run with an object that never goes on.
func (l *load) foundHang(r *run, v *Violation, never *standstill) {
	hangs := *v
	hangs.detail += "; " + never.words
	l.found(r, &hangs, never.stacks)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hung = true
}

// verdict judges a history while other instances run.
func (n *lane) verdict(r *run) (*Violation, error) {
	k := r.key()
	if _, known := n.load.known[k]; known {
		return nil, nil
	}
	if _, seen := n.seen[k]; seen {
		return nil, nil
	}
	switch err := r.judged().(type) {
	case nil:
		n.remember(r)
		return nil, nil
	case *Violation:
		return err, nil
	default:
		return nil, err
	}
}

// wrongAlready says whether a history is wrong whatever becomes of the operations that have not returned, and ends the run if
// so. A judge of the history cannot be asked this: for it, they never return.
func (n *lane) wrongAlready(r *run) bool {
	if n.load.object.Holds != nil {
		return false
	}
	open := r.now()
	open.openPending()
	v, err := n.verdict(open)
	if err != nil {
		n.load.fail(err)
	} else if v != nil {
		n.load.found(r, v, "")
	}
	return err != nil || v != nil
}

// remember keeps a new history, to be judged after the round.
func (n *lane) remember(r *run) {
	k := r.key()
	if _, known := n.load.known[k]; known {
		return
	}
	if _, seen := n.seen[k]; !seen {
		n.seen[k] = &run{plan: r.plan, history: r.history, values: r.values, stacks: r.stacks} // not the object
		n.load.fresh.Add(1)
	}
}

// close closes the object. If the operations of the instance were abandoned, it does so to free them.
func (in *instance) close(ctx context.Context, judged bool) {
	done := make(chan error, 1)
	go func() {
		pprof.SetGoroutineLabels(ctx)
		in.goroutines[0].Store(goroutineNumber())
		done <- in.plan.object.closer(ctx, in.object)
	}()
	began := time.Now()
	for look := lookAfter(in.lane.usual); ; look = min(2*look, lastLook) {
		in.lane.timer.Reset(look)
		select {
		case err := <-done:
			if err != nil && judged && in.off.Load() == 0 {
				in.lane.load.found(in.run, closes.broken("close: %v", err), "")
			}
			return
		case <-in.lane.timer.C:
		}
		closed := func() bool { return len(done) > 0 }
		if stood := time.Since(began); judged && in.closeHangs(stood, closed) || !judged && stood >= lastLook {
			return
		}
	}
}

// closeHangs is hangs for an object that is being closed.
func (in *instance) closeHangs(stood time.Duration, closed func() bool) (known bool) {
	return in.judgeHang(in.run, closeHangs(), stood, "Close", map[uint64]string{in.goroutines[0].Load(): "Close"}, closed)
}

// closeHangs is what an object violates whose Close never returns, when no client is in an operation.
func closeHangs() *Violation {
	return progress.broken("Close does not return, and no client is in an operation")
}

// key tells histories apart: by the result of each operation, and by which operations came before which others. A user's judge
// of the history sees more, so for it the moments of all calls and returns count.
func (r *run) key() (k key) {
	text := binary.AppendUvarint(make([]byte, 0, 256), uint64(r.plan.number))
	whole := r.plan.object.Holds != nil
	for _, e := range r.history {
		text = append(text, 0, byte(e.Outcome))
		text = append(binary.AppendUvarint(text, uint64(len(e.Result))), e.Result...)
		if whole {
			text = binary.AppendUvarint(binary.AppendUvarint(text, uint64(e.Invoked)), uint64(e.Returned))
			continue
		}
		var before uint64
		for i, other := range r.history {
			if other.Returned != 0 && other.Returned < e.Invoked {
				before |= 1 << (i % 64)
			}
		}
		text = binary.LittleEndian.AppendUint64(text, before)
	}
	sum := sha256.Sum256(text)
	copy(k[:], sum[:])
	return k
}

// overlaps counts pairs of operations of two clients that were under way at the same time.
func (r *run) overlaps() (n uint64) {
	for i, a := range r.history {
		for j, b := range r.history[:i] {
			if a.Invoked != 0 && b.Invoked != 0 && r.plan.client[i] != r.plan.client[j] && !endsBefore(a, b) && !endsBefore(b, a) {
				n++
			}
		}
	}
	return n
}

func endsBefore(a, b spec.Entry) bool { return a.Returned != 0 && a.Returned < b.Invoked }
