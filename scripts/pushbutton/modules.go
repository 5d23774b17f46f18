package main

// A subject is a module that other people wrote, in a pinned release, and the packages of it to explore.
type subject struct {
	name, module, version string
	packages              []string // none means "./..."
}

// subjects are explored in this order. Modules that build quickly come first.
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
	{"yamux", "github.com/hashicorp/yamux", "v0.1.2", nil},
	{"clockwork", "github.com/jonboulle/clockwork", "v0.5.0", nil},
	{"clock", "github.com/benbjohnson/clock", "v1.3.5", nil},
	{"cron", "github.com/robfig/cron/v3", "v3.0.1", nil},
	{"go-resiliency", "github.com/eapache/go-resiliency", "v1.7.0", nil},
	{"eventbus", "github.com/asaskevich/EventBus", "v0.0.0-20200907212545-49d423059eef", nil},
	{"golang-set", "github.com/deckarep/golang-set/v2", "v2.9.0", nil},
	{"rate", "golang.org/x/time", "v0.16.0", nil},
	{"datastructures", "github.com/Workiva/go-datastructures", "v1.1.7", []string{"./queue", "./futures", "./batcher", "./trie/ctrie"}},
	{"watermill", "github.com/ThreeDotsLabs/watermill", "v1.5.1", []string{"./message", "./message/router/middleware", "./pubsub/gochannel"}},
	{"failsafe", "github.com/failsafe-go/failsafe-go", "v0.9.8", []string{".", "./circuitbreaker", "./bulkhead", "./ratelimiter", "./adaptivelimiter", "./internal/util", "./test"}},
	{"suture", "github.com/thejerf/suture/v4", "v4.0.6", nil},
	{"workqueue", "k8s.io/client-go", "v0.37.2", []string{"./util/workqueue", "./util/flowcontrol"}},
	{"grpc", "google.golang.org/grpc", "v1.85.0", []string{"./internal/grpcsync", "./internal/buffer", "./internal/cache", "./internal/idle"}},
	{"go-zero", "github.com/zeromicro/go-zero", "v1.10.3", []string{"./core/syncx", "./core/mr", "./core/fx", "./core/executors", "./core/collection", "./core/threading", "./core/queue"}},
	{"ristretto", "github.com/dgraph-io/ristretto/v2", "v2.4.2", nil},
	{"otter", "github.com/maypok86/otter/v2", "v2.4.0", []string{"./..."}},
	{"raft-wal", "github.com/hashicorp/raft-wal", "v0.4.0", nil},
	{"redigo", "github.com/gomodule/redigo", "v1.9.3", []string{"./redis"}},
	{"bbolt", "go.etcd.io/bbolt", "v1.5.0", []string{".", "./internal/freelist", "./internal/common"}},
}
