package engines

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// A Kept keeps records in memory until it is closed.
//
// It guarantees:
//   - A record that was appended is in each later Read, in the order of the appends.
//   - What was appended is durable when Close has returned without an error. A crash before that leaves what the last Close left.
type Kept struct {
	guard
	disk  disk.Disk
	known atomic.Pointer[[]int]
	// forgetsLock makes Append add to a copy without the lock. That is a bug: two appends may add to the same copy.
	forgetsLock bool
}

// OpenKept opens the engine on a disk, or creates it.
func OpenKept(d disk.Disk) (*Kept, error) {
	e := &Kept{disk: d}
	f, known, err := openFile(d, "records")
	if err != nil {
		return nil, err
	}
	var values []int
	for _, r := range known {
		values = append(values, r.value)
	}
	e.known.Store(&values)
	return e, f.Close()
}

// Append adds a record.
func (e *Kept) Append(ctx context.Context, value int) {
	if !e.forgetsLock {
		e.hold(ctx)
		defer e.Unlock()
	}
	now := *e.known.Load()
	failpoint.InjectCall("kept/loaded", ctx)
	next := append(now[:len(now):len(now)], value)
	e.known.Store(&next)
}

// Read returns the values.
func (e *Kept) Read(ctx context.Context) []int {
	failpoint.InjectCall("kept/read", ctx)
	return *e.known.Load()
}

// Close writes all records to a new file, which replaces the old one.
func (e *Kept) Close(ctx context.Context) error {
	f, err := e.disk.Create("new")
	if err != nil {
		return err
	}
	var records []record
	for _, v := range *e.known.Load() {
		records = append(records, record{value: v})
	}
	written := file{f}
	if err := errors.Join(written.write(0, records...), f.Sync(), f.Close()); err != nil {
		return err
	}
	failpoint.InjectCall("kept/synced", ctx)
	if err := e.disk.Rename("new", "records"); err != nil {
		return err
	}
	return e.disk.SyncDir(".")
}
