package disks

import (
	"errors"
	"fmt"
)

// ErrTooMany is wrapped by the error of Try if there are more disks than it may check. Nothing is then known.
var ErrTooMany = errors.New("too many disks")

// A LostError says that something is wrong on one of the disks that a loss of power may leave.
type LostError struct {
	// Disk is its number among Of disks, counted from 1, in the order of Enumerate.
	Disk, Of int
	Model    Model
	Err      error
}

// Error names the disk and says what is wrong with it.
func (e *LostError) Error() string {
	return fmt.Sprintf("power is lost and leaves %s: %v", e.Which(), e.Err)
}

// Which names the disk. Package sched puts it into the line that replays a failure.
func (e *LostError) Which() string { return fmt.Sprintf("disk %d of %d (%v)", e.Disk, e.Of, e.Model) }

// Unwrap returns what is wrong.
func (e *LostError) Unwrap() error { return e.Err }

// Try takes the power away now, and calls check with each disk that this may leave, if there are at most limit; d itself
// goes on. For the first disk that check refuses, Try returns a LostError. It is meant for functions passed to sched's
// Execution.Invariant:
//
//	x.Invariant(func() error { return d.Try(disks.Ordered, 4096, recovers) })
func (d *Disk) Try(m Model, limit int, check func(after *Disk) error) error {
	images := d.Enumerate(m, limit)
	if images == nil {
		return fmt.Errorf("%w: a loss of power now may leave more than %d", ErrTooMany, limit)
	}
	for i, image := range images {
		if err := check(Crash(image)); err != nil {
			return &LostError{i + 1, len(images), m, err}
		}
	}
	return nil
}
