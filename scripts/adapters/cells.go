package main

// Tests of adapters that have several.
const (
	anyFile   = "TestMap$"
	anyLog    = "TestLog$"
	namedFile = "AfterItsFileIsNamed"
	goingOn   = "TestLogThatGoesOn$"
	shortened = "TestLogWhoseEndIsDeleted$"
	anySeries = "TestSeries$"
	ofProcess = "TestSeriesOfAProcess$"

	segmentsNamed = "WhoseSegmentsAreNamed$"
	newSegment    = "AfterATornWrite$"
	readers       = "TestReader$"
	madeAside     = "ThatIsMadeAside$"
)

// Why a way is refused, for the table, and what the command says then: words that stand in one literal of harness/.
const (
	maps      = "badger writes through shared maps, of which no call tells"
	mapsSaid  = "what is written to a shared map of a file"
	hangs     = "Close does not close its database (pull request 28), so that nothing can open the log again in the same process"
	hangsSaid = "after the threads have ended"
)

// slow are the flags for an engine that takes long to open: fewer clients at once, and fewer programs, each of which is first executed alone.
var slow = []string{"--goroutines", "20", "--programs", "10"}

// eitherCrash are the promises of which one breaks when power is lost under load: the second, if it was lost during an opening too, and the
// third, if that was the first opening.
const eitherCrash = "Durability or RecoveryIdempotence or FirstOpening"

// untilFound kills until a kill strikes the moment that it must strike: of three runs with 20 kills, two have found it.
var untilFound = []string{"--kills", "200"}

