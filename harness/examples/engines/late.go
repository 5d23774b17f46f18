package engines

import (
	"context"
	"errors"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// ErrHandedOver is returned by an append that leaves its record to another append that is writing. The record may appear
// at any later time, or never.
var ErrHandedOver = errors.New("the record was handed over")

// A Late keeps a record whose append failed and tries it again with the next append, so the record may appear after the
// error.
//
// It guarantees:
//   - A record whose append returned without an error is durable, and in each later Read.
//   - A record whose append returned an error appears once or not at all, at any later time.
//   - An error of the disk is over when the disk works again.
type Late struct {
	guard
	records file
	known   []record // durable
	queue   []record
	writing bool
	// forgets makes the writer drop the queue after a write, including records that were handed over meanwhile. That is
	// allowed. But it also reports success to the appends that handed them over, which is a bug.
	forgets bool
}

// OpenLate opens the engine on a disk, or creates it.
func OpenLate(d disk.Disk) (*Late, error) {
	records, known, err := openFile(d, "records")
	return &Late{records: records, known: known}, err
}

// Append adds a record.
func (e *Late) Append(ctx context.Context, value int) error {
	e.hold(ctx)
	defer e.Unlock()
	e.queue = append(e.queue, record{value: value})
	if e.writing {
		if e.forgets {
			return nil
		}
		return ErrHandedOver
	}
	e.writing = true
	defer func() { e.writing = false }()
	batch := e.queue
	e.Unlock()
	failpoint.InjectCall("late/taken", ctx)
	err := e.records.write(len(e.known), batch...)
	failpoint.InjectCall("late/written", ctx)
	if err == nil {
		err = e.records.Sync()
	}
	failpoint.InjectCall("late/synced", ctx)
	e.hold(ctx)
	if err != nil {
		return err // the queue keeps the record
	}
	e.known = append(e.known, batch...)
	if e.queue = e.queue[len(batch):]; e.forgets {
		e.queue = nil
	}
	return nil
}

// Read returns the values.
func (e *Late) Read(ctx context.Context) (values []int) {
	e.hold(ctx)
	defer e.Unlock()
	for _, r := range e.known {
		values = append(values, r.value)
	}
	return values
}

// Close closes the file.
func (e *Late) Close() error { return e.records.Close() }
