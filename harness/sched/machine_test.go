package sched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// A machine is a third mechanism: its threads are lists of instructions, executed without a goroutine of their own. It is made of
// what the package shows, and nothing above the interface knows of it.
type machine struct {
	programs []program
	must     func(m *machine) error // hold when all threads have ended
	most     int                    // choices, after which it has seen enough; 0 for all
	again    *atomic.Uint64         // choices among the same threads as before, which are asked for as such; nil to ask for them as for all others

	could     []bool // go on, at the last choice
	c         *sched.Chooser
	processes []process
	cells     map[string]int
	held      map[string]bool // locks
	addresses sched.Addresses
	now       int64
	stopped   sched.Candidate
}

type program struct {
	name string
	code []instruction
}

// An instruction does something to the variable, lock or channel that it is on; a Load goes to another one if it found 0. at is
// its point.
type instruction struct {
	does sched.Action
	on   string
	at   string
	adds int // of a Store, to what was loaded last
	sets bool
	back int // of a Load: so many instructions back if what it found is not 0
	wait time.Duration
}

func load(v string) instruction       { return instruction{does: sched.Loads, on: v} }
func add(v string, n int) instruction { return instruction{does: sched.Stores, on: v, adds: n} }
func set(v string, n int) instruction {
	return instruction{does: sched.Stores, on: v, adds: n, sets: true}
}
func lock(l string) instruction         { return instruction{does: sched.Locks, on: l} }
func unlock(l string) instruction       { return instruction{does: sched.Unlocks, on: l} }
func send(c string) instruction         { return instruction{does: sched.Sends, on: c} }
func receive(c string) instruction      { return instruction{does: sched.Receives, on: c} }
func pause() instruction                { return instruction{does: sched.Pauses} }
func sleep(d time.Duration) instruction { return instruction{does: sched.Waits, on: "clock", wait: d} }

// opaque touches something of which nobody has said what it is.
func opaque() instruction { return instruction{does: sched.Runs} }

// backWhile loads, and goes back while what it finds is not 0.
func backWhile(v string, instructions int) instruction {
	return instruction{does: sched.Loads, on: v, back: instructions}
}

// point names an instruction as a schedule does.
func (i instruction) point() string {
	if i.at != "" {
		return i.at
	}
	words := [...]string{"run", "wait", "lock", "unlock", "send", "receive", "load", "store", "pause"}
	return strings.TrimPrefix(i.on+"."+words[i.does], ".")
}

// A process is a thread.
type process struct {
	stands sched.Candidate
	next   int
	loaded int
	until  int64 // it sleeps
}

func (m *machine) Begin(c *sched.Chooser) {
	m.c, m.now, m.could = c, 0, nil
	m.processes, m.cells, m.held = make([]process, len(m.programs)), map[string]int{}, map[string]bool{}
	m.addresses.Forget()
	for i := range m.processes {
		m.processes[i].stands = sched.Candidate{Thread: i, Point: sched.AtStart}
	}
	m.stopped = sched.Candidate{Thread: sched.NoThread, Point: sched.AtStart}
}

func (m *machine) Run() {
	for ended, choices := 0, 0; ended < len(m.processes); choices++ {
		if m.most > 0 && choices == m.most {
			m.c.Enough()
		}
		next, ok := m.choose()
		if !ok || !m.resume(&m.processes[next]) {
			return
		}
		if m.stopped = m.processes[next].stands; m.stopped.Point == sched.AtEnd {
			ended++
		}
	}
	m.c.Finish()
	if m.must == nil {
		return
	}
	if err := m.must(m); err != nil {
		m.c.Fail(&sched.Failure{Kind: sched.Failed, Message: err.Error()})
	}
}

// choose asks who goes on.
func (m *machine) choose() (next int, ok bool) {
	if m.again == nil {
		return m.c.Choose(&m.stopped, m.hash())
	}
	can := make([]bool, len(m.processes))
	for i := range m.processes {
		can[i] = m.canGoOn(&m.processes[i])
	}
	same := slices.Equal(can, m.could)
	if m.could = can; same {
		next, ok, done := m.c.ChooseAgain(&m.stopped)
		if done {
			m.again.Add(1)
			return next, ok
		}
	}
	return m.c.Choose(&m.stopped, m.hash())
}

func (m *machine) Drop()         {}
func (m *machine) Close() string { return "" }

// hash is what the thread that has stopped holds.
func (m *machine) hash() uint64 {
	if m.stopped.Thread == sched.NoThread {
		return 0
	}
	p := &m.processes[m.stopped.Thread]
	return uint64(p.next)<<32 + uint64(p.loaded)
}

