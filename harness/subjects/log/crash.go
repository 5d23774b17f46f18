package log

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// Crashes says what the crashes of a case's executions came to. Its counters may be read while they go on.
type Crashes struct {
	// Moments are the steps at which the disk, or what must be on it, was new; Disks the legal disks at these, as they came;
	// Drawn those among them that were drawn because there were too many; Unsynced the moments at which something could be lost.
	Moments, Disks, Drawn, Unsynced raceoff.Number
	// Exposed are those of the Unsynced at which the case had begun to append.
	Exposed raceoff.Number
	// Faults came, in executions that ended.
	Faults raceoff.Number
	came   [MaxFaults]raceoff.Number
	// Reached says that an execution came to the place of the crash.
	Reached atomic.Bool
	// Kills are the deaths of the process alone among the crashes: nothing is lost then, until the power goes too.
	Kills raceoff.Number
	// Refused are reopens that a fault refused.
	Refused raceoff.Number
	// Partial are executions in which not each disk of each step was tried, because Until said so.
	Partial raceoff.Number
	// Recoveries were executed: each disk with what must and may be on it once, and the crashes of recoveries.
	Recoveries raceoff.Number

	checks [len(promises)]raceoff.Number

	over func() bool // nil for never

	mu       sync.Mutex
	distinct map[[32]byte]struct{}
	judged   map[judgement]struct{}
	prefixes map[uint64]struct{}
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

// promises are those of which it is counted how often they were put to the test.
var promises = [...]check.Promise{
	check.Durability, check.PrefixRecovery, check.TransactionAtomicity, check.NoCorruption, check.RecoveryIdempotence,
	check.StickyPoison, check.NoPoison, check.AppendAfterRecovery, check.DamageReported, check.ReadAfterWrite, check.Progress,
	check.Watermarks, check.StableReads, check.NoLeak,
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

// Checked counts how often each promise was put to the test, by its name.
func (c *Crashes) Checked() map[string]uint64 {
	counts := map[string]uint64{}
	for i := range promises {
		counts[promises[i].Name] = c.checks[i].Load()
	}
	return counts
}

// checked counts tests of promises.
func (c *Crashes) checked(n uint64, tested ...check.Promise) {
	for _, p := range tested {
		for i := range promises {
			if promises[i] == p {
				c.checks[i].Add(n)
			}
		}
	}
}

// A judgement is a disk, and a fingerprint of what must and may be on it.
type judgement struct {
	disk     [32]byte
	expected uint64
}

// FewDisks is how many disks of a moment are enumerated; of more some are drawn.
const FewDisks = 48

// Bounds of what is looked at.
const (
	drawnDisks  = 12      // of a moment at random, besides
	nearDisks   = 24      // at the edges (crash.Moment.Near)
	maxPrefixes = 4 << 20 // that are remembered
)

func newCrashes() *Crashes {
	return &Crashes{distinct: map[[32]byte]struct{}{}, judged: map[judgement]struct{}{}, prefixes: map[uint64]struct{}{}}
}

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
func (c *Crashes) forget(prefix uint64, j judgement) {
	c.retry(j)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.prefixes, prefix)
}

// retry has a disk judged again.
func (c *Crashes) retry(j judgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.judged, j)
}

// due says whether a disk must be judged, and counts it.
func (c *Crashes) due(j judgement) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.distinct[j.disk] = struct{}{}
	_, known := c.judged[j]
	c.judged[j] = struct{}{}
	return !known
}

// A crasher loses power in one execution, or tries what would be left if it did.
type crasher struct {
	plan       *plan
	run        *run
	x          *sched.Execution
	operations int
	expected   uint64
	partial    bool
}

// A crashed violation knows which crash shows it.
type crashed struct {
	violated
	crash Crash
}

// CrashOf returns the crash that shows a failure, nil if it is not about one.
func CrashOf(f *sched.Failure) *Crash {
	if f == nil {
		return nil
	}
	if c, ok := f.Err.(crashed); ok {
		return &c.crash
	}
	return nil
}

// CrashCanary is a scenario whose crashes must be found wanting: it says of appends that no flush has covered that they are
// durable. A search that does not find that is blind.
func CrashCanary() (sched.Scenario, error) {
	c, err := Parse("v1 scenario=log handover=snapshot; w0: append 1, append 1; crash any")
	if err != nil {
		return nil, err
	}
	p, err := c.plan()
	if err != nil {
		return nil, err
	}
	p.boasts = true
	return p.scenario, nil
}

