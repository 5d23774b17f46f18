package log

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/storage"
)

// flipsBits says whether the fault flips bits of what is read.
func flipsBits(f Fault) bool {
	if r := f.Rule(); r != nil {
		return r.Fault().Flip
	}
	return f.At.Point == "read/bit-flip"
}

// ofOpening says whether the fault is of an operation that the disk does above all while a log is opened.
func ofOpening(f Fault) bool {
	r := f.Rule()
	return r != nil && slices.Contains(openingFaults, r.Kind().String())
}

// spares says whether the log must go on after the fault by its contract: a full disk in a write, any fault of a read or of an
// opening, and mere slowness.
func spares(f Fault) bool {
	if r := f.Rule(); r != nil {
		what := r.Fault()
		full := errors.Is(what.Err, syscall.ENOSPC)
		switch r.Kind() {
		case crash.Read, crash.Allocate:
			return true
		case crash.Write, crash.Create:
			return what.Err == nil || full
		}
		return what.Err == nil
	}
	switch f.At.Point {
	case "flush/no-space", "read/io-error", "read/bit-flip", "recovery/truncate-error":
		return true
	case "flush/write-error":
		return f.Value == "ENOSPC"
	}
	return false
}

// poisons says whether the fault must poison the log by its contract, unless it comes while the log is opened.
func poisons(f Fault) bool {
	if r := f.Rule(); r != nil {
		broken, full := errors.Is(r.Fault().Err, syscall.EIO), errors.Is(r.Fault().Err, syscall.ENOSPC)
		switch r.Kind() {
		case crash.Write, crash.Create:
			return broken
		case crash.Sync, crash.SyncDir, crash.Rename: // a full disk is excused in a write only
			return broken || full
		}
		return false
	}
	return !spares(f) && (f.Value != "ENOSPC" || f.At.Point == "flush/sync-error") // delayed allocation fails in the sync, and drops pages
}

// spares says whether no fault of the case may poison the log, poisons whether all of them must.
func (c Case) spares() bool {
	return c.faulty() && !slices.ContainsFunc(c.Faults, func(f Fault) bool { return !spares(f) })
}

func (c Case) poisons() bool {
	return c.faulty() && !slices.ContainsFunc(c.Faults, func(f Fault) bool { return !poisons(f) })
}

// lengthPoints are the fault points whose value says where something is torn; all others deliver errors.
var lengthPoints = map[string]bool{"flush/short-write": true, "flush/no-space": true, "index/write-error": true, "read/bit-flip": true}

func (c Case) checkFaults() error {
	for i, f := range c.Faults {
		if err := c.checkFault(f); err != nil {
			return fmt.Errorf("%w: fault %d %v: %w", ErrCase, i+1, f, err)
		}
	}
	return nil
}

// checkFault requires that a fault names a fault point of the engine, and a thread that passes it.
func (c Case) checkFault(f Fault) error {
	if f.AtOpen {
		return errors.New("faults at open are for Checks: a fault of a recovery belongs to a thread with a reopen")
	}
	if f.Disk != "" {
		return nil
	}
	_, isError := f.Error()
	switch {
	case !slices.Contains(faultPoints(), f.At.Point):
		return fmt.Errorf("no fault point is called %q%s: 'racewindow failpoints' lists them", f.At.Point, spelling.Meant(f.At.Point, faultPoints()))
	case f.At.Thread == "main":
		return errors.New("the main thread only opens an empty log, and nothing goes wrong in that: a fault of a recovery belongs to a thread with a reopen")
	case strings.HasPrefix(f.At.Point, "recovery/") && !c.recovers(f.At.Thread):
		return fmt.Errorf("thread %s recovers nothing: give it a reopen", f.At.Thread)
	case lengthPoints[f.At.Point] == isError:
		return fmt.Errorf("%q is no fault there: write a number of bytes at %s, and EIO, ENOSPC, EROFS or SHORT elsewhere", f.Value,
			orList(slices.Sorted(maps.Keys(lengthPoints))))
	}
	return nil
}

// faultPoints returns the names of the points that take a fault.
func faultPoints() (names []string) {
	for _, e := range storage.Points() {
		if e.Kind == failpoints.KindFault {
			names = append(names, e.Name)
		}
	}
	return names
}

// recovers says whether a thread opens the log again.
func (c Case) recovers(thread string) bool {
	i := c.thread(thread)
	return i >= 0 && slices.ContainsFunc(c.Threads[i].Operations, func(o Operation) bool { return o.Kind == Reopen })
}
