package main

// A bug is one that a module really had.
type bug struct {
	name       string // of the row, and of the test in testdata
	module     string
	repository string // on GitHub, as OWNER/NAME
	commit     string // that mended it
	// before is the last version with the bug, after the first one without it. Most are the commit and its parent.
	before, after string
	needs         []string // pinned versions of what a module without a go.mod imports
	way           []string // the command: explore, or another
	what          string   // what went wrong
	finds         string   // what is found before the mend: the promise that breaks, or the kind of failure
	missed        string   // why it is not found, "" if it is; finds is then the verdict
	// holds is the verdict after the mend if it does not just hold, and other says why. "or" is between verdicts that depend on how far the
	// search comes in its time.
	holds, other string
}

// arguments are those of racewindow.
func (b bug) arguments() []string {
	way := b.way
	if way == nil {
		way = []string{"explore"}
	}
	return append(append([]string{}, way...), "--seed", "1", "--budget", budget.String(), ".")
}

var (
	race   = []string{"explore", "--race"}
	crash  = []string{"crash"}
	faults = []string{"crash", "--faults", "2"}
)

// bugs are the rows of the table, in its order.
var bugs = []bug{
	{
		name: "singleflight", module: "golang.org/x/sync", repository: "golang/sync", commit: "8fcdb60fdcc0539c5e357b2308249e4e752147f1",
		before: "v0.0.0-20220923202941-7f9b1623fab7", after: "v0.0.0-20220929204114-8fcdb60fdcc0",
		what:  "`Do` wakes its waiters before it forgets the call, so a `Do` that begins after another has returned may still get that one's old result",
		finds: "failed",
	},
	{
		name: "zap-stop", module: "go.uber.org/zap", repository: "uber-go/zap", commit: "3ffa0c00594205c2c623aa9493847217982b558d",
		before: "v1.27.0", after: "v1.27.1",
		what:  "`BufferedWriteSyncer.Stop` holds the lock while it waits for the flush loop, which may be waiting for the same lock",
		finds: "deadlock",
	},
	{
		name: "zap-lazy", module: "go.uber.org/zap", repository: "uber-go/zap", commit: "7c80d7b53df6ed592d333998cbbfcd99ff52f3c2",
		before: "v1.27.0", after: "v1.27.1",
		way:   race,
		what:  "the first use of a logger made by `WithLazy` replaces its core while other goroutines read it",
		finds: "data race",
	},
	{
		name: "puddle-cancel", module: "github.com/jackc/puddle", repository: "jackc/puddle", commit: "26cd25c14be177320a5914e51e4f0775b344dc05",
		before: "v1.0.0", after: "v1.0.1-0.20191216215842-26cd25c14be1",
		what:  "after an `Acquire` is cancelled at the wrong moment, nobody is left who unlocks the pool's mutex",
		finds: "deadlock",
	},
	{
		name: "puddle-close", module: "github.com/jackc/puddle", repository: "jackc/puddle", commit: "aa0e8cd5bcf39031feda870c0f5359dab038c916",
		before: "v1.1.3", after: "v1.1.4-0.20210910231545-aa0e8cd5bcf3",
		what:  "`CreateResource` in a pool that is being closed returns without unlocking",
		finds: "deadlock",
	},
	{
		name: "pond-queue", module: "github.com/alitto/pond/v2", repository: "alitto/pond", commit: "18e306ddca015dd0e8b29e446d0878fe5adbfab2",
		before: "v2.3.1", after: "v2.3.2",
		what:  "the word that there is room in a bounded queue gets lost if the submitter is not waiting yet, so it waits for ever",
		finds: "deadlock",
	},
	{
		name: "pond-submit-closed", module: "github.com/alitto/pond/v2", repository: "alitto/pond", commit: "05bba89fdba9f3184692efbcac5e833f8e3b8ef7",
		before: "v2.1.5-0.20241115232721-fc408b5e8b5e", after: "v2.1.5-0.20241127074051-05bba89fdba9",
		what:  "a task that is submitted while the pool stops is sent on a closed channel",
		finds: "panic",
	},
	{
		name: "pond-stop", module: "github.com/alitto/pond/v2", repository: "alitto/pond", commit: "94bbb624df4c402557293c8c37d0b15a6c7a0a4b",
		before: "v2.3.0", after: "v2.3.1-0.20250403112225-94bbb624df4c",
		what:  "a task that is submitted while the pool stops may run after `StopAndWait` has returned",
		finds: "failed",
	},
	{
		name: "pond-purge", module: "github.com/alitto/pond", repository: "alitto/pond", commit: "ac8953dc20ff2457ac3a8647d5d5643a99ba5231",
		before: "v1.8.1-0.20220822111040-d01340a7a21e", after: "v1.8.1-0.20220828215317-ac8953dc20ff",
		what:  "the purger tells an idle worker to end that has just gone, blocks for ever, and with it `StopAndWait`",
		finds: "timing: deadlock",
	},
	{
		name: "pond-purge-stop", module: "github.com/alitto/pond", repository: "alitto/pond", commit: "5a66a00af99caad12478b858e4c67bba570a889c",
		before: "v1.7.0", after: "v1.7.1-0.20220306225036-5a66a00af99c",
		what:  "the purger of idle workers sends on the task channel that `StopAndWait` has closed",
		finds: "panic",
		holds: "held or found: timing: leak or found: timing: livelock",
		other: "a purger whose idle worker has just gone waits for ever, which is the bug of pond-purge; a slow machine does not come to it in the time",
	},
	{
		name: "haxmap-set", module: "github.com/alphadose/haxmap", repository: "alphadose/haxmap", commit: "2c0badaf60f89b8458d9d2d56cca5c5b4f449a3c",
		before: "v1.0.1-0.20220930141432-62bc42b80696", after: "v1.0.1-0.20221002231314-2c0badaf60f8",
		what:  "a `Set` that begins at an element which is being deleted never ends",
		finds: "livelock",
	},
	{
		name: "haxmap-del", module: "github.com/alphadose/haxmap", repository: "alphadose/haxmap", commit: "f4885e7522f138036dabe14c8eec0e5b7b66d0a6",
		before: "v1.0.1-0.20221003002436-8cde6bd5ef2c", after: "v1.0.1-0.20221003005733-f4885e7522f1",
		what:  "two goroutines that delete the same key go round in a circle",
		finds: "livelock",
	},
	{
		name: "haxmap-len", module: "github.com/alphadose/haxmap", repository: "alphadose/haxmap", commit: "405089432245fa9bd715dae9f569dd68f03b0e7d",
		before: "v1.1.1-0.20221114090116-5f15ec73a34a", after: "v1.1.1-0.20221114101037-405089432245",
		what:  "a key that two goroutines delete is subtracted twice from the length",
		finds: "failed",
	},
	{
		name: "hashmap", module: "github.com/cornelk/hashmap", repository: "cornelk/hashmap", commit: "33e58823eb9d4426a8d2b604cece33c3c15df8cc",
		before: "v1.0.0", after: "v1.0.1-0.20190121140111-33e58823eb9d",
		needs: []string{"github.com/dchest/siphash v1.1.0"},
		way:   race,
		what:  "an insert at the head links the new element before that has its own neighbours, so others may see a list that ends there",
		finds: "data race",
	},
	{
		name: "xsync-resize", module: "github.com/puzpuzpuz/xsync/v3", repository: "puzpuzpuz/xsync", commit: "42e3390a5c0ba5977b76f3c2233189220fc404a4",
		before: "v3.0.1-0.20231023060422-abcfab602348", after: "v3.0.1",
		what:  "a `Store` beside a resize of the table writes into the old table, and is lost",
		finds: "failed",
	},
	{
		name: "xsync-load-or-store", module: "github.com/puzpuzpuz/xsync", repository: "puzpuzpuz/xsync", commit: "1ad5cea91695c79ae15d2bc8c52b277087a04333",
		before: "v1.0.1", after: "v1.0.2",
		way:   race,
		what:  "`LoadOrStore` reads the value after it has unlocked, when another goroutine may be deleting it",
		finds: "data race",
	},
	{
		name: "yamux", module: "github.com/hashicorp/yamux", repository: "hashicorp/yamux", commit: "b84aa5e74334e997ea26635bdc8187ab9be0fc49",
		before: "v0.0.0-20150212010257-b4f943b3f25d", after: "v0.0.0-20150407023431-b84aa5e74334",
		what:  "closing a stream takes two locks in the other order than the receive loop",
		finds: "deadlock",
	},
	{
		name: "watermill", module: "github.com/ThreeDotsLabs/watermill", repository: "ThreeDotsLabs/watermill", commit: "6adfe4edd36df4c2a5f925400944e4d2ad2f7f90",
		before: "v1.2.0-rc.11", after: "v1.2.0",
		what:  "the second `Close` of a `GoChannel` returns with its lock held",
		finds: "deadlock",
	},
	{
		name: "groupcache", module: "github.com/golang/groupcache", repository: "golang/groupcache", commit: "d995f8a6686adff0b1f2f20c52ef4114981d2006",
		before: "v0.0.0-20150125180832-604ed5785183", after: "v0.0.0-20160127193335-d995f8a6686a",
		needs: []string{"github.com/golang/protobuf v1.5.4", "google.golang.org/protobuf v1.33.0"},
		what:  "two `Get`s that miss together may load the key one after the other, and count its bytes twice",
		finds: "failed",
	},
	{
		name: "fatih-pool", module: "github.com/fatih/pool", repository: "fatih/pool", commit: "12d582f1020bd2eb5f772c2ea8d4c091bd883d16",
		before: "v0.0.0-20170111211042-6e328e67893e", after: "v0.0.0-20170930091839-12d582f1020b",
		what:  "`Get` calls the factory that `Close` has just set to nil",
		finds: "panic",
	},
	{
		name: "abool", module: "github.com/tevino/abool", repository: "tevino/abool", commit: "42463bd9a011473efd0f3a35eaf5b6686adbbb14",
		before: "v1.0.1-0.20180908123155-a8aae649693e", after: "v1.0.1-0.20190722050435-42463bd9a011",
		what:  "`Flip` is not atomic, as its comment feared; `Toggle` took its place",
		finds: "Linearizability",
	},
	{
		name: "otter", module: "github.com/maypok86/otter/v2", repository: "maypok86/otter", commit: "c8332f8c50806c0c6905db6b0ea450b882c2a79f",
		before: "v2.2.0", after: "v2.2.1",
		what:  "`InvalidateAll` beside a `Get` that loads panics",
		finds: "panic",
	},
	{
		name: "bigcache", module: "github.com/allegro/bigcache", repository: "allegro/bigcache", commit: "e24eb225f15679bbe54f91bfa7da3b00e59b9768",
		before: "v1.2.0", after: "v1.2.1-0.20190218064605-e24eb225f156",
		what:  "`Get` reads the entry after it has unlocked, so it may return what a `Set` has just written there",
		finds: "failed",
	},
	{
		name: "ttlcache", module: "github.com/jellydator/ttlcache/v3", repository: "jellydator/ttlcache", commit: "0a03e09dda192c5d83039159c642524e66b83cc9",
		before: "v3.0.2-0.20230530103303-c619bbdcc120", after: "v3.0.2-0.20230820095602-0a03e09dda19",
		what:  "`GetOrSet` is a get and then a set, so two goroutines may both set",
		finds: "Linearizability",
	},
	{
		name: "client-golang", module: "github.com/prometheus/client_golang", repository: "prometheus/client_golang", commit: "1b2bd1d665c299622b573c9088e8018d0028102b",
		before: "v0.9.0-pre1.0.20180907170400-1e08f788cf45", after: "v0.9.0-pre1.0.20180912130344-1b2bd1d665c2",
		needs: []string{"github.com/beorn7/perks v0.0.0-20180321164747-3a771d992973", "github.com/golang/protobuf v1.2.0", "github.com/matttproud/golang_protobuf_extensions v1.0.1", "github.com/prometheus/client_model v0.0.0-20180712105110-5c3871d89910", "github.com/prometheus/common v0.0.0-20181126121408-4724e9255275", "github.com/prometheus/procfs v0.0.0-20181204211112-1dc9a6cbc91a"},
		what:  "a histogram that is collected during an observation has a count, a sum and buckets of different moments",
		finds: "failed",
	},
	{
		name: "ants", module: "github.com/panjf2000/ants", repository: "panjf2000/ants", commit: "08d01b6b480f74dfa5586a8901878cd466b66de8",
		before: "v1.1.1-0.20190817184532-af70ed06608f", after: "v1.1.1",
		what:  "a submitter that finds no worker running after its wait starts one, and keeps the pool's lock",
		finds: "deadlock",
		holds: "found: leak",
		other: "`Release` beside the end of a task leaves its worker, which waits for ever",
	},
	{
		name: "ccache-extend", module: "github.com/karlseguin/ccache/v2", repository: "karlseguin/ccache", commit: "97e7acb2af817ae1d0b651d3d5154eed8f8c8fd5",
		before: "v2.0.7-0.20200816131247-1189f7f993b5", after: "v2.0.7-0.20201118095624-97e7acb2af81",
		way:   race,
		what:  "`Get` reads the expiry that `Extend` writes, without a lock",
		finds: "data race",
	},
	{
		name: "ccache-clear", module: "github.com/karlseguin/ccache/v3", repository: "karlseguin/ccache", commit: "a25552af2869fe1a05f7149abb47951bda174c63",
		before: "v3.0.3", after: "v3.0.4-0.20230414072739-a25552af2869",
		what:  "after a `Clear` beside a `Set`, the size differs from what is in the cache",
		finds: "failed",
	},
	{
		name: "cron", module: "github.com/robfig/cron/v3", repository: "robfig/cron", commit: "9aa5b7e8231dfb3bea06683443a12b99a77fbfe9",
		before: "v3.0.0-rc1.0.20190711161736-15ec73dd770f", after: "v3.0.0-rc1.0.20190711161736-9aa5b7e8231d",
		way:   race,
		what:  "`running` is read and written without a lock",
		finds: "data race",
	},
	{
		name: "go-eventbus", module: "github.com/libp2p/go-eventbus", repository: "libp2p/go-eventbus", commit: "525a0e67fe8b9e786ba4a4f3a3615a50eca7799c",
		before: "v0.0.2", after: "v0.0.3-0.20190622100503-525a0e67fe8b",
		what:  "a subscription closes its channel while an emitter sends on it",
		finds: "panic",
	},
	{
		name: "rosedb-wal", module: "github.com/rosedblabs/wal", repository: "rosedblabs/wal", commit: "4206c62ab8b46223b9fbd030c90219222cf1707f",
		before: "v1.3.8-0.20240704064251-0ccbff282ca9", after: "v1.3.8-0.20240706063833-4206c62ab8b4",
		way:   race,
		what:  "all readers of a segment share one buffer",
		finds: "data race",
	},
	{
		name: "ristretto-close", module: "github.com/dgraph-io/ristretto", repository: "dgraph-io/ristretto", commit: "f5997484152c77d53dc66635d2e54aba739a2c44",
		before: "v0.2.1-0.20240718111600-21593c1ef480", after: "v0.2.1-0.20240723054643-f5997484152c",
		way:   race,
		what:  "`Close` writes the flag that every other method reads, without a lock",
		finds: "data race",
	},
	{
		name: "ristretto-clear", module: "github.com/dgraph-io/ristretto", repository: "dgraph-io/ristretto", commit: "74754f61e01846f9fbc951a12b62264c185e0877",
		before: "v0.0.4-0.20210316153428-6b99600c6cd9", after: "v0.0.4-0.20210318174700-74754f61e018",
		what:  "a `Wait` whose item `Clear` drops waits for ever",
		finds: "failed",
		holds: "found: timing: failed",
		other: "the minute that the test waits may be over first, if its timer fires early",
	},
	{
		name: "workerpool", module: "github.com/gammazero/workerpool", repository: "gammazero/workerpool", commit: "064b8cd8bb5d04bd94867948640bc7206c528ac1",
		before: "v0.0.0-20180602013440-01936df08a8d", after: "v0.0.0-20180619163633-064b8cd8bb5d",
		needs: []string{"github.com/gammazero/deque v0.1.0"},
		what:  "two goroutines that stop the pool close its channel twice",
		finds: "panic",
	},
	{
		name: "atomic-write-file", module: "github.com/natefinch/atomic", repository: "natefinch/atomic", commit: "9436caf85d9842136cbbdbf7fec77db07368ad50",
		before: "v0.0.0-20150920032501-a62ce929ffcc", after: "v0.0.0-20200526030137-9436caf85d98",
		way:   crash,
		what:  "the new file is renamed over the old one before its bytes are on the disk",
		finds: "Durability",
	},
	{
		name: "buntdb", module: "github.com/tidwall/buntdb", repository: "tidwall/buntdb", commit: "b6a74904ab5aee2997623206c53d981e9dc6d9fa",
		before: "v1.2.2", after: "v1.2.3",
		way:   faults,
		what:  "a write that the disk takes only in part stays in the file, which cannot be opened any more",
		finds: "Durability",
		holds: "found: Durability",
		other: "the fault is now a sync that fails, whose error is dropped, so `Update` accepts what is not on the disk; before the mend it is a write that is taken in part",
	},
	{
		name: "bolt", module: "github.com/boltdb/bolt", repository: "boltdb/bolt", commit: "ef2f3abff749f9f152350ac775407986d7192870",
		before: "v1.2.1-0.20160407143438-144418e1475d", after: "v1.2.1-0.20160419221728-ef2f3abff749",
		way:    crash,
		what:   "a torn write of the newer meta page makes the database unreadable, although the older one is intact",
		finds:  "held",
		missed: "what a meta page says lies in one sector of 512 bytes, which a loss of power leaves old or new",
	},
	{
		name: "go-diskqueue", module: "github.com/nsqio/go-diskqueue", repository: "nsqio/go-diskqueue", commit: "fc5265b7a365f9e4d73240d71077c4b844c6aade",
		before: "v1.0.1-0.20201230050019-99f6193f1106", after: "v1.0.1-0.20210702091752-fc5265b7a365",
		way:    crash,
		what:   "after a crash, new messages are written over old ones that the metadata does not know",
		finds:  "held",
		missed: "in 30 s it comes to a few schedules, and so to a few dozen disks",
	},
	{
		name: "raft-snapshot", module: "github.com/hashicorp/raft", repository: "hashicorp/raft", commit: "854cbcb0420067b608d33732befa02748ebb2fa3",
		before: "v0.0.0-20170710173458-b3d48f1a4e56", after: "v0.0.0-20170804153214-854cbcb04200",
		needs: []string{"github.com/armon/go-metrics v0.0.0-20180917152333-f0300d1749da", "github.com/hashicorp/go-immutable-radix v1.0.0", "github.com/hashicorp/go-msgpack v0.5.3", "github.com/hashicorp/golang-lru v0.5.1"},
		way:   crash,
		what:  "a snapshot that `Close` has accepted was never synced",
		finds: "Durability",
	},
	{
		name: "flatfs", module: "github.com/jbenet/go-datastore", repository: "ipfs/go-datastore", commit: "011f332a7c06a2e3da10b0b138c8d70e80aa77c2",
		before: "v0.0.0-20150316212426-59c69a01ec8c", after: "v0.0.0-20150316212426-011f332a7c06",
		way:   crash,
		what:  "`Put` returns before the file and its name are on the disk",
		finds: "Durability",
	},
}
