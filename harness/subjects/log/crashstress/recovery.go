package crashstress

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// handle is the log's name.
const handle = "log"

// recoveryOperations is more than the operations of a recovery that change the disk.
const recoveryOperations = 14

func violation(p check.Promise, format string, arguments ...any) *check.Violation {
	return &check.Violation{Promise: p, Detail: fmt.Sprintf(format, arguments...)}
}

// reopen recovers the log from what the last loss left, and checks it. The recovery may lose power itself, and is then repeated.
func (l *life) reopen(ctx context.Context) (*incarnation, *check.Violation) {
	disk, interrupted := l.disk, false
	first := uint64(0)
	if disk == nil {
		image := l.image
		if l.happens(l.config.Interrupted) {
			var v *check.Violation
			if image, v = l.interrupt(ctx); v != nil {
				return nil, v
			}
			if interrupted = image != nil; interrupted {
				l.seen(image)
				if first, v = l.recoverOnce(ctx); v != nil {
					return nil, v
				}
				l.image = image
			} else {
				image = l.image
			}
		}
		disk = crash.Crash(image)
	}
	n := newIncarnation(l, disk)
	if v := n.open(ctx); v != nil {
		return nil, v
	}
	found, v := l.checkRecovered(ctx, n.log)
	if v == nil && interrupted {
		l.counts.tested[recoveryIdempotence]++
		if complete := uint64(len(found)); complete != first {
			v = violation(check.RecoveryIdempotence, "recovery gives %d transactions, and after a loss of power during recovery %d", first, complete)
		}
	}
	if v != nil {
		_ = n.close(ctx) // the violation is the news
		return nil, v
	}
	l.owners, l.durable, l.settled = found, uint64(len(found)), uint64(len(found))
	return n, n.goOn(ctx)
}

// interrupt recovers, cuts the power during the recovery, and returns the disk that this leaves; nil if the recovery ended
// before.
func (l *life) interrupt(ctx context.Context) (left *crash.Image, _ *check.Violation) {
	disk := crash.Crash(l.image)
	target, tape := 1+l.random.IntN(recoveryOperations), crash.NewTape(l.random.Uint64())
	count := 0
	disk.After(func(o crash.Operation) {
		if !changes(o.Kind) {
			return
		}
		if count++; count == target {
			left = disk.Sample(l.config.Model, tape)
			disk.Kill()
		}
	})
	store, _, err := l.openLog(ctx, disk, func() bool { return left != nil }, nil)
	disk.After(nil)
	if err == nil {
		err = store.Close(ctx)
	}
	if err != nil && left == nil {
		return nil, violation(check.Durability, "the log does not open: %v", err)
	}
	return left, nil
}

func changes(k crash.Kind) bool {
	switch k {
	case crash.Read, crash.List, crash.Size, crash.Open, crash.Close, crash.Lock:
		return false
	}
	return true
}

// recoverOnce recovers from the image without interruption, for comparison, and returns how many transactions there are.
func (l *life) recoverOnce(ctx context.Context) (complete uint64, v *check.Violation) {
	disk := crash.Crash(l.image)
	store, log, err := l.openLog(ctx, disk, nil, nil)
	if err != nil {
		return 0, violation(check.Durability, "after the loss of power the log does not open: %v", err)
	}
	found, v := l.checkRecovered(ctx, log)
	if err := store.Close(ctx); err != nil && v == nil {
		v = violation(check.Progress, "the recovered log does not close: %v", err)
	}
	if n := disk.OpenFiles(); n > 0 && v == nil {
		v = violation(check.Progress, "the closed log left %d files open", n)
	}
	return uint64(len(found)), v
}

// openLog opens the log. If dead is set, the disk refuses calls once dead returns true. If the log does not open, release is
// called before the store is closed, so that the store's flusher can end.
func (l *life) openLog(ctx context.Context, disk *crash.Disk, dead func() bool, release func()) (*storage.Store, *storage.Log, error) {
	l.counts.Recoveries++
	options := l.options
	options.Disk = disk
	if l.config.Wrap != nil {
		options.Disk = l.config.Wrap(disk)
	}
	if dead != nil {
		options.Disk = process{options.Disk, dead}
	}
	store, err := storage.Open(ctx, "memory", options)
	if err != nil {
		return nil, nil, err
	}
	log, err := store.Log(ctx, handle)
	if err != nil {
		if release != nil {
			release()
		}
		return nil, nil, errors.Join(err, store.Close(ctx))
	}
	return store, log, nil
}

