package engines

import (
	"context"
	"errors"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// ErrHandedOver is returned by an append that leaves its record to one that is writing. It appears, or not, at any later time.
var ErrHandedOver = errors.New("the record was handed over")

// A Late keeps a record whose append failed, and tries it again with the next one: it may surface after the error.
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
	// forgets has the writer drop the queue when it has written, with what was handed over meanwhile. That it may. It also tells
	// who handed over that all is well, which is a bug.
	forgets bool
}

// OpenLate opens the engine that lies on a disk, or makes one.
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
