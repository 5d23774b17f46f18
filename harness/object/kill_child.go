package object

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/spec"
)

// A task is the first message to a process that will be killed.
type task struct {
	// Left are the folders that earlier, killed processes left.
	Left []leftTask
	// Base is where folders are made; First is the number of the first one.
	Base  string
	First uint64
	// Child gives each process random choices of its own.
	Child uint64
	// Last makes the process end once Left is done.
	Last bool
	// Planted makes it execute the canary.
	Planted bool
	// Phase names the set of programs. Short makes the process run some programs without room, and then end.
	Phase want `json:",omitempty"`
	Short bool `json:",omitempty"`
}

// A leftTask is a folder, and what to do with it: ask what the object holds, or go on with it.
type leftTask struct {
	Of, Program uint64
	Folder      string
	// GoesOn has, for each client, the operation to go on with, counted in the whole program; nil to ask instead.
	GoesOn []int `json:",omitempty"`
	// Asked is the number of the first probe, counted after the operations of the whole program.
	Asked int
}

// A victim is a process that works until it is killed.
type victim struct {
	KillLoad
	task
	object *Object
	teller teller
	next   atomic.Uint64
}

// Killed is what a process does that Kill has started. It reads from in what to do, reports through out what it does, and
// works until it is killed or in ends.
func (o *Object) Killed(ctx context.Context, c KillLoad, in io.Reader, out io.Writer) error {
	c.setDefaults()
	v := &victim{KillLoad: c, object: o, teller: teller{to: out}}
	reader := bufio.NewReader(in)
	line, err := reader.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &v.task)
	}
	if err != nil {
		return fmt.Errorf("what is to be done cannot be read: %w", err)
	}
	v.next.Store(v.First)
	if !v.Last {
		go func() { // the process that started this one may have died
			_, _ = io.Copy(io.Discard, reader)
			os.Exit(0)
		}()
	}
	plans := &plans{object: o, KillLoad: c, planted: v.Planted, phase: v.Phase}
	if v.Short {
		v.short(ctx, v.lane(plans, 0))
		return nil
	}
	var lanes, left sync.WaitGroup
	queue := make(chan leftTask, len(v.Left))
	for _, l := range v.Left {
		queue <- l
		left.Add(1)
	}
	close(queue)
	for i := range max(c.Goroutines/2, 1) {
		lanes.Go(func() {
			n := v.lane(plans, i)
			for l := range queue {
				n.take(ctx, l, left.Done)
			}
			for !v.Last {
				n.begin(ctx)
			}
		})
	}
	left.Wait()
	v.tell(message{kind: settled})
	lanes.Wait()
	return nil
}

func (v *victim) lane(plans *plans, number int) *victimLane {
	return &victimLane{victim: v, plans: plans, random: rand.New(rand.NewPCG(v.Seed^v.Child, uint64(number)))}
}

// tell sends a message. It ends the process if nobody listens.
func (v *victim) tell(m message) {
	if v.teller.tell(m) != nil {
		os.Exit(0)
	}
}

// A victimLane works on one object after another.
type victimLane struct {
	*victim
	plans  *plans
	random *rand.Rand
	// done is the last object whose operations have all returned. It stays open until the next one is done, so that a kill can
	// hit it.
	done *kept
	// shortage, if set, is the want of room that the lane's objects meet.
	shortage *shortage
}

// A kept object keeps its data in a folder of the system's.
type kept struct {
	*run
	of     uint64
	lane   *victimLane
	ctx    context.Context
	cancel context.CancelFunc
	moved  atomic.Int64 // counts messages
	met    atomic.Bool  // it has met the want of room
	asked  int          // the index of the first probe that was not called
}

func (n *victimLane) plan(number uint64) *plan {
	p, err := n.plans.at(number)
	if err != nil {
		fail(err)
	}
	return p
}

// fail ends the process, which cannot go on.
func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// take goes on with a folder that an earlier process left, or asks what it holds.
func (n *victimLane) take(ctx context.Context, l leftTask, done func()) {
	p := n.plan(l.Program)
	if l.GoesOn != nil {
		n.work(ctx, p, l, done)
		return
	}
	defer done()
	n.tell(message{opens, l.Of, l.Program, l.Folder})
	_, err := p.reopen(n.object.envOn(p.settings, l.Folder), make(spec.History, l.Asked), questions{
		opened:   func() { n.tell(message{kind: opened, of: l.Of}) },
		asks:     func(i int, _ spec.Entry) { n.tell(message{kind: calls, of: l.Of, number: uint64(i)}) },
		answered: func(i int, e spec.Entry) { n.tell(message{returns, l.Of, uint64(i), e.Result}) },
	})
	if err != nil {
		n.tell(message{kind: refuses, of: l.Of, text: err.Error()})
		return
	}
	n.tell(message{kind: answered, of: l.Of})
}