// open opens the log of an incarnation. If a fault makes that fail, it tries again without faults.
func (n *incarnation) open(ctx context.Context) (v *check.Violation) {
	l := n.life
	ctx = failpoints.With(ctx, n.controller(1))
	var faults *crash.Counter
	if n.faulty && l.happens(0.5) {
		faults = crash.Count(recoveryFault(l))
		n.disk.DrawFrom(crash.NewTape(l.random.Uint64()))
		n.disk.Inject(faults)
	}
	n.disk.After(n.took)
	err := n.tryOpen(ctx)
	n.disk.Inject(nil)
	if faults != nil {
		l.counts.Faults += uint64(faults.Faults())
		if err != nil && faults.Faults() > 0 {
			l.counts.Refused++
			n.disk.Kill()
			err = n.tryOpen(ctx)
		}
	}
	if err != nil {
		return violation(check.Durability, "after the loss of power the log does not open: %v", err)
	}
	return nil
}

func (n *incarnation) tryOpen(ctx context.Context) (err error) {
	n.park()
	n.store, n.log, err = n.life.openLog(ctx, n.disk, n.isGone, n.release)
	return err
}

// recoveryFault draws a fault of the disk during recovery. Whatever the fault is, the recovery must be right or refuse, and the
// next one, on a disk that works, must find everything: a read that fails or lies must not destroy what is on the disk.
func recoveryFault(l *life) crash.Injector {
	kind := pick(l.random, crash.Read, crash.Read, crash.Write, crash.Sync, crash.SyncDir, crash.Truncate, crash.Create, crash.List, crash.Open)
	fault := crash.Fault{Err: pick[error](l.random, syscall.EIO, syscall.ENOSPC), Keep: crash.Drawn}
	nth := 1 + l.random.IntN(3)
	if kind == crash.Read && l.happens(0.75) {
		fault, nth = crash.Fault{Flip: true, Bit: crash.Drawn}, 1+l.random.IntN(8)
	}
	return crash.Nth(nth, crash.On(kind, "*", fault))
}

// checkRecovered reads and checks everything that is there, and returns who appended it.
func (l *life) checkRecovered(ctx context.Context, log *storage.Log) (check.Owners, *check.Violation) {
	c, last := check.NewRecovered(l.expected()), map[uint32]uint32{}
	found, v, err := check.ReadRecovered(c, log.Read(ctx, storage.Offset{}, storage.End), func(at storage.Offset, id check.Identity) *check.Violation {
		return l.checkOrder(at, id, last)
	})
	if err != nil {
		return nil, violation(check.Durability, "after the loss of power the log cannot be read: %v", err)
	}
	l.counts.Records += uint64(c.Records)
	l.counts.Transactions += c.Complete
	l.counts.tested[prefixRecovery]++
	l.counts.tested[transactionAtomicity] += c.Complete
	if l.durable > 0 {
		l.counts.tested[durability]++
	}
	return found, v
}

// checkOrder checks a transaction against the log's past: a client's appends must be in its order, and what an earlier loss took
// must not come back.
func (l *life) checkOrder(at storage.Offset, id check.Identity, last map[uint32]uint32) *check.Violation {
	var v *check.Violation
	switch {
	case last[id.Client] >= id.Sequence:
		v = violation(check.PrefixRecovery, "%v is append %d of client %d, after its append %d", at, id.Sequence, id.Client, last[id.Client])
	case int64(id.Client) < int64(len(l.refused)) && id.Sequence == l.refused[id.Client]:
		v = violation(check.Refusals, "%v is append %d of client %d, though it returned an error that says that the store is closed", at, id.Sequence, id.Client)
	case at.Tx > l.settled && id.Sequence <= l.base[id.Client]:
		v = violation(check.NoPhantom, "%v is append %d of client %d, which was lost in a crash before the last one", at, id.Sequence, id.Client)
	default:
		last[id.Client] = id.Sequence
		return nil
	}
	v.At = at
	return v
}

// A process is a disk as one process sees it. It refuses all calls once the process is dead.
type process struct {
	storage.Disk
	dead func() bool
}
