package sched

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// This file holds the enumeration against another one that shares no code with it: small random programs, whose schedules a
// brute force counts on an abstract model. The real ones are executed.

type instruction uint8

const (
	opYield instruction = iota // a yield point
	opLock
	opUnlock
	opSend    // into a channel with room for all
	opReceive // waits
	opTask    // starts a task
	opBegin   // an operation of the client: from the second on a boundary
	instructions
)

// A modelProgram has clients and the tasks that they start, in order of appearance in each client.
type modelProgram struct {
	clients [][]instruction
	tasks   [][]instruction // the n-th that is started executes the n-th, modulo
}

func (p modelProgram) String() string { return fmt.Sprint(p.clients, " tasks ", p.tasks) }

func randomProgram(r *rand.Rand) (p modelProgram) {
	for range 2 + r.IntN(2) {
		p.clients = append(p.clients, randomThread(r, 1+r.IntN(4), instructions))
	}
	p.tasks = append(p.tasks, randomThread(r, r.IntN(3), opTask))
	return p
}

// randomThread unlocks what it locks, most of the time.
func randomThread(r *rand.Rand, n int, below instruction) (all []instruction) {
	locked := false
	for range n {
		i := instruction(r.IntN(int(below)))
		switch {
		case i == opUnlock && !locked:
			i = opYield
		case i == opLock && locked:
			i = opUnlock
		}
		locked = i == opLock || locked && i != opUnlock
		all = append(all, i)
	}
	if locked && r.IntN(8) > 0 {
		all = append(all, opUnlock)
	}
	return all
}

// A model is a state of the program: copied at every choice.
type model struct {
	program *modelProgram
	threads []modelThread
	locked  bool
	values  int
	started int
}

type modelThread struct {
	code     []instruction
	at       int
	ops      int
	boundary bool // it stopped between two operations
	ended    bool
	client   bool
}

func newModel(p *modelProgram) *model {
	m := &model{program: p}
	for _, c := range p.clients {
		m.threads = append(m.threads, modelThread{code: c, client: true})
	}
	return m
}

func (m *model) clone() *model {
	c := *m
	c.threads = slices.Clone(m.threads)
	return &c
}

// enabled says whether a thread could go on. A thread stands before the instruction at which it stopped, or at its start.
func (m *model) enabled(t *modelThread, started bool) bool {
	if t.ended {
		return false
	}
	if !started || t.at == len(t.code) {
		return true
	}
	switch t.code[t.at] {
	case opLock:
		return !m.locked
	case opReceive:
		return m.values > 0
	}
	return true
}

// resume executes what thread n stands before, and goes on to its next stop. Instructions at which nobody stops are done at once.
func (m *model) resume(n int, started bool) {
	t := &m.threads[n]
	t.boundary = false
	for first := started; ; first = false {
		if t.at == len(t.code) {
			t.ended = true
			return
		}
		stops := true
		switch t.code[t.at] {
		case opUnlock, opSend, opTask:
			stops = false
		case opBegin:
			if !first {
				t.ops++
			}
			stops = t.client && t.ops > 1
			t.boundary = stops
		}
		if stops && !first {
			return
		}
		t.boundary = false
		m.execute(t.code[t.at])
		t = &m.threads[n] // a task may have moved it
		t.at++
	}
}

func (m *model) execute(i instruction) {
	switch i {
	case opLock:
		m.locked = true
	case opUnlock:
		m.locked = false
	case opSend:
		m.values++
	case opReceive:
		m.values--
	case opTask:
		m.threads = append(m.threads, modelThread{code: m.program.tasks[m.started%len(m.program.tasks)]})
		m.started++
	}
}

func (m *model) over() bool {
	return !slices.ContainsFunc(m.threads, func(t modelThread) bool { return t.client && !t.ended })
}

// schedules calls found with the hash of every schedule that spends at most so much, until it returns false.
func (m *model) schedules(current int, started []bool, spent, bound int, delays bool, hash uint64, found func(uint64) bool) bool {
	var enabled []int
	for i := range m.threads {
		if m.enabled(&m.threads[i], i < len(started) && started[i]) {
			enabled = append(enabled, i)
		}
	}
	if m.over() || len(enabled) == 0 {
		return found(hash)
	}
	canGoOn := slices.Index(enabled, current)
	for i, to := range enabled {
		cost := 0
		switch {
		case delays:
			cost = (i - max(canGoOn, 0) + len(enabled)) % len(enabled)
		case canGoOn >= 0 && i != canGoOn && !m.threads[current].boundary:
			cost = 1
		}
		if spent+cost > bound {
			continue
		}
		next := m.clone()
		began := append(slices.Clone(started), make([]bool, len(m.threads)-len(started))...)
		next.resume(to, began[to])
		began[to] = true
		if !next.schedules(to, began, spent+cost, bound, delays, (hash^uint64(to+1))*fnvPrime, found) {
			return false
		}
	}
	return true
}

