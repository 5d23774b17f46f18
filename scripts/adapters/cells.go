package main

// Tests of adapters that have several.
const (
	anyFile   = "TestMap$"
	namedFile = "AfterItsFileIsNamed"
)

// Why a way is refused, for the table, and what the command says then.
const (
	maps        = "badger writes through shared maps, of which no call tells"
	mapsSaid    = "mmap cannot be recorded: what is written to a shared map of a file"
	repeats     = "badger does not repeat itself under the same schedule"
	repeatsSaid = "the same choices made a different execution"
)

// cells are the rows of the table, in their order.
var cells = []cell{
	{engine: "bbolt", folder: "bbolt", way: "crash", test: anyFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "power is lost while a new file is made"},
	{engine: "bbolt", folder: "bbolt", way: "stress", test: anyFile},
	{engine: "bbolt", folder: "bbolt", way: "kill", test: anyFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "explore", test: namedFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "crash", test: namedFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "a process dies, then power is lost: the file cannot be used"},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "faults", test: namedFile, broken: "RecoveryIdempotence", page: "findings/bbolt.md", because: "a process dies, then power is lost: the file cannot be used"},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "stress", test: namedFile},
	{engine: "bbolt, its folder synced after Open", folder: "bbolt", way: "kill", test: namedFile},
	{engine: "tidwall/wal", folder: "tidwall", way: "explore"},
	{engine: "tidwall/wal", folder: "tidwall", way: "crash", broken: "Durability", page: "findings/tidwall.md", because: "a torn write; the name of a segment"},
	{engine: "tidwall/wal", folder: "tidwall", way: "faults", broken: "Durability", page: "findings/tidwall.md", because: "the name of a segment"},
	{engine: "tidwall/wal", folder: "tidwall", way: "stress"},
	{engine: "tidwall/wal", folder: "tidwall", way: "kill"},
	{engine: "raft-wal", folder: "raftwal", way: "explore"},
	{engine: "raft-wal", folder: "raftwal", way: "crash", more: []string{"--budget", "5m"}, broken: "SecondLife", page: "findings/raftwalrestart.md", because: "a restart, then power is lost: the name of a segment"},
	{engine: "raft-wal", folder: "raftwal", way: "faults", more: []string{"--budget", "5m"}, broken: "SecondLife", page: "findings/raftwalrestart.md", because: "a restart, then power is lost: the name of a segment"},
	{engine: "raft-wal", folder: "raftwal", way: "stress"},
	{engine: "raft-wal", folder: "raftwal", way: "kill"},
	{engine: "etcd's wal", folder: "etcdwal", way: "explore"},
	{engine: "etcd's wal", folder: "etcdwal", way: "crash"},
	{engine: "etcd's wal", folder: "etcdwal", way: "faults"},
	{engine: "etcd's wal", folder: "etcdwal", way: "stress"},
	{engine: "etcd's wal", folder: "etcdwal", way: "kill"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "explore"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "crash", broken: "Durability", page: "findings/wlog.md", because: "the name of a segment"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "faults", broken: "Durability", page: "findings/wlog.md", because: "the name of a segment"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "stress"},
	{engine: "Prometheus' wlog", folder: "wlog", way: "kill"},
	{engine: "NATS JetStream", folder: "nats", way: "explore"},
	{engine: "NATS JetStream", folder: "nats", way: "crash", more: []string{"--schedules", "5"}},
	{engine: "NATS JetStream", folder: "nats", way: "kill"},
	{engine: "badger", folder: "badger", way: "explore", refused: repeatsSaid, because: repeats},
	{engine: "badger", folder: "badger", way: "crash", refused: mapsSaid, because: maps},
	{engine: "badger", folder: "badger", way: "faults", refused: mapsSaid, because: maps},
	{engine: "badger", folder: "badger", way: "kill", broken: "Durability", page: "findings/badger.md", because: "a kill while a file is made: the next Open fails"},
}

// untried are the ways, by the folder of an adapter, that nobody has tried yet. The page names them.
var untried = map[string][]string{
	"nats": {"faults", "stress"}, "badger": {"stress"}, "pebble": {"explore", "crash", "faults", "stress", "kill"},
}
