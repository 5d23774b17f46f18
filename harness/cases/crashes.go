package cases

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// Crashes says what the crashes and faults of a case's executions came to. Its counters may be read while they go on.
type Crashes struct {
	// Moments are the steps at which the disk, or what must be on it, was new; Disks the legal disks at these, as they came;
	// Drawn those among them that were drawn because there were too many; Unsynced the moments at which something could be lost.
	Moments, Disks, Drawn, Unsynced raceoff.Number
	// Exposed are those at which the case had begun to do something that a crash may take, from the disk or from memory.
	Exposed raceoff.Number
	// Partial are executions in which not each disk of each step was tried, because Until said so.
	Partial raceoff.Number
	// Faults came, in executions that ended.
	Faults raceoff.Number
	came   [MaxFaults]raceoff.Number
	// Reached says that an execution came to the place of the crash.
	Reached atomic.Bool
	// Kills are the deaths of the process alone among the crashes: nothing is lost then, until the power goes too.
	Kills raceoff.Number
	// Refused are openings that a fault refused.
	Refused raceoff.Number
	// Recoveries were executed: each disk with what must and may be on it once, and the crashes of recoveries.
	Recoveries raceoff.Number

	over func() bool // nil for never

	mu       sync.Mutex
	checks   map[string]uint64
	distinct map[[32]byte]struct{}
	judged   map[Judgement]struct{}
	prefixes map[uint64]struct{}
}

// NewCrashes returns one in which nothing was counted.
func NewCrashes() *Crashes {
	return &Crashes{
		checks: map[string]uint64{}, distinct: map[[32]byte]struct{}{},
		judged: map[Judgement]struct{}{}, prefixes: map[uint64]struct{}{},
	}
}

// Until has no more disks tried once over says true. It is asked before each disk, by all that execute the case, and must be set
// before they begin. An execution goes on without more disks, and counts as Partial.
func (c *Crashes) Until(over func() bool) { c.over = over }

// Distinct is how many different disks there were.
func (c *Crashes) Distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.distinct)
}

// FaultCame counts that a fault of the case came so many times.
func (c *Crashes) FaultCame(index, times int) {
	c.Faults.Add(uint64(times))
	c.came[index].Add(uint64(times))
}

// Missing are the faults of the case that never came, in executions that ended.
func (c *Crashes) Missing(of Case) (all []Fault) {
	for i, f := range of.Faults {
		if c.came[i].Load() == 0 {
			all = append(all, f)
		}
	}
	return all
}

// Came counts how often a fault of each kind came, in executions of the case that ended.
func (c *Crashes) Came(of Case) map[string]uint64 {
	counts := map[string]uint64{}
	for i, f := range of.Faults {
		if n := c.came[i].Load(); n > 0 {
			counts[f.Kind()] += n
		}
	}
	return counts
}

// Tested counts that promises were put to the test so many times.
func (c *Crashes) Tested(times uint64, promises ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range promises {
		c.checks[p] += times
	}
}

// Checked counts how often each promise was put to the test, by its name.
func (c *Crashes) Checked() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.checks)
}

// A Judgement is a disk, and a fingerprint of what must and may be on it.
type Judgement struct {
	Disk     [32]byte
	Expected uint64
}

// FewDisks is how many disks of a moment are enumerated; of more some are drawn.
const FewDisks = 48

// Bounds of what is looked at.
const (
	drawnDisks  = 12      // of a moment at random, besides
	nearDisks   = 24      // at the edges (disks.Moment.Near)
	maxPrefixes = 4 << 20 // that are remembered
)

// firstTime says whether a prefix of a schedule has not been looked at.
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

// forget has a moment and a disk looked at again: what shows a violation does so each time.
func (c *Crashes) forget(prefix uint64, j Judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.judged, j)
	delete(c.prefixes, prefix)
}

// Retry has a disk judged again.
func (c *Crashes) Retry(j Judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.judged, j)
}

// Due says whether a disk must be judged, and counts it.
func (c *Crashes) Due(j Judgement) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.distinct[j.Disk] = struct{}{}
	_, known := c.judged[j]
	c.judged[j] = struct{}{}
	return !known
}

// An Aftermath is a disk that a crash has left, and how it is looked at.
type Aftermath struct {
	Disk  *disks.Disk
	Model disks.Model
	// Salt is the seed of what is drawn while the disk is judged, so that each disk gets draws of its own.
	Salt uint64
	// Thorough looks at more: for a crash that is executed by itself.
	Thorough bool
}

