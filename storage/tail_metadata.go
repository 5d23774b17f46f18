package storage

import (
	"context"
	"sync/atomic"

	"github.com/pingcap/failpoint"
)

// Hand-overs that keep a tail of their own publish metadata of their own beside it, as the analysed system does: one
// atomic row that says how far the file and the tail reach.

// tailMetadata is what the analysed system's read_or_initialize_metadata returns.
type tailMetadata struct {
	persisted Offset // last_persisted_offset
	seen      Offset // last_seen_txn_offset
}

// A metadataRow is the row; it is written with the log's lock held and read without any.
type metadataRow struct{ row atomic.Pointer[tailMetadata] }

//racewindow:atomic because the log is not open yet: nobody else has the row
func (r *metadataRow) init(l *Log) {
	last := l.view.Load().last
	r.row.Store(&tailMetadata{persisted: last, seen: last})
}

//racewindow:yielded because those who put records into a tail of their own pass append/tail-inserted after that
func (r *metadataRow) setSeen(last Offset) {
	now := r.row.Load() //racewindow:atomic because the row changes with the log's lock held only
	r.row.Store(&tailMetadata{persisted: now.persisted, seen: last})
}

// published is update_persistance_metadata in flush_buffer.
//
//racewindow:atomic because readers of the row ask the view only for what the row says, and this view has that as the one before had
func (r *metadataRow) published(_ context.Context, v *view) {
	r.row.Store(&tailMetadata{persisted: v.last, seen: r.row.Load().seen})
}

// load is the readers' first step: the snapshot of the metadata, and the bound that follows from it.
func (r *metadataRow) load(ctx context.Context, upTo Offset) (m *tailMetadata, bound Offset) {
	failpoint.InjectCall("read/before-metadata", ctx)
	m = r.row.Load()
	failpoint.InjectCall("read/metadata-loaded", ctx)
	return m, earlier(upTo, m.seen)
}

// fromFile serves (after, upTo] from the files. The files are the current ones, as the analysed system's single file is.
func fromFile(ctx context.Context, l *Log, after, upTo Offset) sources {
	failpoint.InjectCall("read/before-files", ctx)
	end := l.committed.Load() // what lies past it may be taken back by an abort
	failpoint.InjectCall("read/files-bounded", ctx)
	return sources{view: l.view.Load(), other: &otherSources{file: true, after: after, upTo: upTo, end: end, asItIs: true}}
}

// fromTail serves records that were taken out of the tail.
func fromTail(frames [][]byte) sources { return sources{other: &otherSources{eager: frames}} }

// mixed serves (after, persisted] from the files and then the records that were taken out of the tail.
func mixed(ctx context.Context, l *Log, after, persisted Offset, eager [][]byte) sources {
	s := fromFile(ctx, l, after, persisted)
	s.other.file, s.other.eager = after.Before(persisted), eager
	return s
}
