package log

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/storage"
)

// A Case is what one execution needs. It is data: copy it with Clone before changing it.
type Case struct {
	Options Options
	Threads []Thread
	// Delays hold goroutines up; Switches are the schedule of an execution by package sched. A case has the one or the other.
	Delays   []Delay
	Switches sched.Schedule
	// Faults go wrong, and Crash ends it, nil for none; both only under the scheduler.
	Faults []Fault
	Crash  *Crash
}

// Options of the engine. Zero fields mean the engine's defaults, but for Interval: none.
type Options struct {
	Handover              string
	Arena                 int
	Chunk, Segment, Flush int64
	Interval              time.Duration
	// Seed is where the bytes of the values come from.
	Seed uint64
}

// A Thread is one goroutine: a name and its operations in order.
type Thread struct {
	Name       string
	Operations []Operation
}

// A Kind is what an operation does.
type Kind uint8

// The kinds of operations.
const (
	Append Kind = iota
	Fragments
	Abort
	Flush
	Read
	Reopen
	Advance
)

var kindNames = []string{"append", "fragments", "abort", "flush", "read", "reopen", "advance"}

// String is the word of the grammar.
func (k Kind) String() string { return kindNames[k] }

// An Operation is one step of a program.
type Operation struct {
	Kind Kind
	// Fragments says how many records each fragment of a transaction has; a whole append has one fragment.
	Fragments []int
	// Sizes are the values' lengths in bytes: one for all, one for each record, or none for DefaultValueBytes.
	Sizes []int
	// After and UpTo are the bounds of a read.
	After, UpTo Bound
	// By is how far the clock is moved.
	By time.Duration
}

// Records is how many records the operation's transaction has.
func (o Operation) Records() (n int) {
	for _, f := range o.Fragments {
		n += f
	}
	return n
}

// ValueBytes is the length of the value of a record of the operation's transaction.
func (o Operation) ValueBytes(record int) int {
	switch len(o.Sizes) {
	case 0:
		return DefaultValueBytes
	case 1:
		return o.Sizes[0]
	}
	return o.Sizes[record]
}

// A Place is a moment in the life of a thread: the n-th time that it comes to a failpoint, or, with the point "op", the
// end of its n-th operation.
type Place = sched.Place

// A Delay holds a thread up at a place: for a time, or with Until until another thread has come to a place, or with While
// for as long as another thread's operation takes.
type Delay struct {
	At    Place
	For   time.Duration
	Until *Place
	While *Turn
}

// A Turn is the n-th operation of a thread, counted from 1.
type Turn struct {
	Thread    string
	Operation int
}

// Limits of a case. Text beyond them is refused before anything is allocated for it.
const (
	MaxTextBytes      = 1 << 18
	MaxThreads        = 64
	MaxOperations     = 4096    // in all threads together
	MaxRecords        = 4096    // in one transaction
	MaxValueBytes     = 1 << 20 // of one record
	MaxBytes          = 1 << 26 // of all values together
	MaxDelays         = 256
	MaxSwitches       = 4096
	MaxHit            = 1 << 20
	MaxDelay          = time.Second
	MaxAdvance        = 24 * time.Hour
	MaxNameBytes      = 32
	DefaultValueBytes = 8
	maxOption         = 1 << 30
	// recordBytes stands for what a record takes besides its value.
	recordBytes = 64
)

// Names that no thread of a program may have.
const (
	flusherThread = "flusher"
	opPoint       = sched.OpPoint
)

// ErrCase is wrapped by every error about a case that is not well formed.
var ErrCase = errors.New("not a case")