// begin executes a program on a new folder.
func (n *victimLane) begin(ctx context.Context) {
	p, l := n.fresh()
	n.work(ctx, p, l, func() {})
}

// fresh picks a program, to be executed in full on a new folder.
func (n *victimLane) fresh() (*plan, leftTask) {
	of, number := n.next.Add(1)-1, n.random.Uint64N(uint64(n.plans.count()))
	p := n.plan(number)
	folder := filepath.Join(n.Base, strconv.FormatUint(of, 10))
	if err := os.Mkdir(folder, 0o777); err != nil {
		fail(err)
	}
	return p, leftTask{Of: of, Program: number, Folder: folder, GoesOn: p.first, Asked: len(p.calls)}
}

// work opens an object on a folder and lets each client go on from its operation. It calls opening after the opening.
func (n *victimLane) work(ctx context.Context, p *plan, l leftTask, opening func()) {
	k, refused := n.open(ctx, p, l)
	opening()
	if k == nil {
		n.tell(message{kind: refuses, of: l.Of, text: refused.Error()})
		return
	}
	if !k.work(l.GoesOn) {
		return // leave it as it is until the process is killed
	}
	if n.done != nil {
		n.done.forget(ctx)
	}
	n.done = k
}

// open opens an object on a folder. Its error begins with a comma, because it follows a text that says when.
func (n *victimLane) open(ctx context.Context, p *plan, l leftTask) (*kept, error) {
	n.tell(message{opens, l.Of, uint64(p.number), l.Folder})
	ctx, cancel := context.WithCancel(ctx)
	e := n.object.envOn(p.settings, l.Folder)
	object, err := n.object.open(n.delayed(ctx), e)
	if err != nil {
		cancel()
		return nil, fmt.Errorf(", the object cannot be opened: %w", err)
	}
	n.tell(message{kind: opened, of: l.Of})
	k := &kept{run: p.newRun(e, object), of: l.Of, lane: n, ctx: ctx, cancel: cancel, asked: l.Asked}
	k.failing = n.shortage != nil
	return k, nil
}

// work lets each client go on from its operation, and says whether all have finished.
func (k *kept) work(from []int) (all bool) {
	var clients sync.WaitGroup
	for client := range k.plan.c.Threads {
		delayed := k.lane.delayed(k.ctx)
		clients.Go(func() { k.client(delayed, client, from[client]) })
	}
	return k.wait(&clients)
}

func (n *victimLane) delayed(ctx context.Context) context.Context {
	return failpoints.With(ctx, failpoints.NewDelayer(n.Delays, n.random.Uint64(), n.random.Uint64()))
}

// client runs one client of an object, in its own goroutine.
func (k *kept) client(ctx context.Context, thread, from int) {
	k.perform(ctx, thread, from, func(i int) bool {
		if ctx.Err() != nil {
			return false
		}
		k.lane.tell(message{kind: calls, of: k.of, number: uint64(i)})
		return true
	}, func(i int, a answer) {
		kind := returns
		if a.open {
			kind = gaveOpen
		}
		if k.lane.shortage.metBy(k.plan.calls[i], a) {
			k.met.Store(true)
		}
		k.lane.tell(message{kind, k.of, uint64(i), a.text})
		k.moved.Add(1)
	})
}

// wait waits for the clients. If nothing moves, it cancels their context; if they still do not return, it gives up. Time
// decides only when it does so, and never a verdict: an operation that has not returned may have taken effect or not.
func (k *kept) wait(clients *sync.WaitGroup) (all bool) {
	done := make(chan struct{})
	go func() { defer close(done); clients.Wait() }()
	timer := time.NewTimer(lastLook)
	defer timer.Stop()
	for moved, calledOff := int64(0), false; ; timer.Reset(lastLook) {
		select {
		case <-done:
			return true
		case <-timer.C:
		}
		switch now := k.moved.Load(); {
		case now != moved:
			moved = now
		case calledOff:
			return false
		default:
			calledOff = true
			k.cancel()
		}
	}
}

// forget closes the object and removes its folder.
func (k *kept) forget(ctx context.Context) {
	k.lane.tell(message{kind: forgotten, of: k.of})
	if k.plan.object.closer != nil {
		_ = k.plan.object.closer(ctx, k.run.object) // other runs check whether an object can be closed
	}
	k.cancel()
	_ = os.RemoveAll(k.env.folder) // the process that started this one removes what stays
}
