package log

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// The bytes on the disk and the time determine what a log shows after it was closed and opened again: one thread opens, reads and
// closes it, so the scheduler has no choice. The schedules of one program leave few different disks. So each disk is opened once,
// and the records that it showed are kept. If a later schedule leaves the same disk, these records are checked against what that
// schedule has acknowledged. The key is the whole disk, so two disks cannot be confused. A disk is kept only if everything held on
// it.
//
// Every disk is opened for a report, for a recorded history, for a disk that fails, and under -race.

// reopenings keeps the records that a log showed when it was opened again. The key is the time, then the image of the disk.
type reopenings struct {
	mu    sync.Mutex // for those who add
	known atomic.Pointer[map[string][]harness.Record]
}

const (
	maxReopenings = 256      // per program
	maxImageBytes = 64 << 10 // of a disk that is remembered
)

func (k *reopenings) find(image []byte) (records []harness.Record, found bool) {
	if known := k.known.Load(); known != nil {
		records, found = (*known)[string(image)]
	}
	return records, found
}

func (k *reopenings) add(image []byte, records []harness.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := map[string][]harness.Record{}
	if known := k.known.Load(); known != nil {
		if len(*known) >= maxReopenings {
			return
		}
		all = maps.Clone(*known)
	}
	all[string(image)] = records
	k.known.Store(&all)
}

// An imager is a disk that can say all that is on it.
type imager interface{ AppendImage(image []byte) []byte }

// image returns everything that determines what a log would show if it were opened on the run's disk now. It is nil if every disk
// must be opened.
func (r *run) image(ctx context.Context, t *sched.T) []byte {
	disk, ok := r.memory.(imager)
	if !ok || !r.unseen(t) || r.others.acked.Load() > 0 {
		return nil
	}
	image := binary.LittleEndian.AppendUint64(r.imaged[:0], uint64(failpoints.Now(ctx).UnixNano()))
	if image = disk.AppendImage(image); len(image) > maxImageBytes {
		return nil
	}
	r.imaged = image
	return image
}

// recall yields records that are known.
func recall(records []harness.Record) iter.Seq2[harness.Record, error] {
	return func(yield func(harness.Record, error) bool) {
		for _, record := range records {
			if !yield(record, nil) {
				return
			}
		}
	}
}

// keeping appends what is read to records.
func keeping(read iter.Seq2[harness.Record, error], records *[]harness.Record) iter.Seq2[harness.Record, error] {
	return func(yield func(harness.Record, error) bool) {
		for record, err := range read {
			if err == nil {
				kept := record
				kept.Key, kept.Value = bytes.Clone(record.Key), bytes.Clone(record.Value)
				*records = append(*records, kept)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}