// Check reports what is wrong with c, and what to do about it.
func (c Case) Check() error {
	if _, err := storage.HandoverByName(c.Options.Handover); err != nil || c.Options.Handover == "" {
		return fmt.Errorf("%w: handover %q%s: choose one of %s", ErrCase, c.Options.Handover,
			spelling.Meant(c.Options.Handover, handoverNames()), strings.Join(handoverNames(), ", "))
	}
	if len(c.Threads) == 0 || len(c.Threads) > MaxThreads {
		return fmt.Errorf("%w: %d threads: write 1 to %d clauses such as 'w0: append 1, flush'", ErrCase, len(c.Threads), MaxThreads)
	}
	if err := c.Options.check(); err != nil {
		return err
	}
	var operations, bytes int
	for i, t := range c.Threads {
		if err := checkName(t.Name); err != nil {
			return err
		}
		if slices.ContainsFunc(c.Threads[:i], func(other Thread) bool { return other.Name == t.Name }) {
			return fmt.Errorf("%w: two threads are called %s: rename one", ErrCase, t.Name)
		}
		for j, o := range t.Operations {
			n, err := o.check()
			if err != nil {
				return fmt.Errorf("%w: operation %d of thread %s: %w", ErrCase, j+1, t.Name, err)
			}
			bytes += n
		}
		operations += len(t.Operations)
	}
	if operations > MaxOperations || bytes > MaxBytes {
		return fmt.Errorf("%w: %d operations and %d bytes of records: at most %d and %d", ErrCase, operations, bytes, MaxOperations, MaxBytes)
	}
	if err := c.checkDelays(); err != nil {
		return err
	}
	if err := c.checkSwitches(); err != nil {
		return err
	}
	return c.checkFaults()
}

func (o Options) check() error {
	for _, b := range []struct {
		name       string
		value, low int64
	}{{"arena", int64(o.Arena), 64}, {"chunk", o.Chunk, 1}, {"segment", o.Segment, 1}, {"flush", o.Flush, 1}} {
		limit := int64(maxOption)
		if b.name == "arena" {
			limit = 64 << 20
		}
		if b.value != 0 && (b.value < b.low || b.value > limit) {
			return fmt.Errorf("%w: %s=%d: must lie between %d and %d, or be left out", ErrCase, b.name, b.value, b.low, limit)
		}
	}
	if o.Interval < 0 || o.Interval > MaxAdvance {
		return fmt.Errorf("%w: interval=%v: must lie between 0s and %v", ErrCase, o.Interval, MaxAdvance)
	}
	return nil
}

// check also returns how many bytes the operation puts into the log.
func (o Operation) check() (bytes int, err error) {
	switch o.Kind {
	case Append, Fragments, Abort:
		return o.checkTransaction()
	case Read:
		if err := o.After.check(); err != nil {
			return 0, err
		}
		return 0, o.UpTo.check()
	case Advance:
		if o.By <= 0 || o.By > MaxAdvance {
			return 0, fmt.Errorf("advance %v: must be above 0s and at most %v", o.By, MaxAdvance)
		}
	}
	return 0, nil
}

func (o Operation) checkTransaction() (bytes int, err error) {
	if len(o.Fragments) == 0 || len(o.Fragments) > MaxRecords || o.Kind == Append && len(o.Fragments) != 1 {
		return 0, fmt.Errorf("%v with %d fragments: append has one, the others 1 to %d", o.Kind, len(o.Fragments), MaxRecords)
	}
	records := 0
	for _, n := range o.Fragments {
		if n < 1 || n > MaxRecords {
			return 0, fmt.Errorf("%v of %d records: must lie between 1 and %d", o.Kind, n, MaxRecords)
		}
		records += n
	}
	if records > MaxRecords {
		return 0, fmt.Errorf("%v of %d records: at most %d", o.Kind, records, MaxRecords)
	}
	if n := len(o.Sizes); n > 1 && n != records {
		return 0, fmt.Errorf("%v of %d records has %d sizes: give one for all, or one for each", o.Kind, records, n)
	}
	for i, n := range o.Sizes {
		if n < 0 || n > MaxValueBytes {
			return 0, fmt.Errorf("%v: size %d is %d: must lie between 0 and %d", o.Kind, i+1, n, MaxValueBytes)
		}
	}
	for i := range records {
		bytes += o.ValueBytes(i) + recordBytes
	}
	return bytes, nil
}

func (c Case) checkDelays() error {
	if len(c.Delays) > MaxDelays {
		return fmt.Errorf("%w: %d delays: at most %d", ErrCase, len(c.Delays), MaxDelays)
	}
	for i, d := range c.Delays {
		if err := c.checkDelay(d); err != nil {
			return fmt.Errorf("%w: delay %d: %w", ErrCase, i+1, err)
		}
	}
	return nil
}

