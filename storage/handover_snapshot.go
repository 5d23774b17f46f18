package storage

import (
	"context"

	"github.com/pingcap/failpoint"
)

// Snapshot is Option C of the analysis, read-copy-update: the metadata carries its own tail. A view holds the arenas
// that belong to its persisted position. A flush publishes a new view and takes nothing away from the old one, which
// lives as long as a reader holds it. Go's garbage collector provides the grace period. Readers take no lock and wait for
// nobody.
var Snapshot = register(Handover{
	name:    "snapshot",
	summary: "the metadata carries its own immutable tail; old ones live as long as a reader holds them (Option C)",
	holds:   true,
	make:    func(*Log) handover { return snapshot{} },
}, true)

type snapshot struct{}

// plan loads the committed position first and the view second; view.go says why this order is complete.
func (snapshot) plan(ctx context.Context, l *Log, after, upTo Offset) sources {
	failpoint.InjectCall("read/before-metadata", ctx)
	end := l.committed.Load()
	failpoint.InjectCall("read/committed-loaded", ctx)
	v := l.view.Load()
	failpoint.InjectCall("read/metadata-loaded", ctx)
	s := sources{view: v, tailFrom: v.cached, tailEnd: end}
	if after.Before(v.cachedAfter) {
		s.other = &otherSources{file: true, after: after, upTo: upTo, end: min(end, v.cached)}
	} else if v.cached < end {
		s.tailFrom = v.seekTail(after, end)
	}
	return s
}
