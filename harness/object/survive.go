package object

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// A run is a cases.Survivor: power is lost between two threads, and an object is opened on what that leaves.

// Disk implements cases.Survivor.
func (r *run) Disk() *disks.Disk { return r.env.disk }

// Expected implements cases.Survivor.
func (r *run) Expected() uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	for i := range r.status {
		h = (h ^ (r.status[i].Load()<<1 | r.durable[i].Load())) * prime
	}
	if r.misplaced() {
		h *= prime
	}
	return h
}

// Exposed implements cases.Survivor. It says whether an operation with a lasting effect has begun while the disk holds
// something unsynced, or while the operation itself is not durable, wherever the object keeps its data.
func (r *run) Exposed(unsynced bool) bool {
	for i := range r.status {
		if r.status[i].Load() != notBegun && (unsynced || r.durable[i].Load() == 0) && r.plan.calls[i].method.Durable != "" {
			return true
		}
	}
	return false
}

// Ends implements cases.Survivor.
func (r *run) Ends() { r.heal() }

// Judge implements cases.Survivor. The object must open, and hold all durable operations and some of the others, also when
// power is lost again while it opens.
func (r *run) Judge(a cases.Aftermath) error {
	if q := r.asking(); q != nil && q.began() { // its calls are in no history that a crash could be judged by
		return nil
	}
	if r.env.recorded == nil {
		return r.judgeLoss(a)
	}
	err := r.env.recorded.Err()
	if err == nil {
		if err = r.judgeLoss(a); err == nil {
			return nil
		}
	}
	if wrong := r.env.unrecorded(); wrong != nil { // a disk that lacks something allows no verdict
		return wrong
	}
	return err
}

func (r *run) judgeLoss(a cases.Aftermath) error {
	h := r.withoutPower(notClosed)
	var during []*disks.Image
	a.Disk.After(func(o disks.Operation) {
		if o.Kind.Changes() && len(during) < imagesOfRecovery {
			during = append(during, someOf(a)...)
		}
	})
	second := r.secondLife(a, h)
	if err := r.recoverInto(second, a, h); err != nil {
		return err
	}
	seen := map[[32]byte]bool{}
	for _, image := range during {
		if hash := image.Hash(); !seen[hash] {
			seen[hash] = true
			if err := r.recoverFrom(disks.Crash(image), h, recovery, "after a second crash, while the object was opened after the first"); err != nil {
				return err
			}
		}
	}
	return r.judgeSecondLife(second, a)
}

// A closing says how an object was closed before it is opened again.
type closing uint8

const (
	notClosed closing = iota
	closedAfterFaults
	closedInOrder
)

// left returns the history that an object must show when it is opened again. Durable operations are there; those that had
// only returned may be. After an orderly close, all that had returned are there. After faults, those that Close makes
// durable are there too, if Close succeeded.
func (r *run) left(closed closing) spec.History {
	p := r.plan
	h := append(slices.Clone(r.history), r.later...)
	for i := range h {
		c := p.at(i)
		switch {
		case h[i].Outcome == spec.NotInvoked:
		case !r.hasReturned(i):
			h[i].Outcome = spec.Indeterminate
		case closed == closedInOrder, r.isDurable(i), closed == closedAfterFaults && c.method.Durable == AfterClose:
			h[i].Outcome = spec.Durable
		default:
			h[i].Outcome = spec.Volatile
		}
	}
	return h
}

// misplaced says whether a write succeeded and its bytes are not on the disk, or not where they belong. Then the disk itself takes what
// was durable, and the object owes less after a loss of power: what it cannot trust it may refuse, and all else is what some of the
// operations leave.
func (r *run) misplaced() bool { return r.env.disk != nil && r.env.disk.Misplaced() > 0 }

// withoutPower is left for an object whose disk has lost power.
func (r *run) withoutPower(closed closing) spec.History {
	h := r.left(closed)
	for i := range h {
		if h[i].Outcome == spec.Durable && r.misplaced() {
			h[i].Outcome = spec.Volatile
		}
	}
	return h
}

// hasReturned says whether an operation of the program, or a probe, has returned and is not indeterminate.
func (r *run) hasReturned(i int) bool {
	if i < len(r.status) {
		return r.status[i].Load() == returned
	}
	return r.later[i-len(r.history)].Outcome == spec.OK
}

func (r *run) isDurable(i int) bool {
	if i < len(r.durable) {
		return r.durable[i].Load() != 0
	}
	return r.plan.at(i).method.Durable == OnReturn
}

// close closes the object. If the case loses power at any step, it also loses power at each operation of the disk in Close,
// and after Close; after it, more must be durable.
func (r *run) close(t *sched.T) error {
	closer, crash, disk := r.plan.object.closer, r.plan.c.Crash, r.env.disk
	if crash == nil || !crash.Any || disk == nil {
		return closer(t.Context(), r.object)
	}
	a := cases.Aftermath{Disk: disk, Model: crash.Model, Salt: cases.SaltOf(disk.Fingerprint())}
	during := someOf(a)
	disk.After(func(o disks.Operation) {
		if o.Kind.Changes() && len(during) < imagesOfRecovery {
			during = append(during, someOf(a)...)
		}
	})
	failed := closer(t.Context(), r.object)
	disk.After(nil)
	r.lost(t, during, r.withoutPower(notClosed), "when power is lost while the object is closed")
	if failed == nil {
		r.lost(t, someOf(a), r.withoutPower(closedAfterFaults), "when power is lost after the object was closed")
	}
	return failed
}

