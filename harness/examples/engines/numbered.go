package engines

import (
	"context"
	"errors"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// block is how many numbers are reserved at once.
const block = 4

// ErrBroken is returned by each append after one that failed, until the engine is opened again.
var ErrBroken = errors.New("an earlier write failed")

// A Numbered gives each record a number. Numbers have gaps: they are reserved in blocks, and the unused numbers of a
// block are never given after the engine was closed or lost. A failed append leaves a gap too.
//
// It guarantees:
//   - Numbers increase, also from one opening to the next. By how much is not promised.
//   - A record that was appended is durable, and each later Read yields it, in the order of the numbers.
type Numbered struct {
	guard
	disk    disk.Disk
	records file
	limits  file // one frame for each block
	known   []record
	blocks  int
	next    uint64
	broken  bool
	// givesEarly makes Append give the number before it holds the lock for writing. That is a bug: a record may appear in
	// front of one that is already visible.
	givesEarly bool
}

// OpenNumbered opens the engine on a disk, or creates it.
func OpenNumbered(d disk.Disk) (*Numbered, error) {
	e := &Numbered{disk: d}
	var limits []record
	var err error
	if e.limits, limits, err = openFile(d, "limits"); err != nil {
		return nil, err
	}
	e.blocks, e.next = len(limits), uint64(len(limits)*block)
	e.records, e.known, err = openFile(d, "records")
	return e, err
}

// Append adds a record and returns its number.
func (e *Numbered) Append(ctx context.Context, value int) (uint64, error) {
	e.hold(ctx)
	defer e.Unlock()
	if e.broken {
		return 0, ErrBroken
	}
	number, err := e.number()
	if err != nil {
		e.broken = true
		return 0, err
	}
	if e.givesEarly {
		e.Unlock()
		failpoint.InjectCall("numbered/given", ctx)
		e.hold(ctx)
	}
	r := record{number, value}
	err = e.records.write(len(e.known), r)
	failpoint.InjectCall("numbered/written", ctx)
	if err == nil {
		err = e.records.Sync()
	}
	if err != nil {
		e.broken = true
		return 0, err
	}
	at := len(e.known)
	for e.givesEarly && at > 0 && e.known[at-1].number > number {
		at--
	}
	e.known = append(e.known[:at:at], append([]record{r}, e.known[at:]...)...)
	return number, nil
}

// number returns the next number, from a block that is durable.
func (e *Numbered) number() (uint64, error) {
	if e.next == uint64(e.blocks*block) {
		if err := errors.Join(e.limits.write(e.blocks, record{}), e.limits.Sync()); err != nil {
			return 0, err
		}
		e.blocks++
	}
	e.next++
	return e.next, nil
}

// Read yields the records with greater numbers, and their numbers.
func (e *Numbered) Read(ctx context.Context, after uint64) func(yield func(number uint64, value int) bool) {
	e.hold(ctx)
	known := e.known
	e.Unlock()
	return func(yield func(uint64, int) bool) {
		for _, r := range known {
			if r.number > after && !yield(r.number, r.value) {
				return
			}
		}
	}
}

// Close closes the files.
func (e *Numbered) Close() error { return errors.Join(e.records.Close(), e.limits.Close()) }
