package engines

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// ErrNoRecord is returned by a read of an index that no record has.
var ErrNoRecord = errors.New("no record has that index")

// An Indexed returns records by index, counted from 0, and in no other way.
//
// It guarantees:
//   - A record that was appended is durable, and At with the index that Append gave returns it.
//   - Indexes have no gaps.
//   - Readers do not wait for appends.
//   - After an error of the disk, appends fail with ErrBroken until the engine is opened again.
type Indexed struct {
	guard
	records file
	count   atomic.Int64
	broken  bool
	// countsFirst makes Append count a record before it is written. That is a bug: At then reads a frame that is not
	// there.
	countsFirst bool
}

// OpenIndexed opens the engine on a disk, or creates it.
func OpenIndexed(d disk.Disk) (*Indexed, error) {
	records, known, err := openFile(d, "records")
	e := &Indexed{records: records}
	e.count.Store(int64(len(known)))
	return e, err
}

// Append adds a record and returns its index.
func (e *Indexed) Append(ctx context.Context, value int) (int, error) {
	e.hold(ctx)
	defer e.Unlock()
	if e.broken {
		return 0, ErrBroken
	}
	at := int(e.count.Load())
	if e.countsFirst {
		e.count.Add(1)
		failpoint.InjectCall("indexed/counted", ctx)
	}
	err := e.records.write(at, record{value: value})
	failpoint.InjectCall("indexed/written", ctx)
	if err == nil {
		err = e.records.Sync()
	}
	if err != nil {
		e.broken = true
		return 0, err
	}
	failpoint.InjectCall("indexed/synced", ctx)
	if !e.countsFirst {
		e.count.Add(1)
	}
	return at, nil
}

// At returns the value of a record.
func (e *Indexed) At(ctx context.Context, index int) (int, error) {
	failpoint.InjectCall("indexed/read", ctx)
	if index < 0 || int64(index) >= e.count.Load() {
		return 0, ErrNoRecord
	}
	data := make([]byte, frameBytes)
	if _, err := e.records.ReadAt(data, int64(index)*frameBytes); err != nil {
		return 0, err
	}
	r, whole := unframe(index, data)
	if !whole {
		return 0, errors.New("the frame is damaged")
	}
	return r.value, nil
}

// Close closes the file.
func (e *Indexed) Close() error { return e.records.Close() }