// lost opens the object on each of these disks, and fails the execution if one of them shows a violation.
func (r *run) lost(t *sched.T, images []*disks.Image, h spec.History, when string) {
	for _, image := range images {
		if err := r.judgeLeft(image, h, durability, when); err != nil {
			t.Fail(err)
		}
	}
}

// judgeLeft opens the object on a disk and judges what it holds, unless an equal disk has been judged.
func (r *run) judgeLeft(image *disks.Image, h spec.History, owed promise, when string) error {
	expected := fnv.New64a()
	for _, e := range h {
		_, _ = expected.Write([]byte{byte(e.Outcome)}) // writing to a hash cannot fail
	}
	j := cases.Judgement{Disk: image.Hash(), Expected: expected.Sum64()}
	if !r.plan.crashes.Due(j) {
		return nil
	}
	err := r.recoverFrom(disks.Crash(image), h, owed, when)
	if err != nil {
		r.plan.crashes.Retry(j) // so that the next execution judges it again
	}
	return err
}

// Bounds of the images that are opened after one crash.
const (
	imagesOfRecovery = 32
	imagesPerStep    = 4
)

// someOf returns disks that a loss of power may leave now: all if they are few, otherwise random ones.
func someOf(a cases.Aftermath) []*disks.Image {
	moment := a.Disk.At(a.Model)
	if all := moment.Enumerate(2 * imagesPerStep); all != nil {
		return all
	}
	most := uint64(imagesPerStep)
	if a.Thorough {
		most *= 8
	}
	var drawn []*disks.Image
	for n := range most {
		drawn = append(drawn, moment.Sample(disks.NewTape(a.Salt+n)))
	}
	return drawn
}

// holdsUp says whether an opening that blocks for ever may wait for a client of the run that lost power, because those
// clients still exist.
func (r *run) holdsUp(err error) bool {
	var failure *sched.Failure
	if !sched.OnGoroutines() || !errors.As(err, &failure) || failure.Kind != sched.Deadlock {
		return false
	}
	for i := range r.status {
		if r.status[i].Load() == underWay {
			return true
		}
	}
	return false
}

// recoverFrom opens an object on a disk, under its own scheduler, and judges what it holds.
func (r *run) recoverFrom(d *disks.Disk, h spec.History, owed promise, when string) error {
	_, err := r.recovered(d, h, owed, when, nil)
	return err
}

// recoverInto is recoverFrom for the disk of a crash, and keeps what a second life needs, if it is not nil.
func (r *run) recoverInto(second *secondLife, a cases.Aftermath, h spec.History) (err error) {
	const when = "after the crash"
	if second == nil {
		return r.recoverFrom(a.Disk, h, r.plan.owedAfter(h), when)
	}
	second.history, err = r.recovered(a.Disk, h, r.plan.owedAfter(h), when, func(probe int, e *Env) { second.answered(probe, a, e) })
	return err
}

// recovered is recoverFrom, and returns what the object answered. It calls answered, if not nil, after each probe.
func (r *run) recovered(d *disks.Disk, h spec.History, owed promise, when string, answered func(probe int, e *Env)) (asked spec.History, err error) {
	p := r.plan
	if r.misplaced() {
		owed = damage
	}
	p.crashes.Recoveries.Add(1)
	p.crashes.Tested(1, owed.name)
	e := p.object.newEnv(p.settings)
	e.disk, e.keeps = d, r.env.recorded != nil
	faults := failOpening(d, p.c.Faults, p.crashes.FaultCame)
	q := questions{opened: func() { d.After(nil); faults.end() }, begins: faults.slow, mayFail: r.misplaced()}
	if answered != nil {
		q.answered = func(i int, _ spec.Entry) { answered(i-len(h), e) }
	}
	asked, err = p.reopen(e, h, q)
	refused := faults.excuse(err)
	if refused {
		d.Kill()
		e = p.object.newEnv(p.settings)
		e.disk, e.keeps = d, r.env.recorded != nil
		asked, err = p.reopen(e, h, q)
	}
	when = faults.when(when, refused)
	var found *Violation
	if err == nil {
		found, err = p.explain(asked)
	}
	return asked, r.verdict(found, err, owed, when)
}

// verdict says what a recovery has shown: found is what is wrong with what the object holds, and err why that cannot be said.
func (r *run) verdict(found *Violation, err error, owed promise, when string) error {
	var unusable sched.UnusableError
	var refused refusedError
	var unknown unknownError
	var failure *sched.Failure
	switch {
	case r.misplaced() && errors.As(err, &refused):
		r.plan.crashes.Refused.Add(1)
		return nil
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &unusable):
		return unusable
	case errors.As(err, &failure) && failure.Kind == sched.Unusable: // for example too many goroutines: the scheduler's limit, not the object's
		return sched.UnusableError{Reason: when + ": " + failure.Message}
	case r.holdsUp(err):
		return sched.UnusableError{Reason: fmt.Sprintf("%s%v; when power is lost the clients are in the middle of operations, so a lock that all "+
			"instances of the object share, as a package variable is, may be one of theirs: then nothing can be said about a crash", when, err)}
	case err != nil:
		v := owed.broken("%s%v", when, err)
		if failure != nil {
			v.stack = failure.Stack
		}
		return v
	case found != nil:
		found.detail = when + ", " + found.detail
		if found.promise == durability {
			found.promise = owed
		}
		return found
	}
	return nil
}
