package log

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/storage"
)

// A Case is a case about the log, in the log's own types; General converts it to the common one. It is data: copy it with
// Clone before changing it.
type Case struct {
	Options Options
	Threads []Thread
	// Delays hold goroutines up. Switches are the schedule of an execution by package sched. A case has at most one of the
	// two.
	Delays   []Delay
	Switches sched.Schedule
	// Faults are injected. Crash ends the execution, nil for none. Both work only under the scheduler.
	Faults []Fault
	Crash  *Crash
}

// Options of the engine. A zero field means the engine's default, except Interval, where it means none.
type Options struct {
	Handover              string
	Arena                 int
	Chunk, Segment, Flush int64
	// Tail bounds the bytes that are unflushed, Value those of one value.
	Tail  int64
	Value int
	// Cache is how many flushed bytes stay in memory for readers; zero means none, so that reads reach the files.
	Cache    int64
	Interval time.Duration
	// NoSync makes flushes write without syncing. After a crash any prefix of whole transactions may be left. The log is then
	// opened with syncs.
	NoSync bool
	// Frames fills the values with intact frames of another log.
	Frames bool
	// Seed determines the bytes of the values.
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
	AppendDurable
	AppendAt
	Spent
	Visible
	Durable
	Cancel
	Close
	CloseStore
	Handle
	Other
)

var kindNames = []string{
	"append", "fragments", "abort", "flush", "read", "reopen", "advance",
	"appenddurable", "appendat", "spent", "visible", "durable", "cancel", "close", "closestore", "handle", "other",
}

// String is the word that the grammar has for the kind.
func (k Kind) String() string { return kindNames[k] }

// An Operation is one step of a program.
type Operation struct {
	Kind Kind
	// Fragments says how many records each fragment of a transaction has; an Append has one fragment.
	Fragments []int
	// Sizes are the values' lengths in bytes: one for all, one for each record, or none for DefaultValueBytes.
	Sizes []int
	// After and UpTo are the bounds of a read.
	After, UpTo Bound
	// By is how far the clock moves.
	By time.Duration
	// Place is where AppendAt puts its records: PlaceNext, PlaceLast or PlaceEqual.
	Place string
	// Thread is the thread whose context Cancel ends.
	Thread string
}

// Where an AppendAt puts its records. The log must refuse all but the first.
const (
	PlaceNext  = "next"  // the transaction past the one that is visible; tried again if another append was faster
	PlaceLast  = "last"  // the transaction that is visible
	PlaceEqual = "equal" // the next transaction, with all records at one position: at least two
)

var places = []string{PlaceNext, PlaceLast, PlaceEqual}

// transacts says whether the kind builds a transaction of records.
func (k Kind) transacts() bool {
	switch k {
	case Append, Fragments, Abort, AppendDurable, AppendAt, Spent, Other:
		return true
	}
	return false
}

// inParts says whether the kind's transaction may have several fragments.
func (k Kind) inParts() bool { return k == Fragments || k == Abort || k == Spent }

// doomed says whether the operation's records must never be read: it takes them back, or the log must refuse them.
func (o Options) doomed(op Operation) bool {
	return op.Kind == Abort || op.Kind == AppendAt && op.Place != PlaceNext || o.tooLarge(op)
}

// tooLarge says whether a value of the operation exceeds the limit.
func (o Options) tooLarge(op Operation) bool {
	for i := 0; o.Value > 0 && i < op.Records(); i++ {
		if op.ValueBytes(i) > o.Value {
			return true
		}
	}
	return false
}

// Appends says whether the operation, if nothing prevents it, adds a transaction to the log of the case.
func (c Case) Appends(o Operation) bool { return o.ownLog() && !c.Options.doomed(o) }

// ownLog says whether the operation appends to the log of the case, not to another one.
func (o Operation) ownLog() bool { return o.Kind.transacts() && o.Kind != Other }

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

