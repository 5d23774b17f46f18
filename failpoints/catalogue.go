package failpoints

// An Access says how the code after a point touches its resource.
type Access uint8

const (
	// Nothing: the point only marks a moment.
	Nothing Access = iota
	// Reads the resource.
	Reads
	// Writes the resource.
	Writes
)

// String names the access as the catalogue prints it.
func (a Access) String() string {
	switch a {
	case Reads:
		return "read"
	case Writes:
		return "write"
	}
	return "-"
}

// An Entry of the catalogue describes one failpoint of this module.
type Entry struct {
	// Name as the marker writes it.
	Name string
	Kind Kind
	// Resource is what the code after the point touches: the name of a piece of shared state.
	Resource string
	Access   Access
	// Reason says why the point exists: what can strike there.
	Reason string
}

// StoragePackage is the import path whose failpoints the catalogue lists.
const StoragePackage = "github.com/racewindow/racewindow/storage"

// Catalogue returns all failpoints of the storage engine, in the order of the catalogue. A test holds it against the
// markers in the source.
func Catalogue() []Entry { return append([]Entry(nil), catalogue...) }

func catalogueEntry(pkg, name string) (Entry, bool) {
	if pkg == StoragePackage {
		for _, e := range catalogue {
			if e.Name == name {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// The resources: committed (the position below which records are visible), view (the published view), metadata (the row
// of a hand-over with a tail of its own), tail (the records in memory), file (the segments), index (the chunk index),
// log (the writers' state), round (who leads a flush), store (open logs and due flushes), wake (the flusher's channel),
// folder (names on disk).
var catalogue = []Entry{
	{"append/before-room", KindYield, "committed", Reads, "the tail may fill or drain before its size is looked at"},
	{"append/buffer-full", KindYield, "round", Writes, "an append waits for a flush that others may lead"},
	{"append/lock", KindWait, "log", Writes, "writers take turns; also readers of the visible offset"},
	{"append/turn", KindWait, "log", Writes, "a writer waits for the open transaction to end: a missed wake-up hangs it"},
	{"append/before-buffer", KindYield, "tail", Writes, "nothing of the append exists yet"},
	{"append/buffered", KindYield, "committed", Writes, "the frames are in memory and not visible"},
	{"append/tail-inserted", KindYield, "metadata", Writes, "the shared tail has the records, the metadata does not say so"},
	{"append/seen", KindYield, "committed", Writes, "the metadata of a hand-over says that the records are there, the log does not yet"},
	{"append/published", KindYield, "log", Writes, "visible, not acknowledged"},

	{"transaction/begun", KindYield, "log", Writes, "a transaction is open and empty"},
	{"transaction/added", KindYield, "log", Writes, "fragments are in memory; a flush may write them before the commit"},
	{"transaction/before-abort", KindYield, "file", Writes, "fragments that were flushed are about to be cut from the file"},

	{"flush/before-check", KindYield, "view", Reads, "somebody else may make it durable first"},
	{"flush/turn", KindWait, "round", Writes, "leader or follower"},
	{"flush/wait", KindWait, "round", Reads, "a follower waits for the leader: a missed wake-up hangs it"},
	{"flush/lock", KindWait, "log", Writes, "the batch is taken, and later the view published, under the writers' lock"},
	{"flush/before-write", KindYield, "file", Writes, "the batch is chosen, nothing written"},
	{"flush/write-error", KindFault, "file", Writes, "the disk refuses the write"},
	{"flush/short-write", KindFault, "file", Writes, "the disk takes a part of the write"},
	{"flush/no-space", KindFault, "file", Writes, "the disk is full after a part of the write"},
	{"flush/written", KindYield, "file", Writes, "written, not synced: a crash may leave any part of it"},
	{"flush/sync-error", KindFault, "file", Writes, "the sync fails: the kernel may call the pages clean all the same"},
	{"flush/synced", KindYield, "view", Writes, "durable, and readers do not know: both tail and file can serve"},
	{"flush/published", KindYield, "tail", Writes, "readers that load now go to the file; those that loaded before still go to the tail"},
	{"flush/trimmed", KindYield, "round", Writes, "the tail is empty: whoever still goes there finds nothing"},
	{"flush/notify", KindYield, "round", Writes, "the round is over, its followers sleep"},

	{"index/before-read", KindYield, "index", Reads, "the entries that the view counts lie in a file that grows and may be closed"},
	{"index/before-write", KindYield, "index", Writes, "the log is ahead of the index"},
	{"index/write-error", KindFault, "index", Writes, "the index gets a part of an entry, or none"},

	{"segment/written", KindYield, "folder", Writes, "a new file is whole and has no name"},
	{"segment/renamed", KindYield, "folder", Writes, "a new file has a name that a crash may take away"},
	{"segment/dirsync-error", KindFault, "folder", Writes, "the folder's sync fails"},

	{"read/before-metadata", KindYield, "committed", Reads, "the read has begun and seen nothing"},
	{"read/committed-loaded", KindYield, "view", Reads, "how far is known, where is not: the view may be replaced"},
	{"read/metadata-loaded", KindYield, "tail", Reads, "the seed's window: the reader has decided where to look, and a flush may clear that place"},
	{"read/before-recheck", KindYield, "metadata", Reads, "Option A is about to look again"},
	{"read/rechecked", KindYield, "tail", Reads, "what is left of the seed's window after Option A's second look"},
	{"read/before-tail", KindYield, "tail", Reads, "the last moment before the tail is read"},
	{"read/between-tail-records", KindYield, "tail", Reads, "a tail that is cleared here gives a part of the records"},
	{"read/before-files", KindYield, "view", Reads, "a reader that goes to the file takes the files of this moment"},
	{"read/files-bounded", KindYield, "view", Reads, "how far a read of the files may go is known, which files is not"},
	{"read/before-file", KindYield, "file", Reads, "the file may grow, be cut or be closed"},
	{"read/io-error", KindFault, "file", Reads, "the disk cannot read"},
	{"read/bit-flip", KindFault, "file", Reads, "the disk reads something else than was written"},

	{"tail/lock", KindWait, "tail", Writes, "the shared tail's lock"},
	{"retain/lock", KindWait, "tail", Writes, "the lock of the retained generations"},

	{"recovery/scanned", KindYield, "file", Reads, "a crash during recovery: recovering twice must equal recovering once"},
	{"recovery/before-cut", KindYield, "file", Writes, "the torn tail is found and still there"},
	{"recovery/truncate-error", KindFault, "file", Writes, "the disk refuses to cut: the log must stay closed"},
	{"recovery/before-sync", KindYield, "file", Writes, "the tail is cut and rewritten, not synced"},

	{"store/opening", KindWait, "store", Writes, "logs are opened and closed one after the other"},
	{"store/lock", KindWait, "store", Writes, "the store's lists"},
	{"store/close", KindWait, "store", Reads, "closing waits for the flusher to end"},
	{"flusher/before-wake", KindYield, "wake", Writes, "a flush is due, or the end is, and the flusher asleep"},
	{"flusher/wake", KindWait, "wake", Reads, "the flusher waits for work or for the next interval"},
	{"flusher/flushed", KindYield, "store", Reads, "one log is flushed, the next is due"},
}