// look is called at each step, between two threads.
func (k *crasher) look() error {
	at := *k.plan.c.Crash
	if !at.Any {
		return k.lookAt(at)
	}
	expected := k.run.fingerprint()
	if n := k.run.disk.Operations(); n == k.operations && expected == k.expected {
		return nil
	} else {
		k.operations, k.expected = n, expected
	}
	stats := k.plan.crashes
	if k.over() || !stats.firstTime(k.x.Prefix()) {
		return nil
	}
	stats.Moments.Add(1)
	moment := k.run.disk.At(at.Model)
	if unsynced, _ := moment.Unsynced(); unsynced > 0 {
		stats.Unsynced.Add(1)
		if k.run.appending() {
			stats.Exposed.Add(1)
		}
	}
	images := moment.Enumerate(FewDisks)
	tooMany := images == nil
	if tooMany {
		images = drawnFrom(moment)
		stats.Drawn.Add(uint64(len(images)))
	}
	all := fnv.New64a()
	for i, image := range images {
		if k.over() {
			return nil
		}
		stats.Disks.Add(1)
		shown := Crash{At: k.x.Standing(), Disk: i + 1, Model: at.Model}
		if tooMany {
			shown.Disk, shown.Tape = 0, uint64(i)
		}
		hash := image.Hash()
		all.Write(hash[:])
		if err := k.try(judgement{hash, expected}, shown, image); err != nil {
			return err
		}
	}
	stats.Kills.Add(1)
	return k.try(judgement{killed(moment, all.Sum64()), expected}, Crash{At: k.x.Standing(), Kill: true, Model: at.Model}, nil)
}

// over says whether no more disks are to be tried, and counts the execution that lacks some for that.
func (k *crasher) over() bool {
	stats := k.plan.crashes
	if stats.over == nil || !stats.over() {
		return false
	}
	if !k.partial {
		k.partial = true
		stats.Partial.Add(1)
	}
	return true
}

// drawnFrom are the disks of a moment that has too many of them: those at the edges, then some at random.
func drawnFrom(m *crash.Moment) (all []*crash.Image) {
	all = m.Near(nearDisks)
	for seed := range uint64(drawnDisks) {
		all = append(all, m.Sample(crash.NewTape(seed)))
	}
	return all
}

// drawn is the disk of such a moment with that number. Those behind the last of drawnFrom follow from their numbers too.
func drawn(m *crash.Moment, number uint64) *crash.Image {
	near := m.Near(nearDisks)
	if number < uint64(len(near)) {
		return near[number]
	}
	return m.Sample(crash.NewTape(number - uint64(len(near))))
}

// killed identifies a disk with all that is not synced, by what may become of it, and of what a failed sync has left.
func killed(m *crash.Moment, images uint64) (key [32]byte) {
	unsynced, dropped := m.Unsynced()
	binary.LittleEndian.PutUint64(key[:], images)
	binary.LittleEndian.PutUint32(key[8:], uint32(unsynced))
	binary.LittleEndian.PutUint32(key[12:], uint32(dropped))
	return key
}

// try judges a disk, unless one like it has been; without an image that of a process that dies now.
func (k *crasher) try(j judgement, shown Crash, image *crash.Image) error {
	stats := k.plan.crashes
	if !stats.due(j) {
		return nil
	}
	a := aftermath{model: shown.Model}
	if image != nil {
		a.disk, a.salt = crash.Crash(image), saltOf(j.disk)
	} else {
		a.disk, a.salt = k.run.disk.Fork(), saltOf(k.run.disk.Fingerprint())
	}
	v := k.run.judge(a)
	if v == nil {
		return nil
	}
	stats.forget(k.x.Prefix(), j) // so that the next execution shows it too
	return crashed{violated{v, false, true}, shown}
}

// lookAt loses power at one place, and leaves one disk.
func (k *crasher) lookAt(at Crash) error {
	if k.x.Standing() != at.At {
		return nil
	}
	k.plan.crashes.Reached.Store(true)
	k.run.countDiskFaults() // the execution may end here
	disk, hash, err := k.diskOf(at)
	if err != nil {
		return err
	}
	if v := k.run.judge(aftermath{disk: disk, model: at.Model, salt: saltOf(hash), thorough: true}); v != nil {
		return crashed{violated{v, false, true}, at}
	}
	k.x.Enough()
	return nil
}

