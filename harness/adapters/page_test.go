package adapters

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// modules are the modules whose versions the page gives, by the adapter's folder.
var modules = map[string]string{
	"bbolt": "go.etcd.io/bbolt", "tidwall": "github.com/tidwall/wal", "rosedb": "github.com/rosedblabs/wal", "raftwal": "github.com/hashicorp/raft-wal", "etcdwal": "go.etcd.io/etcd/server/v3",
	"pebble": "github.com/cockroachdb/pebble/v2", "wlog": "github.com/prometheus/prometheus", "tsdb": "github.com/prometheus/prometheus", "badger": "github.com/dgraph-io/badger/v4",
	"nats": "github.com/nats-io/nats-server/v2", "goleveldb": "github.com/syndtr/goleveldb",
}

// The page has a row for each adapter, with the version that go.mod requires.
func TestThePageListsEachAdapterWithItsVersion(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	required, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	checks, err := filepath.Glob("*/check_test.go")
	if err != nil || len(checks) == 0 {
		t.Fatal("no adapter has a Check", err)
	}
	for _, check := range checks {
		folder := filepath.Dir(check)
		version := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(modules[folder]) + ` v(\S+)`).FindSubmatch(required)
		if version == nil {
			t.Errorf("%s: go.mod does not require its module %q: name it in modules", folder, modules[folder])
			continue
		}
		row := regexp.MustCompile(`(?m)^\| \[` + folder + `\]\(` + folder + `/\S+\.go\) \| ([^|]*) \|`).FindSubmatch(page)
		if row == nil || !strings.HasSuffix(string(row[1]), string(version[1])) {
			t.Errorf("%s: README.md has no row with version %s", folder, version[1])
		}
	}
}
