package cases

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// Crashes counts the crashes and faults in the executions of a case. Its counters may be read while the executions go on.
type Crashes struct {
	// Moments counts the steps at which the disk, or what must be on it, had changed. Disks counts the legal disks at these
	// steps, including equal ones; Drawn counts those that were drawn because there were too many. Unsynced counts the
	// moments at which something could be lost.
	Moments, Disks, Drawn, Unsynced raceoff.Number
	// Exposed counts the moments at which the case had begun to do something that a crash may take, from the disk or from
	// memory.
	Exposed raceoff.Number
	// Partial counts the executions in which Until ended the crashes before every disk of every step was tried.
	Partial raceoff.Number
	// Faults counts the faults that came, in executions that ended.
	Faults raceoff.Number
	came   [MaxFaults]raceoff.Number
	// Reached says that an execution came to the place of the crash.
	Reached atomic.Bool
	// Kills counts the crashes that are only deaths of the process. Nothing is lost in them until power is lost too.
	Kills raceoff.Number
	// Refused counts the openings that failed because of a fault.
	Refused raceoff.Number
	// Recoveries counts the recoveries executed: one for each disk with what must and may be on it, and those that crash
	// themselves.
	Recoveries raceoff.Number
	// SecondLives counts the recoveries from a second crash, after the subject has gone on from the first.
	SecondLives raceoff.Number

	over func() bool // nil for never

	mu       sync.Mutex
	checks   map[string]uint64
	distinct map[[32]byte]struct{}
	judged   map[Judgement]struct{}
	prefixes map[uint64]struct{}
}

// NewCrashes returns a Crashes whose counters are zero.
func NewCrashes() *Crashes {
	return &Crashes{
		checks: map[string]uint64{}, distinct: map[[32]byte]struct{}{},
		judged: map[Judgement]struct{}{}, prefixes: map[uint64]struct{}{},
	}
}

// Until makes executions stop trying disks once over returns true; they go on without, and count as Partial. Every execution
// of the case calls over before each disk. Call Until before the executions begin.
func (c *Crashes) Until(over func() bool) { c.over = over }

// Distinct returns how many different disks there were.
func (c *Crashes) Distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.distinct)
}

// FaultCame adds to how often a fault of the case came.
func (c *Crashes) FaultCame(index, times int) {
	c.Faults.Add(uint64(times))
	c.came[index].Add(uint64(times))
}

// Missing returns the faults of the case that never came in executions that ended.
func (c *Crashes) Missing(of Case) (all []Fault) {
	for i, f := range of.Faults {
		if c.came[i].Load() == 0 {
			all = append(all, f)
		}
	}
	return all
}

// Came returns how often a fault of each kind came, in executions of the case that ended.
func (c *Crashes) Came(of Case) map[string]uint64 {
	counts := map[string]uint64{}
	for i, f := range of.Faults {
		if n := c.came[i].Load(); n > 0 {
			counts[f.Kind()] += n
		}
	}
	return counts
}

// Tested adds to how often promises were tested.
func (c *Crashes) Tested(times uint64, promises ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range promises {
		c.checks[p] += times
	}
}

// Checked returns how often each promise was tested, by its name.
func (c *Crashes) Checked() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.checks)
}

// A Judgement identifies a disk with what must and may be on it: two equal ones need to be judged only once.
type Judgement struct {
	Disk     [32]byte
	Expected uint64
}

// FewDisks is the largest number of disks of a moment that are enumerated; if there are more, some are drawn.
const FewDisks = 48

// Bounds for a moment with too many disks, and for the prefixes.
const (
	drawnDisks  = 12      // drawn at random for a moment
	nearDisks   = 24      // at the edges of a moment (disks.Moment.Near)
	maxPrefixes = 4 << 20 // remembered at most
)

// firstTime says whether a prefix of a schedule is new.
func (c *Crashes) firstTime(prefix uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.prefixes[prefix]; known {
		return false
	}
	if len(c.prefixes) < maxPrefixes {
		c.prefixes[prefix] = struct{}{}
	}
	return true
}

// forget makes the next execution try a moment and a disk again: one that shows a violation must show it each time.
func (c *Crashes) forget(prefix uint64, j Judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.judged, j)
	delete(c.prefixes, prefix)
}

// Retry makes the next execution judge a disk again.
func (c *Crashes) Retry(j Judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.judged, j)
}

// Due says whether a disk must still be judged, and records it as judged.
func (c *Crashes) Due(j Judgement) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.distinct[j.Disk] = struct{}{}
	_, known := c.judged[j]
	c.judged[j] = struct{}{}
	return !known
}