// A Survivor is one execution of a subject on a disk that may lose power.
type Survivor interface {
	// Disk is the one that the subject writes to.
	Disk() *disks.Disk
	// Expected is a fingerprint of what must and what may be on the disk at this moment.
	Expected() uint64
	// Exposed says whether the case has begun to do something that a crash may take at this moment. unsynced says that the disk
	// holds something that it may lose.
	Exposed(unsynced bool) bool
	// Ends is called when the execution ends early, because the crash that was asked for has come.
	Ends()
	// Judge recovers from a disk and says what is wrong with what is there, or nil. It is called between two threads.
	Judge(a Aftermath) error
}

// A CrashError is what a Survivor has found, with the crash that shows it.
type CrashError struct {
	Crash Crash
	Err   error
}

// Error is what was found.
func (e *CrashError) Error() string { return e.Err.Error() }

// Unwrap returns what was found.
func (e *CrashError) Unwrap() error { return e.Err }

// Class is that of what was found, if it has one.
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

// Watch has an execution lose power as the case says: at every step, or at one.
func (c *Crashes) Watch(x *sched.Execution, at Crash, s Survivor) {
	w := &watch{crashes: c, at: at, survivor: s, x: x, operations: -1}
	x.Invariant(w.look)
}

// A watch loses power in one execution, or tries what would be left if it did.
type watch struct {
	crashes    *Crashes
	at         Crash
	survivor   Survivor
	x          *sched.Execution
	operations int
	expected   uint64
	partial    bool
}

// look is called at each step, between two threads.
func (w *watch) look() error {
	if !w.at.Any {
		return w.lookAt()
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

// over says whether no more disks are to be tried, and counts the execution that lacks some for that.
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

// drawnFrom are the disks of a moment that has too many of them: those at the edges, then some at random.
func drawnFrom(m *disks.Moment) (all []*disks.Image) {
	all = m.Near(nearDisks)
	for seed := range uint64(drawnDisks) {
		all = append(all, m.Sample(disks.NewTape(seed)))
	}
	return all
}

// drawn is the disk of such a moment with that number. Those after the last of drawnFrom follow from their numbers too.
func drawn(m *disks.Moment, number uint64) *disks.Image {
	near := m.Near(nearDisks)
	if number < uint64(len(near)) {
		return near[number]
	}
	return m.Sample(disks.NewTape(number - uint64(len(near))))
}

// killed identifies a disk with all that is not synced, by what may become of it, and of what a failed sync has left.
func killed(m *disks.Moment, images uint64) (key [32]byte) {
	unsynced, dropped := m.Unsynced()
	binary.LittleEndian.PutUint64(key[:], images)
	binary.LittleEndian.PutUint32(key[8:], uint32(unsynced))
	binary.LittleEndian.PutUint32(key[12:], uint32(dropped))
	return key
}

// try judges a disk, unless one like it has been; without an image that of a process that dies now.
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
	return &CrashError{shown, err}
}

// lookAt loses power at one place, and leaves one disk.
func (w *watch) lookAt() error {
	if w.x.Standing() != w.at.At {
		return nil
	}
	w.crashes.Reached.Store(true)
	disk, hash, err := w.diskOf()
	if err != nil {
		return err
	}
	if err := w.survivor.Judge(Aftermath{Disk: disk, Model: w.at.Model, Salt: SaltOf(hash), Thorough: true}); err != nil {
		return &CrashError{w.at, err}
	}
	w.survivor.Ends() // the execution may end here
	w.x.Enough()
	return nil
}

// diskOf is the disk that a crash now leaves, and what identifies it.
func (w *watch) diskOf() (*disks.Disk, [32]byte, error) {
	disk := w.survivor.Disk()
	moment := disk.At(w.at.Model)
	switch {
	case w.at.Kill:
		return disk.Fork(), disk.Fingerprint(), nil
	case w.at.Disk == 0:
		image := drawn(moment, w.at.Tape)
		return disks.Crash(image), image.Hash(), nil
	}
	images := moment.Enumerate(max(FewDisks, w.at.Disk))
	if w.at.Disk > len(images) {
		count, _ := moment.Images()
		return nil, [32]byte{}, sched.UnusableError{Reason: fmt.Sprintf("the crash leaves %d disks there, so disk=%d cannot be", count, w.at.Disk)}
	}
	return disks.Crash(images[w.at.Disk-1]), images[w.at.Disk-1].Hash(), nil
}

// SaltOf makes a seed of what identifies a disk.
func SaltOf(hash [32]byte) uint64 { return binary.LittleEndian.Uint64(hash[:]) }
