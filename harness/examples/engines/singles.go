package engines

import (
	"context"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// A Singles knows no transactions: each record is appended alone, and a flush covers all records before it.
//
// It guarantees:
//   - A record that was appended is in each later Read, in the order of the appends.
//   - What was appended before a Flush was called is durable when that returns without an error.
//   - A crash leaves all records up to some place, and none after it.
//   - After an error of the disk, appends and flushes fail with ErrBroken until the engine is opened again.
type Singles struct {
	guard
	records file
	known   []record
	broken  bool
	// reserves makes Append reserve a frame under the lock and write it without the lock. That is a bug: Read ends at a
	// frame that is not written yet, though a later one is.
	reserves bool
	written  map[int]bool // frames, if it reserves them
}

// OpenSingles opens the engine on a disk, or creates it.
func OpenSingles(d disk.Disk) (*Singles, error) {
	records, known, err := openFile(d, "records")
	e := &Singles{records: records, known: known, written: map[int]bool{}}
	for at := range known {
		e.written[at] = true
	}
	return e, err
}

// Append adds a record.
func (e *Singles) Append(ctx context.Context, value int) error {
	e.hold(ctx)
	defer e.Unlock()
	if e.broken {
		return ErrBroken
	}
	at, r := len(e.known), record{value: value}
	if e.reserves {
		e.known = append(e.known, r)
		e.Unlock()
		failpoint.InjectCall("singles/reserved", ctx)
		e.hold(ctx)
		e.written[at] = true
	}
	if err := e.records.write(at, r); err != nil {
		e.broken = true
		return err
	}
	failpoint.InjectCall("singles/written", ctx)
	if !e.reserves {
		e.known = append(e.known, r)
	}
	return nil
}

// Read returns the values.
func (e *Singles) Read(ctx context.Context) (values []int) {
	e.hold(ctx)
	defer e.Unlock()
	for at, r := range e.known {
		if e.reserves && !e.written[at] {
			break
		}
		values = append(values, r.value)
	}
	return values
}

// Flush makes what was appended durable.
func (e *Singles) Flush(ctx context.Context) error {
	e.hold(ctx)
	defer e.Unlock()
	if e.broken {
		return ErrBroken
	}
	err := e.records.Sync()
	e.broken = err != nil
	return err
}

// Close closes the file.
func (e *Singles) Close() error { return e.records.Close() }