// expected are the schedules up to a bound, and how many there are for each; false if they are too many for a test.
func (p modelProgram) expected(bound int, delays bool) (all map[uint64]struct{}, counts []uint64, few bool) {
	const most = 500
	for b := range bound + 1 {
		all = map[uint64]struct{}{}
		count := uint64(0)
		if !newModel(&p).schedules(-1, nil, 0, b, delays, fnvOffset, func(hash uint64) bool {
			count++
			all[hash] = struct{}{}
			return count < most
		}) {
			return nil, nil, false
		}
		counts = append(counts, count)
	}
	return all, counts, true
}

// scenario is the program for real.
func (p modelProgram) scenario() Scenario {
	return func(x *Execution) {
		var mu sync.Mutex
		values := make(chan int, 64)
		var started atomic.Int64
		var run func(ctx context.Context, code []instruction, op func(string))
		run = func(ctx context.Context, code []instruction, op func(string)) {
			for _, i := range code {
				switch i {
				case opYield:
					failpoints.Yield(ctx, pointLoad)
				case opLock:
					failpoints.Lock(ctx, pointLock, &mu)
				case opUnlock:
					mu.Unlock()
				case opSend:
					values <- 1
				case opReceive:
					_, _, _ = failpoints.Receive(ctx, pointWait, values)
				case opTask:
					code := p.tasks[int(started.Add(1)-1)%len(p.tasks)]
					failpoints.Go(ctx, "task", func(ctx context.Context) { run(ctx, code, func(string) {}) })
				case opBegin:
					op("op")
				}
			}
		}
		for i, code := range p.clients {
			x.Go(string(rune('a'+i)), func(t *T) { run(t.Context(), code, t.Op) })
		}
		x.TasksMayRemain()
	}
}

// enumerated executes all schedules up to a bound and returns what it claims and the hashes.
func enumerated(t *testing.T, p modelProgram, strategy string, bound, workers int) ([]Exhausted, map[uint64]struct{}) {
	t.Helper()
	o, err := Options{Strategy: strategy, Preemptions: bound, All: true, Workers: workers, RepeatEvery: 16}.withDefaults()
	require.NoError(t, err)
	s := &search{
		mechanism: p.scenario().mechanism, points: newPoints(), options: o, began: time.Now(), ctx: context.Background(),
		distinct: map[uint64]struct{}{}, covered: newCovered(), passed: map[string]bool{},
	}
	claims := s.enumerate(bound, 0)
	require.NoError(t, s.err, "%v", p)
	return claims, s.distinct
}

func TestABoundIsExactlyItsSchedules(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	programs, compared, executed, tasks, deadlocks, completed := schedulesOf(4000), 0, 0, 0, 0, 0
	for n := range programs {
		p := randomProgram(source)
		strategy, bound := "bounded", source.IntN(4)
		if n%3 == 0 {
			strategy, bound = "delay-bounded", source.IntN(3)
		}
		expected, counts, few := p.expected(bound, strategy == "delay-bounded")
		if !few {
			continue
		}
		compared++
		claims, got := enumerated(t, p, strategy, bound, 1)
		for i, c := range claims {
			require.Equal(t, counts[i], c.Schedules, "%s, bound %d of %v", strategy, i, p)
		}
		last := claims[len(claims)-1]
		require.True(t, last.Complete || last.Bound == bound, "%v", p)
		require.True(t, maps.Equal(expected, got), "%s, bound %d of %v: %d schedules expected, %d executed", strategy, bound, p, len(expected), len(got))
		executed += len(got)
		if slices.ContainsFunc(p.clients, func(c []instruction) bool { return slices.Contains(c, opTask) }) {
			tasks++
		}
		if last.Complete {
			completed++
		}
		if !p.alwaysEnds() {
			deadlocks++
		}
	}
	require.Greater(t, compared, programs*3/4)
	require.Greater(t, executed, 10*programs, "the programs have schedules")
	require.Greater(t, tasks, programs/10)
	require.Greater(t, completed, programs/20)
	require.Greater(t, deadlocks, programs/20)
}

// alwaysEnds says whether the first schedule ends without a deadlock.
func (p modelProgram) alwaysEnds() bool {
	return NewRunner(p.scenario(), Options{}).Replay(nil, false).Failure == nil
}

func TestSeveralWorkersExecuteTheSameSchedulesOnce(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(3, 4))
	shared := 0
	for range schedulesOf(400) {
		p := randomProgram(source)
		bound := source.IntN(3)
		if _, _, few := p.expected(bound, false); !few {
			continue
		}
		for _, strategy := range []string{"bounded", "delay-bounded"} {
			one, hashes := enumerated(t, p, strategy, bound, 1)
			for _, workers := range []int{2, 5} {
				many, others := enumerated(t, p, strategy, bound, workers)
				require.Equal(t, one, many, "%s, bound %d of %v", strategy, bound, p)
				require.True(t, maps.Equal(hashes, others))
			}
			if len(hashes) > 20 {
				shared++
			}
		}
	}
	require.Greater(t, shared, schedulesOf(400)/8, "there was something to share")
}
