package main

// A subject is a module that other people wrote, in a pinned release, and which of its packages are explored.
type subject struct {
	name, module, version string
	packages              []string // "./..." if there are none
}

// subjects are explored in this order: what builds quickly comes first.
var subjects = []subject{
	{"sync", "golang.org/x/sync", "v0.25.0", nil},
	{"golang-lru", "github.com/hashicorp/golang-lru/v2", "v2.0.7", nil},
	{"puddle", "github.com/jackc/puddle/v2", "v2.2.3", nil},
	{"conc", "github.com/sourcegraph/conc", "v0.3.0", nil},
	{"go-cache", "github.com/patrickmn/go-cache", "v2.1.0+incompatible", nil},
	{"wal", "github.com/tidwall/wal", "v1.2.1", nil},
	{"ttlcache", "github.com/jellydator/ttlcache/v3", "v3.4.1", nil},
	{"xsync", "github.com/puzpuzpuz/xsync/v4", "v4.5.0", nil},
	{"workerpool", "github.com/gammazero/workerpool", "v1.3.0", nil},
	{"pubsub", "github.com/cskr/pubsub/v2", "v2.0.2", nil},
	{"commons-pool", "github.com/jolestar/go-commons-pool/v2", "v2.1.2", nil},
	{"pond", "github.com/alitto/pond/v2", "v2.7.1", nil},
	{"ants", "github.com/panjf2000/ants/v2", "v2.12.1", []string{"."}},
	{"concurrent-map", "github.com/orcaman/concurrent-map/v2", "v2.0.1", nil},
	{"gobreaker", "github.com/sony/gobreaker/v2", "v2.4.0", nil},
	{"bigcache", "github.com/allegro/bigcache/v3", "v3.1.0", []string{"."}},
	{"go-memdb", "github.com/hashicorp/go-memdb", "v1.3.5", nil},
	{"ristretto", "github.com/dgraph-io/ristretto/v2", "v2.4.2", nil},
	{"otter", "github.com/maypok86/otter/v2", "v2.4.0", []string{"./..."}},
	{"raft-wal", "github.com/hashicorp/raft-wal", "v0.4.0", nil},
	{"redigo", "github.com/gomodule/redigo", "v1.9.3", []string{"./redis"}},
	{"bbolt", "go.etcd.io/bbolt", "v1.5.0", []string{".", "./internal/freelist", "./internal/common"}},
}