func (c Case) checkDelay(d Delay) error {
	if err := c.checkPlace(d.At); err != nil {
		return err
	}
	switch {
	case d.Until != nil && d.While != nil, d.For != 0 && (d.Until != nil || d.While != nil):
		return errors.New("it waits for more than one thing: write a duration, until:PLACE or while:THREAD#N")
	case d.Until != nil:
		if d.Until.Thread == d.At.Thread {
			return fmt.Errorf("thread %s would wait for itself: name another", d.At.Thread)
		}
		return c.checkPlace(*d.Until)
	case d.While != nil:
		i := c.thread(d.While.Thread)
		if i < 0 || d.While.Thread == d.At.Thread {
			return fmt.Errorf("while:%s: name another thread of the case", d.While.Thread)
		}
		if n := len(c.Threads[i].Operations); d.While.Operation < 1 || d.While.Operation > n {
			return fmt.Errorf("while:%s#%d: the thread has operations 1 to %d", d.While.Thread, d.While.Operation, n)
		}
	case d.For <= 0 || d.For > MaxDelay:
		return fmt.Errorf("a duration of %v: must be above 0s and at most %v", d.For, MaxDelay)
	}
	return nil
}

// thread is the index of the thread with that name, -1 for none.
func (c Case) thread(name string) int {
	return slices.IndexFunc(c.Threads, func(t Thread) bool { return t.Name == name })
}

func (c Case) checkPlace(p Place) error {
	i := c.thread(p.Thread)
	switch {
	case i < 0 && p.Thread != flusherThread:
		return fmt.Errorf("%v: %w", p, c.noThread(p.Thread))
	case p.Point == opPoint && (i < 0 || p.Hit < 0 || p.Hit > len(c.Threads[i].Operations)):
		return fmt.Errorf("%v: must name an operation of a thread with a program, or 0 for before the first", p)
	case p.Point != opPoint && (p.Hit < 1 || p.Hit > MaxHit):
		return fmt.Errorf("%v: passes are counted from 1, to %d", p, MaxHit)
	case p.Point != opPoint && !knownPoint(p.Point):
		return fmt.Errorf("%v: no yield or wait point is called %q%s: 'racewindow failpoints' lists them, and op is one", p, p.Point,
			spelling.Meant(p.Point, slices.Sorted(maps.Keys(points))))
	}
	return nil
}

var points = func() map[string]bool {
	known := map[string]bool{}
	for _, e := range failpoints.Catalogue() {
		known[e.Name] = e.Kind != failpoints.KindFault
	}
	known["case/gate"], known["case/turn"] = true, true // where a reopen keeps others out
	return known
}()

func knownPoint(name string) bool { return points[name] }

func checkName(name string) error {
	ok := len(name) >= 1 && len(name) <= MaxNameBytes && name != flusherThread && name != "crash"
	for i, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_'))
	}
	if !ok {
		return fmt.Errorf("%w: a thread called %.40q: use 1 to %d small letters, digits, '-' and '_', a letter first, and not %s or crash",
			ErrCase, name, MaxNameBytes, flusherThread)
	}
	return nil
}

// Clone returns a copy that shares nothing with c.
func (c Case) Clone() Case {
	c.Threads = slices.Clone(c.Threads)
	for i := range c.Threads {
		t := &c.Threads[i]
		t.Operations = slices.Clone(t.Operations)
		for j := range t.Operations {
			o := &t.Operations[j]
			o.Fragments, o.Sizes = slices.Clone(o.Fragments), slices.Clone(o.Sizes)
		}
	}
	c.Switches, c.Faults = slices.Clone(c.Switches), slices.Clone(c.Faults)
	if c.Crash != nil {
		crash := *c.Crash
		c.Crash = &crash
	}
	c.Delays = slices.Clone(c.Delays)
	for i := range c.Delays {
		d := &c.Delays[i]
		if d.Until != nil {
			until := *d.Until
			d.Until = &until
		}
		if d.While != nil {
			while := *d.While
			d.While = &while
		}
	}
	return c
}
