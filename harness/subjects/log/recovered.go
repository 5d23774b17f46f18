package log

import (
	"context"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// A recovered log is open on a disk that a crash has left.
type recovered struct {
	store   *storage.Store
	log     *storage.Log
	flusher *heldBack
}

// A heldBack flusher begins when the log is about to be closed. Until then only the checks flush, so the same disk always
// leads to the same result.
type heldBack struct{ flusher func(context.Context) }

// Yield implements failpoints.Controller.
func (*heldBack) Yield(context.Context, *failpoints.Point) {}

// Fault implements failpoints.Controller.
func (*heldBack) Fault(context.Context, *failpoints.Point) (any, bool) { return nil, false }

// Spawn implements failpoints.Spawner.
func (h *heldBack) Spawn(_ context.Context, _ string, f func(context.Context)) func() {
	h.flusher = f
	return nil
}

func (h *heldBack) begin() { go h.flusher(context.Background()) }

func (p *plan) recover(disk *crash.Disk) (*recovered, error) {
	p.crashes.Recoveries.Add(1)
	options := p.options
	options.Disk, options.FlushInterval, options.MaxValueBytes, options.NoSync = disk, -1, 0, false
	if p.lying != nil {
		options.Disk = p.lying(disk)
	}
	flusher := &heldBack{}
	store, err := storage.Open(failpoints.With(context.Background(), flusher), "memory", options)
	if err != nil {
		return nil, err
	}
	log, err := store.Log(context.Background(), "case")
	if err != nil {
		flusher.begin()
		return nil, errors.Join(err, store.Close(context.Background()))
	}
	return &recovered{store, log, flusher}, nil
}

// check reads the whole log.
func (l *recovered) check(p *plan, expected check.Expected) (complete uint64, v *check.Violation) {
	c := check.NewRecovered(expected)
	defer func() {
		p.crashes.Tested(1, check.Durability.Name, check.PrefixRecovery.Name, check.TransactionAtomicity.Name)
		p.crashes.Tested(uint64(c.Records), check.NoCorruption.Name)
	}()
	_, v, err := check.ReadRecovered(c, l.log.Read(context.Background(), storage.Offset{}, storage.End), nil)
	if err != nil {
		return 0, &check.Violation{Promise: check.Durability, Detail: fmt.Sprintf("after the crash the log cannot be read: %v", err)}
	}
	return c.Complete, v
}

// end closes the log. A violation found before takes precedence.
func (l *recovered) end(v *check.Violation) *check.Violation {
	l.flusher.begin()
	if err := l.store.Close(context.Background()); err != nil && v == nil {
		return &check.Violation{Promise: check.Progress, Detail: fmt.Sprintf("after the crash the recovered log does not close: %v", err)}
	}
	return v
}