// An Aftermath is a disk that a crash leaves, and how to check it.
type Aftermath struct {
	Disk  *disks.Disk
	Model disks.Model
	// Salt is the seed for random choices in judging the disk, so that each disk gets its own.
	Salt uint64
	// Thorough checks more; used when a single crash is executed.
	Thorough bool
}

// A Survivor is one execution of a subject on a disk that may lose power.
type Survivor interface {
	// Disk returns the disk to which the subject writes.
	Disk() *disks.Disk
	// Expected returns a fingerprint of what must and what may be on the disk at this moment.
	Expected() uint64
	// Exposed says whether the case has begun to do something that a crash at this moment may take. unsynced says that the
	// disk holds something that it may lose.
	Exposed(unsynced bool) bool
	// Ends is called when the execution ends early, because its crash has come.
	Ends()
	// Judge recovers from a disk, and returns what is wrong with the result, or nil. It is called between two threads.
	Judge(a Aftermath) error
}

// An Opener is a Survivor whose subject may also lose power while it is opened for the first time.
type Opener interface {
	// JudgeOpening recovers from what that may have left, and returns what is wrong, or nil. It is called between two threads, before any
	// other disk of the execution is judged.
	JudgeOpening() error
}

// A CrashError is what a Survivor found, with the crash that shows it.
type CrashError struct {
	Crash Crash
	Err   error
	// Taken says what the loss of power took; nil if only the process died, or nothing was lost.
	Taken []string
}

// MostTaken is how much of what a loss of power took is told.
const MostTaken = 4

// Words says what the loss of power took, "" for nothing.
func (e *CrashError) Words() string {
	told := e.Taken
	if len(told) == 0 {
		return ""
	}
	more := ""
	if n := len(told) - MostTaken; n > 0 {
		told, more = told[:MostTaken], fmt.Sprintf(", and %d more", n)
	}
	return "the loss of power at that step took " + strings.Join(told, ", ") + more
}

// Error returns the text of what was found.
func (e *CrashError) Error() string { return e.Err.Error() }

// Unwrap returns what was found.
func (e *CrashError) Unwrap() error { return e.Err }

// Class returns the class of what was found, if it has one.
func (e *CrashError) Class() string {
	if c, ok := e.Err.(interface{ Class() string }); ok {
		return c.Class()
	}
	return "crash"
}

// CrashOf returns the crash that shows a failure, nil if it is not about one.
func CrashOf(f *sched.Failure) *Crash {
	if f == nil {
		return nil
	}
	if e, ok := f.Err.(*CrashError); ok {
		return &e.Crash
	}
	return nil
}

// InAnyProgram says that a failure needs no operation: every program shows it.
func InAnyProgram(f *sched.Failure) bool {
	var any interface{ InAnyProgram() bool }
	return f != nil && errors.As(f.Err, &any) && any.InAnyProgram()
}

// Watch makes an execution lose power as the case says: at every step, or at one.
func (c *Crashes) Watch(x *sched.Execution, at Crash, s Survivor) {
	w := &watch{crashes: c, at: at, survivor: s, x: x, operations: -1}
	x.Invariant(w.atStep)
	x.Progress(func() uint64 { return c.Disks.Load() + c.Recoveries.Load() })
}

// A watch makes one execution lose power, or tries what a loss of power would leave.
type watch struct {
	crashes    *Crashes
	at         Crash
	survivor   Survivor
	x          *sched.Execution
	operations int
	expected   uint64
	partial    bool
	opened     bool // JudgeOpening was called
}

// atStep runs at each step, between two threads. It loses power there if the case names that place, or any.
func (w *watch) atStep() error {
	if !w.at.Any {
		return w.atPlace()
	}
	if o, is := w.survivor.(Opener); is && !w.opened {
		w.opened = true
		if err := o.JudgeOpening(); err != nil {
			return err
		}
	}
	disk, expected := w.survivor.Disk(), w.survivor.Expected()
	if n := disk.Operations(); n == w.operations && expected == w.expected {
		return nil
	} else {
		w.operations, w.expected = n, expected
	}
	if w.over() || !w.crashes.firstTime(w.x.Prefix()) {
		return nil
	}
	w.crashes.Moments.Add(1)
	moment := disk.At(w.at.Model)
	unsynced, _ := moment.Unsynced()
	if unsynced > 0 {
		w.crashes.Unsynced.Add(1)
	}
	if w.survivor.Exposed(unsynced > 0) {
		w.crashes.Exposed.Add(1)
	}
	images := moment.Enumerate(FewDisks)
	tooMany := images == nil
	if tooMany {
		images = drawnFrom(moment)
		w.crashes.Drawn.Add(uint64(len(images)))
	}
	all := fnv.New64a()
	for i, image := range images {
		if w.over() {
			return nil
		}
		w.crashes.Disks.Add(1)
		shown := Crash{At: w.x.Standing(), Disk: i + 1, Model: w.at.Model}
		if tooMany {
			shown.Disk, shown.Tape = 0, uint64(i)
		}
		hash := image.Hash()
		all.Write(hash[:])
		if err := w.try(Judgement{hash, expected}, shown, image); err != nil {
			return err
		}
	}
	w.crashes.Kills.Add(1)
	return w.try(Judgement{killed(moment, all.Sum64()), expected}, Crash{At: w.x.Standing(), Kill: true, Model: w.at.Model}, nil)
}