// diskOf is the disk that a crash now leaves, and what identifies it.
func (k *crasher) diskOf(at Crash) (*crash.Disk, [32]byte, error) {
	moment := k.run.disk.At(at.Model)
	switch {
	case at.Kill:
		return k.run.disk.Fork(), k.run.disk.Fingerprint(), nil
	case at.Disk == 0:
		image := drawn(moment, at.Tape)
		return crash.Crash(image), image.Hash(), nil
	}
	images := moment.Enumerate(max(FewDisks, at.Disk))
	if at.Disk > len(images) {
		count, _ := moment.Images()
		return nil, [32]byte{}, sched.UnusableError{Reason: fmt.Sprintf("the crash leaves %d disks there, so disk=%d cannot be", count, at.Disk)}
	}
	return crash.Crash(images[at.Disk-1]), images[at.Disk-1].Hash(), nil
}

// fingerprint identifies what must and may be on the disk now.
func (r *run) fingerprint() uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	mix := func(n uint64) { h = (h ^ n) * prime }
	mix(r.durable())
	for i := range r.acked {
		mix(r.acked[i].Load())
	}
	for i := range len(r.c.Threads) + 1 { // the probe is one more
		mix(uint64(r.board.Invoked(uint32(i))))
	}
	return h
}

// appending says whether a thread of the case has begun to append.
func (r *run) appending() bool {
	for i := range r.c.Threads {
		if r.board.Invoked(uint32(i)) > 0 {
			return true
		}
	}
	return false
}

// durable is the highest transaction that must survive: what a flush has covered, and what the engine says is durable.
func (r *run) durable() uint64 {
	durable := r.flushed.Load()
	if e, ok := r.engine.(harness.Watermarked); ok {
		durable = max(durable, e.Durable().Tx)
	}
	if r.plan.boasts {
		durable = r.board.Acknowledged()
	}
	return durable
}

func (r *run) expected() check.Expected {
	return check.Expected{Values: r.values, Durable: r.durable(), Owner: r.identity, Invoked: r.board.Invoked}
}

// judge recovers from a disk: what is there must be what may be there; recovery that crashes, and recovery once more, must give
// the same; and the log must go on, through a second loss of power too.
func (r *run) judge(a aftermath) *check.Violation {
	expected, open := r.expected(), a.disk.Unsynced() > 0
	var during []*crash.Image
	a.disk.After(func(o crash.Operation) {
		if o.Kind.Changes() {
			during = append(during, a.some()...)
		}
	})
	l, err := r.plan.recover(a.disk)
	a.disk.After(nil)
	if err != nil {
		return &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("after the crash the log does not open: %v", err)}
	}
	complete, v := l.check(r.plan, expected)
	if v == nil && open { // what no sync has covered may still go, until recovery has returned
		v, during = r.judgeAgain(during, expected, 0), nil
	}
	if v == nil {
		v = r.judgeAgain(append(during, a.some()...), expected, complete)
	}
	if v != nil {
		return l.end(v)
	}
	return r.liveOn(l, a, expected, complete)
}

// judgeAgain recovers from disks that a crash while recovering, or right behind it, has left. As many transactions must be there as
// before, if that is not 0.
func (r *run) judgeAgain(images []*crash.Image, expected check.Expected, complete uint64) *check.Violation {
	seen := map[[32]byte]bool{}
	for _, image := range images {
		if seen[image.Hash()] {
			continue
		}
		seen[image.Hash()] = true
		l, err := r.plan.recover(crash.Crash(image))
		if err != nil {
			return &check.Violation{Promise: check.RecoveryIdempotence, Detail: fmt.Sprintf("after a crash during recovery the log does not open: %v", err)}
		}
		r.plan.crashes.checked(1, check.RecoveryIdempotence)
		again, v := l.check(r.plan, expected)
		if v == nil && complete > 0 && again != complete {
			v = &check.Violation{Promise: check.RecoveryIdempotence, Detail: fmt.Sprintf("recovery gave %d transactions, and after a crash during recovery %d", complete, again)}
		}
		if v = l.end(v); v != nil {
			return v
		}
	}
	return nil
}
