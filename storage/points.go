package storage

import "github.com/racewindow/racewindow/failpoints"

// Package is the import path of this package, which prefixes the names of its failpoints.
const Package = "github.com/racewindow/racewindow/storage"

// The resources:
//
//	committed  the position below which records are visible
//	view       the published view
//	metadata   the row of a hand-over that keeps a tail of its own
//	tail       the records in memory
//	file       the segments
//	index      the chunk index
//	log        the writers' state
//	round      who leads a flush
//	store      the open logs and the due flushes
//	wake       the flusher's channel
//	folder     the names on disk
//
// What a point names first is what strategies aim at. Also is the rest, whichever hand-over is in use: flush/lock stands before
// two steps, and the second one publishes the view. What the writers' lock guards is not listed, as long as the step holds it. Two
// things are in no declaration: a call's first step, before its first point, and whether the log is closed, which readers look at
// without the lock.
var declarations = failpoints.Declare(Package, []failpoints.Declaration{
	{Name: "append/before-room", Kind: failpoints.KindYield, Resource: "committed", Access: failpoints.Reads, Reason: "the tail may fill or drain before its size is looked at"},
	{Name: "append/buffer-full", Kind: failpoints.KindYield, Resource: "round", Access: failpoints.Writes, Reason: "an append waits for a flush that others may lead"},
	{Name: "append/lock", Kind: failpoints.KindWait, Resource: "log", Access: failpoints.Writes, Also: writes("view", "tail"), Reason: "writers take turns; also readers of the visible offset"},
	{Name: "append/turn", Kind: failpoints.KindWait, Resource: "log", Access: failpoints.Writes, Reason: "a writer waits for the open transaction to end: a missed wake-up hangs it"},
	{Name: "append/before-buffer", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Writes, Also: writes("view"), Reason: "nothing of the append exists yet"},
	{Name: "append/buffered", Kind: failpoints.KindYield, Resource: "committed", Access: failpoints.Writes, Reason: "the frames are in memory and not visible"},
	{Name: "append/tail-inserted", Kind: failpoints.KindYield, Resource: "metadata", Access: failpoints.Writes, Reason: "the shared tail has the records, the metadata does not say so"},
	{Name: "append/seen", Kind: failpoints.KindYield, Resource: "committed", Access: failpoints.Writes, Reason: "the metadata of a hand-over says that the records are there, the log does not yet"},
	{Name: "append/published", Kind: failpoints.KindYield, Resource: "log", Access: failpoints.Writes, Reason: "visible, not acknowledged"},

	{Name: "transaction/begun", Kind: failpoints.KindYield, Resource: "log", Access: failpoints.Writes, Reason: "a transaction is open and empty"},
	{Name: "transaction/added", Kind: failpoints.KindYield, Resource: "log", Access: failpoints.Writes, Reason: "fragments are in memory; a flush may write them before the commit"},
	{Name: "transaction/before-abort", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Writes, Also: writes("view", "metadata", "index"), Reason: "fragments that were flushed are about to be cut from the file"},

	{Name: "flush/before-check", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Reads, Reason: "somebody else may make it durable first"},
	{Name: "flush/turn", Kind: failpoints.KindWait, Resource: "round", Access: failpoints.Writes, Reason: "leader or follower"},
	{Name: "flush/wait", Kind: failpoints.KindWait, Resource: "round", Access: failpoints.Reads, Reason: "a follower waits for the leader: a missed wake-up hangs it"},
	{Name: "flush/lock", Kind: failpoints.KindWait, Resource: "log", Access: failpoints.Writes, Also: writes("view", "file", "folder", "store"), Reason: "the batch is taken, and later the view published, under the writers' lock"},
	{Name: "flush/before-write", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Writes, Also: reads("tail"), Reason: "the batch is chosen, nothing written"},
	{Name: "flush/write-error", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Writes, Reason: "the disk refuses the write"},
	{Name: "flush/short-write", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Writes, Reason: "the disk takes a part of the write"},
	{Name: "flush/no-space", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Writes, Reason: "the disk is full after a part of the write"},
	{Name: "flush/written", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Writes, Reason: "written, not synced: a crash may leave any part of it"},
	{Name: "flush/sync-error", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Writes, Reason: "the sync fails: the kernel may call the pages clean all the same"},
	{Name: "flush/synced", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Writes, Also: writes("metadata"), Reason: "durable, and readers do not know: both tail and file can serve"},
	{Name: "flush/published", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Writes, Reason: "readers that load now go to the file; those that loaded before still go to the tail"},
	{Name: "flush/trimmed", Kind: failpoints.KindYield, Resource: "round", Access: failpoints.Writes, Reason: "the tail is empty: whoever still goes there finds nothing"},
	{Name: "flush/notify", Kind: failpoints.KindYield, Resource: "round", Access: failpoints.Writes, Reason: "the round is over, its followers sleep"},

	{Name: "index/before-read", Kind: failpoints.KindYield, Resource: "index", Access: failpoints.Reads, Reason: "the entries that the view counts lie in a file that grows and may be closed"},
	{Name: "index/before-write", Kind: failpoints.KindYield, Resource: "index", Access: failpoints.Writes, Reason: "the log is ahead of the index"},
	{Name: "index/write-error", Kind: failpoints.KindFault, Resource: "index", Access: failpoints.Writes, Reason: "the index gets a part of an entry, or none"},

	{Name: "segment/written", Kind: failpoints.KindYield, Resource: "folder", Access: failpoints.Writes, Reason: "a new file is whole and has no name"},
	{Name: "segment/renamed", Kind: failpoints.KindYield, Resource: "folder", Access: failpoints.Writes, Reason: "a new file has a name that a crash may take away"},
	{Name: "segment/dirsync-error", Kind: failpoints.KindFault, Resource: "folder", Access: failpoints.Writes, Reason: "the folder's sync fails"},

	{Name: "read/before-metadata", Kind: failpoints.KindYield, Resource: "committed", Access: failpoints.Reads, Also: reads("metadata"), Reason: "the read has begun and seen nothing"},
	{Name: "read/committed-loaded", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Reads, Reason: "how far is known, where is not: the view may be replaced"},
	{Name: "read/metadata-loaded", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Reads, Reason: "the seed's window: the reader has decided where to look, and a flush may clear that place"},
	{Name: "read/before-recheck", Kind: failpoints.KindYield, Resource: "metadata", Access: failpoints.Reads, Reason: "Option A is about to look again"},
	{Name: "read/rechecked", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Reads, Reason: "what is left of the seed's window after Option A's second look"},
	{Name: "read/before-tail", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Reads, Reason: "the last moment before the tail is read"},
	{Name: "read/between-tail-records", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Reads, Reason: "a tail that is cleared here gives a part of the records"},
	{Name: "read/before-files", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Reads, Also: reads("committed"), Reason: "a reader that goes to the file takes the files of this moment"},
	{Name: "read/files-bounded", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Reads, Reason: "how far a read of the files may go is known, which files is not"},
	{Name: "read/before-file", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Reads, Reason: "the file may grow, be cut or be closed"},
	{Name: "read/io-error", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Reads, Reason: "the disk cannot read"},
	{Name: "read/bit-flip", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Reads, Reason: "the disk reads something else than was written"},

	{Name: "tail/lock", Kind: failpoints.KindWait, Resource: "tail", Access: failpoints.Writes, Reason: "the shared tail's lock"},
	{Name: "retain/lock", Kind: failpoints.KindWait, Resource: "tail", Access: failpoints.Writes, Reason: "the lock of the retained generations"},

	{Name: "recovery/scanned", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Reads, Reason: "a crash during recovery: recovering twice must equal recovering once"},
	{Name: "recovery/before-cut", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Writes, Reason: "the torn tail is found and still there"},
	{Name: "recovery/truncate-error", Kind: failpoints.KindFault, Resource: "file", Access: failpoints.Writes, Reason: "the disk refuses to cut: the log must stay closed"},
	{Name: "recovery/before-sync", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Writes, Reason: "the tail is cut and rewritten, not synced"},

	{Name: "store/opening", Kind: failpoints.KindWait, Resource: "store", Access: failpoints.Writes, Reason: "logs are opened and closed one after the other"},
	{Name: "store/lock", Kind: failpoints.KindWait, Resource: "store", Access: failpoints.Writes, Reason: "the store's lists"},
	{Name: "store/close", Kind: failpoints.KindWait, Resource: "store", Access: failpoints.Reads, Reason: "closing waits for the flusher to end"},
	{Name: "flusher/before-wake", Kind: failpoints.KindYield, Resource: "wake", Access: failpoints.Writes, Reason: "a flush is due, or the end is, and the flusher asleep"},
	{Name: "flusher/wake", Kind: failpoints.KindWait, Resource: "wake", Access: failpoints.Reads, Reason: "the flusher waits for work or for the next interval"},
	{Name: "flusher/flushed", Kind: failpoints.KindYield, Resource: "store", Access: failpoints.Reads, Reason: "one log is flushed, the next is due"},
})

func writes(resources ...string) []failpoints.Touch { return touches(failpoints.Writes, resources) }

func reads(resources ...string) []failpoints.Touch { return touches(failpoints.Reads, resources) }

func touches(access failpoints.Access, resources []string) (all []failpoints.Touch) {
	for _, r := range resources {
		all = append(all, failpoints.Touch{Resource: r, Access: access})
	}
	return all
}

// Points returns the declarations of this package's failpoints, in their order.
func Points() []failpoints.Declaration { return append([]failpoints.Declaration(nil), declarations...) }