// The parts that every case has are in package cases.
type (
	Place   = cases.Place
	Delay   = cases.Delay
	Turn    = cases.Turn
	Fault   = cases.Fault
	Crash   = cases.Crash
	Crashes = cases.Crashes
	Shape   = cases.Shape
)

// Limits of the parts of a case that are the log's own.
const (
	MaxRecords        = 4096    // in one transaction
	MaxValueBytes     = 1 << 20 // of one record
	MaxBytes          = 1 << 26 // of all values together
	MaxAdvance        = 24 * time.Hour
	DefaultValueBytes = 8
	maxOption         = 1 << 30
	// recordBytes stands for what a record takes in addition to its value.
	recordBytes = 64
)

// flusherThread is the name of the store's task.
const flusherThread = "flusher"

// ErrCase is wrapped by every error about a case that is not well formed.
var ErrCase = cases.ErrCase

// Check says what is wrong with c, and what to do about it.
func (c Case) Check() error { return c.General().Check() }

// check is Check for the parts that are the log's own.
func (c Case) check() error {
	if _, err := storage.HandoverByName(c.Options.Handover); err != nil || c.Options.Handover == "" {
		return fmt.Errorf("%w: handover %q%s: choose one of %s", ErrCase, c.Options.Handover,
			spelling.Meant(c.Options.Handover, handoverNames()), strings.Join(handoverNames(), ", "))
	}
	if err := c.Options.check(); err != nil {
		return err
	}
	bytes := 0
	for _, t := range c.Threads {
		for j, o := range t.Operations {
			n, err := o.check()
			if err == nil && o.Kind == Cancel && c.thread(o.Thread) < 0 {
				err = fmt.Errorf("cancel %s: no thread is called that: name one of the case", o.Thread)
			}
			if err != nil {
				return fmt.Errorf("%w: operation %d of thread %s: %w", ErrCase, j+1, t.Name, err)
			}
			bytes += n
		}
	}
	if bytes > MaxBytes {
		return fmt.Errorf("%w: %d bytes of records: at most %d", ErrCase, bytes, MaxBytes)
	}
	if err := c.checkPoints(); err != nil {
		return err
	}
	if c.faulty() && c.says(Close, CloseStore, Handle, Other) {
		return fmt.Errorf("%w: faults beside close, closestore, handle or other: the contract after faults is of one log that is closed when nothing else runs: use reopen", ErrCase)
	}
	if c.Options.NoSync && c.faulty() {
		return fmt.Errorf("%w: sync=no with faults, of which the contract says what is durable: such a log promises nothing then: leave out the one or the other", ErrCase)
	}
	return c.checkFaults()
}

// checkPoints requires that the places of a case name points of the engine.
func (c Case) checkPoints() error {
	for i, d := range c.Delays {
		places := []Place{d.At}
		if d.Until != nil {
			places = append(places, *d.Until)
		}
		for _, p := range places {
			if err := checkPoint(p); err != nil {
				return fmt.Errorf("%w: delay %d: %w", ErrCase, i+1, err)
			}
		}
	}
	for i, s := range c.Switches {
		if err := checkPoint(s.At); err != nil {
			return fmt.Errorf("%w: switch %d %v: %w", ErrCase, i+1, s, err)
		}
	}
	if c.Crash != nil && !c.Crash.Any {
		if err := checkPoint(c.Crash.At); err != nil {
			return fmt.Errorf("%w: %v: %w", ErrCase, c.Crash, err)
		}
	}
	return nil
}

func checkPoint(p Place) error {
	switch p.Point {
	case sched.OpPoint, sched.EndPoint, sched.StartPoint:
		return nil
	}
	if points[p.Point] {
		return nil
	}
	return fmt.Errorf("%v: no yield or wait point is called %q%s: 'racewindow failpoints' lists them, and op is one", p, p.Point,
		spelling.Meant(p.Point, slices.Sorted(maps.Keys(points))))
}