// over says whether to stop trying disks, and counts the execution as partial if so.
func (w *watch) over() bool {
	if w.crashes.over == nil || !w.crashes.over() {
		return false
	}
	if !w.partial {
		w.partial = true
		w.crashes.Partial.Add(1)
	}
	return true
}

// drawnFrom returns the disks tried for a moment that has too many: those at the edges, then some at random.
func drawnFrom(m *disks.Moment) (all []*disks.Image) {
	all = m.Near(nearDisks)
	for seed := range uint64(drawnDisks) {
		all = append(all, m.Sample(disks.NewTape(seed)))
	}
	return all
}

// drawn returns the disk with that number for such a moment. Numbers after the last of drawnFrom also determine a disk.
func drawn(m *disks.Moment, number uint64) *disks.Image {
	near := m.Near(nearDisks)
	if number < uint64(len(near)) {
		return near[number]
	}
	return m.Sample(disks.NewTape(number - uint64(len(near))))
}

// killed identifies the disk of a process that dies, by the disks that a loss of power could leave of it, and by what is not
// synced or was dropped by a failed sync.
func killed(m *disks.Moment, images uint64) (key [32]byte) {
	unsynced, dropped := m.Unsynced()
	binary.LittleEndian.PutUint64(key[:], images)
	binary.LittleEndian.PutUint32(key[8:], uint32(unsynced))
	binary.LittleEndian.PutUint32(key[12:], uint32(dropped))
	return key
}

// try judges a disk, unless an equal one has been judged. Without an image it judges the disk of a process that dies now.
func (w *watch) try(j Judgement, shown Crash, image *disks.Image) error {
	if !w.crashes.Due(j) {
		return nil
	}
	a := Aftermath{Model: shown.Model}
	if image != nil {
		a.Disk, a.Salt = disks.Crash(image), SaltOf(j.Disk)
	} else {
		a.Disk, a.Salt = w.survivor.Disk().Fork(), SaltOf(w.survivor.Disk().Fingerprint())
	}
	err := w.survivor.Judge(a)
	if err == nil {
		return nil
	}
	w.crashes.forget(w.x.Prefix(), j) // so that the next execution shows it too
	return w.found(shown, image, err)
}

// atPlace loses power at one place, and tries one disk.
func (w *watch) atPlace() error {
	if w.x.Standing() != w.at.At {
		return nil
	}
	w.crashes.Reached.Store(true)
	disk, image, hash, err := w.diskOf()
	if err != nil {
		return err
	}
	if err := w.survivor.Judge(Aftermath{Disk: disk, Model: w.at.Model, Salt: SaltOf(hash), Thorough: true}); err != nil {
		return w.found(w.at, image, err)
	}
	w.survivor.Ends() // the execution may end here
	w.x.Enough()
	return nil
}

// found says what was found, and what a loss of power that left the image took.
func (w *watch) found(shown Crash, image *disks.Image, err error) *CrashError {
	e := &CrashError{Crash: shown, Err: err}
	if image != nil {
		e.Taken = w.survivor.Disk().Taken(image)
	}
	return e
}

// diskOf returns the disk that a crash now leaves, its image unless only the process dies, and what identifies it.
func (w *watch) diskOf() (*disks.Disk, *disks.Image, [32]byte, error) {
	disk := w.survivor.Disk()
	moment := disk.At(w.at.Model)
	switch {
	case w.at.Kill:
		return disk.Fork(), nil, disk.Fingerprint(), nil
	case w.at.Disk == 0:
		image := drawn(moment, w.at.Tape)
		return disks.Crash(image), image, image.Hash(), nil
	}
	images := moment.Enumerate(max(FewDisks, w.at.Disk))
	if w.at.Disk > len(images) {
		count, _ := moment.Images()
		return nil, nil, [32]byte{}, sched.UnusableError{Reason: fmt.Sprintf("the crash leaves %d disks there, so disk=%d cannot be", count, w.at.Disk)}
	}
	image := images[w.at.Disk-1]
	return disks.Crash(image), image, image.Hash(), nil
}

// SaltOf returns a seed made from what identifies a disk.
func SaltOf(hash [32]byte) uint64 { return binary.LittleEndian.Uint64(hash[:]) }
