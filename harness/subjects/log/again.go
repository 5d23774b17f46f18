package log

import (
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// parts is memory that one execution leaves to the next. If an execution has held and all its threads have ended, the next
// execution of the same worker uses its parts again, emptied. To allocate them each time would make half of a schedule's garbage.
// The engine itself is always new.
type parts struct {
	execution *sched.Execution
	memory    storage.Disk // nil if the disk can fail
	scanning  scanning
	imaged    []byte // the image of the disk
	finally   func(*sched.T)
	valuesOf  check.Values
	opens     harness.Factory // on memory
}

// next returns the run of an execution.
func (p *plan) next(x *sched.Execution) *run {
	r, _ := x.Kept().(*run)
	if r == nil || r.plan != p {
		return p.newRun(x)
	}
	empty(r.memory)
	r.board.Clear()
	clear(r.acked)
	clear(r.refused)
	*r = run{
		plan: p, c: p.c, lengths: p.lengths, parts: r.parts, board: r.board, acked: r.acked, refused: r.refused, threads: r.threads,
		factory: r.opens, values: r.valuesOf, lifelines: r.lifelines,
	}
	if p.cancels {
		r.lifelines = p.c.lifelines()
	}
	r.turns.changed.L = &r.turns.mu
	for i, t := range r.threads {
		t.Client.Renew()
		*t.control = control{run: r, name: t.control.name}
		*t = thread{Client: t.Client, run: r, control: t.control, prepared: p.records[i], lifeline: r.lifelines[i], body: t.body, take: t.take}
	}
	return r
}

func (p *plan) newRun(x *sched.Execution) *run {
	options := p.options
	options.Disk = storage.MemoryDisk()
	r := &run{
		plan: p, c: p.c, lengths: p.lengths, board: check.NewSmallBoard(len(p.c.Threads)+1, p.transactions+2),
		acked:     newNumbers(p.transactions + 2), // the probe is one more
		lifelines: p.c.lifelines(), refused: newNumbers(len(p.c.Threads)),
	}
	r.parts = parts{execution: x, memory: options.Disk, finally: r.conclusion, opens: harness.StorageFactory("memory", options, "case")}
	r.valuesOf = check.Values{Seed: p.c.Options.Seed, Length: r.valueBytes, MaxBytes: MaxValueBytes, Frames: p.c.Options.Frames}
	r.factory, r.values = r.opens, r.valuesOf
	r.turns.changed.L = &r.turns.mu
	for i, named := range p.c.Threads {
		t := &thread{Client: check.NewClient(uint32(i), r.board, r.values), run: r, control: &control{run: r, name: named.Name}, prepared: p.records[i], lifeline: r.lifelines[i]}
		t.body, t.take = t.execute, t.taken
		r.threads = append(r.threads, t)
	}
	return r
}

// keep leaves the parts for the next execution. The log is closed.
func (r *run) keep(t *sched.T) {
	if r.memory != nil && r.unseen(t) {
		r.execution.Keep(r)
	}
}

// unseen says whether only the verdict of the execution is needed: nothing records it or reports it.
func (r *run) unseen(t *sched.T) bool {
	return !raceoff.Enabled && r.plan.history == nil && r.plan.wrong == nil && !t.Noting()
}

// empty removes everything from a disk in memory.
func empty(disk storage.Disk) { disk.(interface{ Clear() }).Clear() }

func (r *run) conclusion(t *sched.T) { r.conclude(r.plan.recorded(t, len(r.c.Threads)), t) }

// A scanning checks one read of the whole log. Its function is made once and used for every read.
type scanning struct {
	check *check.Scan
	take  func(harness.Record, error) bool
	over  bool
	v     *check.Violation
	err   error
}

func (s *scanning) begin(r *run, reopened bool) {
	if s.take == nil {
		s.check, s.take = check.NewScan(r.board, r.values, reopened), s.taken
	} else {
		s.check.Renew(reopened)
	}
	s.over, s.v, s.err = false, nil, nil
}

func (s *scanning) taken(record harness.Record, err error) bool {
	mustGoOn(s.over)
	if err == nil {
		s.v = s.check.Record(record)
	}
	s.err = err
	s.over = s.err != nil || s.v != nil
	return !s.over
}

// mustGoOn panics if an engine yields a record after the loop has ended, as Go does in a range over a function.
func mustGoOn(over bool) {
	if over {
		panic("the engine goes on with a read after it was told to stop, or after it has returned")
	}
}
