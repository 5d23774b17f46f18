package storage

import (
	"context"
	"sort"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// A sharedTail is the tail as the analysed system keeps it (an ETS table): one table of records, which all readers share
// and the writer clears at each flush. Readers load the metadata separately. Each of the two is consistent by itself, but
// they are not consistent with each other; that is the seed's bug. Every access is synchronised: what goes wrong here is
// the order of the steps, not a data race.
type sharedTail struct {
	metadataRow
	mu     sync.Mutex
	frames [][]byte // in order
}

var sharedTailLock = failpoints.WaitPoint(Package, "tail/lock")

// committed is store_lines_in_ets, then register_complete_txn.
func (t *sharedTail) committed(ctx context.Context, frames [][]byte, last Offset) {
	failpoints.Lock(ctx, sharedTailLock, &t.mu)
	t.frames = append(t.frames, frames...)
	t.mu.Unlock()
	failpoint.InjectCall("append/tail-inserted", ctx)
	t.setSeen(last)
}

// trim is trim_ets: delete_all_objects. Everything in the table has been flushed: the analysed system's writer is one
// process, so nothing is appended during a flush.
func (t *sharedTail) trim(ctx context.Context, _ *view) {
	failpoints.Lock(ctx, sharedTailLock, &t.mu)
	t.frames = nil
	t.mu.Unlock()
}

// next is :ets.next_lookup: the first record past after.
func (t *sharedTail) next(ctx context.Context, after Offset) []byte {
	failpoints.Lock(ctx, sharedTailLock, &t.mu)
	defer t.mu.Unlock()
	i := sort.Search(len(t.frames), func(i int) bool { return after.Before(frameOffset(t.frames[i])) })
	if i == len(t.frames) {
		return nil
	}
	return t.frames[i]
}

// read is read_range_from_ets_cache. It takes one record at a time, so a flush may clear the table between two of them.
// reached is the offset of the last record found, zero if there was none.
func (t *sharedTail) read(ctx context.Context, after, upTo Offset) (frames [][]byte, reached Offset) {
	failpoint.InjectCall("read/before-tail", ctx)
	for at := after; ; at = reached {
		f := t.next(ctx, at)
		if f == nil || upTo.Before(frameOffset(f)) {
			return frames, reached
		}
		frames, reached = append(frames, f), frameOffset(f)
		failpoint.InjectCall("read/between-tail-records", ctx)
	}
}
