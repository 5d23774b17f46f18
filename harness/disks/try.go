package disks

import (
	"errors"
	"fmt"
)

// ErrTooMany is wrapped by the error of Try where there are more disks than it may look at: then nothing is known.
var ErrTooMany = errors.New("too many disks")

// A LostError says on which of the disks that a loss of power may leave something is wrong.
type LostError struct {
	// Disk is its number among Of, from 1, in the order of Enumerate.
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

// Try takes the power away now and calls check with each disk that this may leave, at most limit of them; d itself goes on. The
// first disk that check refuses is a LostError. It is for functions given to sched's Execution.Invariant:
//
//	x.Invariant(func() error { return d.Try(crash.Ordered, 4096, recovers) })
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
