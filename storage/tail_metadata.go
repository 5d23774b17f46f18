package storage

import (
	"context"
	"sync/atomic"

	"github.com/pingcap/failpoint"
)

// A hand-over that keeps a tail of its own also publishes metadata of its own, as the analysed system does: one atomic row
// that says how far the file and the tail reach.

// tailMetadata is what the analysed system's read_or_initialize_metadata returns.
type tailMetadata struct {
	persisted Offset // last_persisted_offset
	seen      Offset // last_seen_txn_offset
}

// A metadataRow holds the row. Writers change it with the log's lock held; readers take no lock.
type metadataRow struct{ row atomic.Pointer[tailMetadata] }

//racewindow:atomic because the log is not open yet: nobody else has the row
func (r *metadataRow) init(l *Log) {
	last := l.view.Load().last
	r.row.Store(&tailMetadata{persisted: last, seen: last})
}

//racewindow:yielded because each caller passes append/tail-inserted between putting records into its tail and this call
func (r *metadataRow) setSeen(last Offset) {
	now := r.row.Load() //racewindow:atomic because the row changes only with the log's lock held
	r.row.Store(&tailMetadata{persisted: now.persisted, seen: last})
}

// published is update_persistance_metadata in flush_buffer.
//
//racewindow:atomic because readers of the row take from the view only what the row names, and the old view has that too
func (r *metadataRow) published(_ context.Context, v *view) {
	r.row.Store(&tailMetadata{persisted: v.last, seen: r.row.Load().seen})
}

// load is a reader's first step. It returns the snapshot of the metadata and the upper bound that follows from it.
func (r *metadataRow) load(ctx context.Context, upTo Offset) (m *tailMetadata, bound Offset) {
	failpoint.InjectCall("read/before-metadata", ctx)
	m = r.row.Load()
	failpoint.InjectCall("read/metadata-loaded", ctx)
	return m, earlier(upTo, m.seen)
}

// fromFile serves (after, upTo] from the files. It takes the current files, as readers of the analysed system read its one
// file.
func fromFile(ctx context.Context, l *Log, after, upTo Offset) sources {
	failpoint.InjectCall("read/before-files", ctx)
	end := l.committed.Load() // an abort may take back what lies past it
	failpoint.InjectCall("read/files-bounded", ctx)
	return sources{view: l.view.Load(), other: &otherSources{file: true, after: after, upTo: upTo, end: end, asItIs: true}}
}

// fromTail serves records that were copied out of the tail.
func fromTail(frames [][]byte) sources { return sources{other: &otherSources{eager: frames}} }

// mixed serves (after, persisted] from the files, then the records that were copied out of the tail.
func mixed(ctx context.Context, l *Log, after, persisted Offset, eager [][]byte) sources {
	s := fromFile(ctx, l, after, persisted)
	s.other.file, s.other.eager = after.Before(persisted), eager
	return s
}