// cells are the rows of the table, in their order.
var cells = []cell{
	{engine: "bbolt", folder: "bbolt", way: "crash", test: anyFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "power is lost while a new file is made"},
	{engine: "bbolt", folder: "bbolt", way: "stress", test: anyFile},
	{engine: "bbolt", folder: "bbolt", way: power, test: anyFile, broken: eitherCrash, page: "findings/bbolt.md", because: "the name of a new file is not durable"},
	{engine: "bbolt", folder: "bbolt", way: "kill", test: anyFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "explore", test: namedFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "crash", test: namedFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "a process dies, then power is lost: the file cannot be used"},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "faults", test: namedFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "a process dies, then power is lost: the file cannot be used"},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "stress", test: namedFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: power, test: namedFile, broken: eitherCrash, page: "findings/bbolt.md", because: "power is lost while a new file is made"},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "kill", test: namedFile},
	{engine: "tidwall/wal", folder: "tidwall", way: "explore"},
	{engine: "tidwall/wal", folder: "tidwall", way: "crash", broken: "Durability", page: "findings/tidwall.md", because: "a torn write; the name of a segment"},
	{engine: "tidwall/wal", folder: "tidwall", way: "faults", broken: "Durability", page: "findings/tidwall.md", because: "the name of a segment"},
	{engine: "tidwall/wal", folder: "tidwall", way: "stress"},
	{engine: "tidwall/wal", folder: "tidwall", way: power, broken: eitherCrash, page: "findings/tidwall.md", because: "a torn write; the name of a segment"},
	{engine: "tidwall/wal", folder: "tidwall", way: "kill"},
	{engine: "rosedb/wal", folder: "rosedb", way: "explore", test: anyLog},
	{engine: "rosedb/wal", folder: "rosedb", way: "crash", test: anyLog, broken: "Durability", page: "findings/rosedb.md", because: "the name of a segment"},
	{engine: "rosedb/wal", folder: "rosedb", way: "faults", test: anyLog, broken: "Durability", page: "findings/rosedb.md", because: "the name of a segment"},
	{engine: "rosedb/wal", folder: "rosedb", way: "stress", test: anyLog},
	{engine: "rosedb/wal", folder: "rosedb", way: power, test: anyLog, broken: eitherCrash, page: "findings/rosedb.md", because: "the name of a segment"},
	{engine: "rosedb/wal", folder: "rosedb", way: "kill", test: anyLog},
	{engine: "rosedb/wal, its segments are named", folder: "rosedb", way: "crash", test: segmentsNamed, broken: "SecondLife", page: "findings/rosedb.md", because: "what is written after a torn write"},
	{engine: "rosedb/wal, its segments are named", folder: "rosedb", way: "faults", test: segmentsNamed, broken: "SecondLife", page: "findings/rosedb.md", because: "what is written after a torn write"},
	{engine: "rosedb/wal, its segments are named", folder: "rosedb", way: power, test: segmentsNamed, broken: eitherCrash, page: "findings/rosedb.md", because: "what is written after a torn write"},
	{engine: "rosedb/wal, a new segment after a torn write", folder: "rosedb", way: "crash", test: newSegment},
	{engine: "rosedb/wal, a new segment after a torn write", folder: "rosedb", way: "faults", test: newSegment, more: []string{"--budget", "5m"}, broken: "Durability or SecondLife", page: "findings/rosedb.md", because: "what is written after a write that failed"},
	{engine: "rosedb/wal, a new segment after a torn write", folder: "rosedb", way: power, test: newSegment},
	{engine: "rosedb/wal, going on after a fault", folder: "rosedb", way: "faults", test: goingOn, more: []string{"--budget", "5m"}, broken: "Durability", page: "findings/rosedb.md", because: "what is written after a write that failed"},
	{engine: "rosedb/wal, its readers", folder: "rosedb", way: "explore", test: readers, broken: "Linearizability", page: "findings/rosedb.md", because: "a reader ends early while records are written"},
	{engine: "rosedb/wal, its readers", folder: "rosedb", way: "stress", test: readers, broken: "data race or Linearizability", page: "findings/rosedb.md", because: "a reader ends early while records are written"},
	{engine: "raft-wal", folder: "raftwal", way: "explore", test: anyLog},
	{engine: "raft-wal", folder: "raftwal", way: "crash", test: anyLog, more: []string{"--budget", "5m"}, broken: "SecondLife", page: "findings/raftwalrestart.md", because: "a restart, then power is lost: the name of a segment"},
	{engine: "raft-wal", folder: "raftwal", way: "faults", test: anyLog, more: []string{"--budget", "5m"}, broken: "SecondLife", page: "findings/raftwalrestart.md", because: "a restart, then power is lost: the name of a segment"},
	{engine: "raft-wal", folder: "raftwal", way: "stress", test: anyLog},
	{engine: "raft-wal", folder: "raftwal", way: power, test: anyLog},
	{engine: "raft-wal", folder: "raftwal", way: "kill", test: anyLog},
	{engine: "raft-wal, its end is deleted", folder: "raftwal", way: "crash", test: shortened, broken: "Durability", page: "findings/raftwalsealed.md", because: "a full segment takes no entry after a restart"},
	{engine: "raft-wal, its end is deleted", folder: "raftwal", way: power, test: shortened, broken: eitherCrash, page: "findings/raftwalsealed.md", because: "a full segment takes no entry after a restart"},
	{engine: "raft-wal, going on after a fault", folder: "raftwal", way: "faults", test: goingOn, broken: "SecondLife", page: "findings/raftwal.md", because: "after a sync that failed and a restart, the end of a segment is taken for durable"},
	{engine: "etcd's wal", folder: "etcdwal", way: "explore"},
	{engine: "etcd's wal", folder: "etcdwal", way: "crash"},
	{engine: "etcd's wal", folder: "etcdwal", way: "faults", broken: "SecondLife", seldom: true, page: "findings/etcdwal.md", because: "after a sync that failed and a restart, the end of the file is taken for durable"},
	{engine: "etcd's wal", folder: "etcdwal", way: "stress"},
	{engine: "etcd's wal", folder: "etcdwal", way: power, broken: eitherCrash + " or SecondLife", seldom: true, page: "findings/etcdwal.md", because: "two losses, each in the middle of a Save"},
	{engine: "etcd's wal", folder: "etcdwal", way: "kill"},
	{engine: "pebble", folder: "pebble", way: "explore"},
	{engine: "pebble", folder: "pebble", way: "crash"},
	{engine: "pebble", folder: "pebble", way: "faults", more: []string{"--per-program", "1", "--schedules", "8"}},
	{engine: "pebble", folder: "pebble", way: "stress"},
	{engine: "pebble", folder: "pebble", way: power},
	{engine: "pebble", folder: "pebble", way: "kill"},
	{engine: "goleveldb", folder: "goleveldb", way: "explore", test: anyFile},
	{engine: "goleveldb", folder: "goleveldb", way: "crash", test: anyFile, broken: "FirstOpening", page: "findings/goleveldb.md", because: "power is lost while a database is made: it cannot be opened"},
	{engine: "goleveldb", folder: "goleveldb", way: "faults", test: anyFile, more: []string{"--schedules", "1"}, broken: "FirstOpening", page: "findings/goleveldb.md", because: "power is lost while a database is made: it cannot be opened"},
	{engine: "goleveldb", folder: "goleveldb", way: "stress", test: anyFile},
	{engine: "goleveldb", folder: "goleveldb", way: power, test: anyFile, broken: "FirstOpening", page: "findings/goleveldb.md", because: "power is lost while a database is made: it cannot be opened"},
	{engine: "goleveldb", folder: "goleveldb", way: "kill", test: anyFile, more: untilFound, broken: "Durability", page: "findings/goleveldb.md", because: "a kill while a database is made: it cannot be opened"},
	{engine: "goleveldb, its database is made aside", folder: "goleveldb", way: "crash", test: madeAside, more: []string{"--budget", "2m"}},
	{engine: "goleveldb, its database is made aside", folder: "goleveldb", way: power, test: madeAside},
	{engine: "Prometheus' wlog", folder: "wlog", way: "explore", test: anyLog},
	{engine: "Prometheus' wlog", folder: "wlog", way: "crash", test: anyLog, broken: "Durability", page: "findings/wlog.md", because: "the name of a segment"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "faults", test: anyLog, broken: "Durability", page: "findings/wlog.md", because: "the name of a segment"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "stress", test: anyLog},
	{engine: "Prometheus' wlog", folder: "wlog", way: power, test: anyLog, broken: eitherCrash, page: "findings/wlog.md", because: "the name of a segment"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "kill", test: anyLog},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: "explore", test: anySeries},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: "crash", test: anySeries, broken: "Durability", page: "findings/wlog.md", because: "the name of the log's folder"},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: "faults", test: anySeries, broken: "Durability", page: "findings/wlog.md", because: "the name of the log's folder"},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: "stress", test: anySeries, more: slow},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: power, test: anySeries, more: slow, broken: eitherCrash, page: "findings/wlog.md", because: "the name of the log's folder"},
	{engine: "Prometheus' tsdb", folder: "tsdb", way: "kill", test: ofProcess},
	{engine: "NATS JetStream", folder: "nats", way: "explore"},
	{engine: "NATS JetStream", folder: "nats", way: "crash", more: []string{"--schedules", "5"}},
	{engine: "NATS JetStream", folder: "nats", way: "faults", more: []string{"--per-program", "1", "--schedules", "5"}, broken: "Durability", page: "findings/nats.md", because: "a write that failed leaves a number without a message"},
	{engine: "NATS JetStream", folder: "nats", way: "stress", more: slow},
	{engine: "NATS JetStream", folder: "nats", way: power, more: slow, broken: eitherCrash + " or SecondLife", seldom: true, page: "findings/nats.md", because: "two losses, the first while a stream is made: the name of a block"},
	{engine: "NATS JetStream", folder: "nats", way: "kill"},
	{engine: "badger", folder: "badger", way: "explore"},
	{engine: "badger", folder: "badger", way: "crash", refused: mapsSaid, because: maps},
	{engine: "badger", folder: "badger", way: "faults", refused: mapsSaid, because: maps},
	{engine: "badger", folder: "badger", way: "stress", more: slow},
	{engine: "badger", folder: "badger", way: power, refused: mapsSaid, because: maps},
	{engine: "badger", folder: "badger", way: "kill", more: untilFound, broken: "Durability", page: "findings/badger.md", because: "a kill while a file is made: the next Open fails"},
}