// resume executes the instruction at which p stands and goes to the next one.
func (m *machine) resume(p *process) bool {
	code := m.programs[p.stands.Thread].code
	if p.stands.Point != sched.AtStart {
		m.execute(p, code[p.next])
	}
	if p.next == len(code) {
		p.stands = sched.Candidate{Thread: p.stands.Thread, Point: sched.AtEnd}
		return true
	}
	i := code[p.next]
	id, err := m.c.Points().Named(i.point(), "machine.txt", 1)
	if err != nil {
		m.c.Fail(&sched.Failure{Kind: sched.Unusable, Message: err.Error()})
		return false
	}
	p.stands = sched.Candidate{Thread: p.stands.Thread, Point: id, Action: i.does, Resource: m.resource(i), Writes: i.does != sched.Loads && i.does != sched.Pauses}
	if i.wait > 0 {
		p.until = m.now + int64(i.wait)
	}
	return true
}

// resource numbers what an instruction touches, as a runtime would: by an address, in the order of the execution.
func (m *machine) resource(i instruction) sched.Resource {
	switch i.does {
	case sched.Runs:
		return sched.Unknown
	case sched.Pauses:
		return sched.Nowhere
	}
	address := uintptr(0xc000000000)
	for _, letter := range []byte(i.on) {
		address += uintptr(letter) * 64
	}
	return m.addresses.Of(address)
}

func (m *machine) execute(p *process, i instruction) {
	p.next++
	switch i.does {
	case sched.Loads:
		if p.loaded = m.cells[i.on]; p.loaded != 0 && i.back > 0 {
			p.next -= 1 + i.back
		}
	case sched.Stores:
		if i.sets {
			p.loaded = 0
		}
		m.cells[i.on] = p.loaded + i.adds
	case sched.Locks:
		m.held[i.on] = true
	case sched.Unlocks:
		m.held[i.on] = false
	case sched.Sends:
		m.cells[i.on]++
	case sched.Receives:
		m.cells[i.on]--
	}
}

func (m *machine) canGoOn(p *process) bool {
	switch {
	case p.stands.Point == sched.AtStart:
		return true
	case p.stands.Point == sched.AtEnd:
		return false
	}
	switch i := m.programs[p.stands.Thread].code[p.next]; i.does {
	case sched.Locks:
		return !m.held[i.on]
	case sched.Sends:
		return m.cells[i.on] == 0
	case sched.Receives:
		return m.cells[i.on] > 0
	}
	return p.until <= m.now
}

func (m *machine) Candidates(all []sched.Candidate) []sched.Candidate {
	for i := range m.processes {
		if m.canGoOn(&m.processes[i]) {
			all = append(all, m.processes[i].stands)
		}
	}
	return all
}

func (m *machine) Due() (at int64, counts, any bool) {
	for _, p := range m.processes {
		if p.until > m.now && (!any || p.until < at) {
			at, counts, any = p.until, true, true
		}
	}
	return at, counts, any
}

func (m *machine) Jump(at int64)          { m.now = at }
func (m *machine) Threads() int           { return len(m.processes) }
func (m *machine) Name(thread int) string { return m.programs[thread].name }
func (m *machine) Counts(int) bool        { return true }
func (m *machine) Running() sched.Running { return sched.Running{Who: "the machine", Point: "a point"} }

func (m *machine) Deadlock(why string) *sched.Failure {
	return &sched.Failure{Kind: sched.Deadlock, Message: why + m.Remaining()}
}

func (m *machine) Remaining() string {
	var words []string
	for i, p := range m.processes {
		if p.stands.Point != sched.AtEnd {
			words = append(words, fmt.Sprintf("%s at %s", m.programs[i].name, m.programs[i].code[p.next].point()))
		}
	}
	return strings.Join(words, "; ")
}

// makes returns what makes such a machine.
func makes(must func(m *machine) error, programs ...program) func() sched.Mechanism {
	return func() sched.Mechanism { return &machine{programs: programs, must: must} }
}

func is(cell string, value int) func(m *machine) error {
	return func(m *machine) error {
		if got := m.cells[cell]; got != value {
			return wrongCell{fmt.Sprintf("%s is %d", cell, got)}
		}
		return nil
	}
}

type wrongCell struct{ text string }

func (e wrongCell) Error() string { return e.text }

func thread(name string, code ...instruction) program { return program{name, code} }

var errNothing = errors.New("the search found nothing")

// found searches and returns the first finding.
func found(mechanism func() sched.Mechanism, o sched.Options) (sched.Finding, error) {
	r, err := sched.SearchMechanism(context.Background(), mechanism, o)
	if err != nil {
		return sched.Finding{}, err
	}
	if len(r.Findings) == 0 {
		return sched.Finding{}, errNothing
	}
	return r.Findings[0], nil
}