// cacheBytes is the engine's option, in which zero means the default.
func (o Options) cacheBytes() int64 {
	if o.Cache == 0 {
		return -1
	}
	return o.Cache
}

func (o Options) check() error {
	for _, b := range []struct {
		name       string
		value, low int64
	}{{"arena", int64(o.Arena), 64}, {"chunk", o.Chunk, 1}, {"segment", o.Segment, 1}, {"flush", o.Flush, 1}, {"tail", o.Tail, 1}, {"cache", o.Cache, 1}, {"value", int64(o.Value), 1}} {
		limit := int64(maxOption)
		switch b.name {
		case "arena":
			limit = 64 << 20
		case "value":
			limit = 16 << 20
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
	switch {
	case o.Kind.transacts():
		return o.checkTransaction()
	case o.Kind == Read:
		if err := o.After.check(); err != nil {
			return 0, err
		}
		return 0, o.UpTo.check()
	case o.Kind == Advance:
		if o.By <= 0 || o.By > MaxAdvance {
			return 0, fmt.Errorf("advance %v: must be above 0s and at most %v", o.By, MaxAdvance)
		}
	}
	return 0, nil
}

func (o Operation) checkTransaction() (bytes int, err error) {
	if len(o.Fragments) == 0 || len(o.Fragments) > MaxRecords || !o.Kind.inParts() && len(o.Fragments) != 1 {
		return 0, fmt.Errorf("%v with %d fragments: an append has one, a transaction in parts 1 to %d", o.Kind, len(o.Fragments), MaxRecords)
	}
	if o.Kind == AppendAt && !slices.Contains(places, o.Place) || o.Place == PlaceEqual && o.Records() < 2 {
		return 0, fmt.Errorf("appendat %s: write %s, of which the last has at least 2 records", o.Place, orList(places))
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

var points = func() map[string]bool {
	known := map[string]bool{}
	for _, e := range storage.Points() {
		known[e.Name] = e.Kind != failpoints.KindFault
	}
	known["case/gate"], known["case/turn"], known["case/idle"] = true, true, true // where a reopen keeps others out, and the end
	return known
}()

// Clone returns a copy that shares nothing with c.
func (c Case) Clone() Case {
	general := c.General().Clone()
	c.Threads = slices.Clone(c.Threads)
	for i := range c.Threads {
		t := &c.Threads[i]
		t.Operations = slices.Clone(t.Operations)
		for j := range t.Operations {
			o := &t.Operations[j]
			o.Fragments, o.Sizes = slices.Clone(o.Fragments), slices.Clone(o.Sizes)
		}
	}
	c.Delays, c.Switches, c.Faults, c.Crash = general.Delays, general.Switches, general.Faults, general.Crash
	return c
}

// General is the case in the types of package cases.
func (c Case) General() cases.Case {
	g := cases.Case{Subject: Subject, Settings: c.Options, Delays: c.Delays, Switches: c.Switches, Faults: c.Faults, Crash: c.Crash}
	for _, t := range c.Threads {
		all := make([]cases.Operation, len(t.Operations))
		for i, o := range t.Operations {
			all[i] = o
		}
		g.Threads = append(g.Threads, cases.Thread{Name: t.Name, Operations: all})
	}
	return g
}

// Of is a case about the log, in the log's own types. It panics for a case about another subject, which is a mistake of the
// caller.
func Of(g cases.Case) Case {
	c := Case{Options: g.Settings.(Options), Delays: g.Delays, Switches: g.Switches, Faults: g.Faults, Crash: g.Crash}
	for _, t := range g.Threads {
		all := make([]Operation, len(t.Operations))
		for i, o := range t.Operations {
			all[i] = o.(Operation)
		}
		c.Threads = append(c.Threads, Thread{t.Name, all})
	}
	return c
}

// thread returns the index of the thread with that name, -1 for none.
func (c Case) thread(name string) int {
	return slices.IndexFunc(c.Threads, func(t Thread) bool { return t.Name == name })
}
