package engines

import (
	"context"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// A Journal has no flush: what was appended is durable.
//
// It guarantees:
//   - A record that was appended is durable, and in each later Read, in the order of the appends.
//   - If it wedges, each append after an error of the disk is refused with ErrBroken. If not, it goes on when the disk does.
type Journal struct {
	guard
	records file
	known   []record
	wedges  bool
	broken  bool
	// looksEarly makes Append look for the end without the lock. That is a bug: two appends may write to the same place.
	looksEarly bool
}

// OpenJournal opens the engine on a disk, or creates it.
func OpenJournal(d disk.Disk, wedges bool) (*Journal, error) {
	records, known, err := openFile(d, "records")
	return &Journal{records: records, known: known, wedges: wedges}, err
}

// Append adds a record. The next append overwrites a record that failed.
func (e *Journal) Append(ctx context.Context, value int) error {
	e.hold(ctx)
	defer e.Unlock()
	if e.broken {
		return ErrBroken
	}
	at := len(e.known)
	if e.looksEarly {
		e.Unlock()
		failpoint.InjectCall("journal/end", ctx)
		e.hold(ctx)
	}
	r := record{value: value}
	err := e.records.write(at, r)
	failpoint.InjectCall("journal/written", ctx)
	if err == nil {
		err = e.records.Sync()
	}
	if err != nil {
		e.broken = e.wedges
		return err
	}
	e.known = append(e.known[:at], r)
	return nil
}

// Read returns the values.
func (e *Journal) Read(ctx context.Context) (values []int) {
	e.hold(ctx)
	defer e.Unlock()
	for _, r := range e.known {
		values = append(values, r.value)
	}
	return values
}

// Close closes the file.
func (e *Journal) Close() error { return e.records.Close() }
