package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
)

// A known bug is a control: others have published it, in a release that still has it. The cell says which way of testing must find it, or
// why none does.
type known struct {
	cell
	release string // MODULE@VERSION, which is taken instead of the one in go.mod
	address string // of the issue or of the pull request
}

// publishedCommand is what the marks of their table name.
const publishedCommand = "make adapters, published bugs"

const publishedHeader = "| bug, way | release | published | came | schedules | disks | seconds |\n|---|---|---|---|---|---|---|\n"

// published are the rows of the table of known bugs.
var published = []known{
	{
		cell:    cell{engine: "raft-wal: a segment whose end was deleted cannot be read", folder: "raftwal", way: "crash", test: shortened, broken: "SecondLife"},
		release: "github.com/hashicorp/raft-wal@v0.4.0", address: "https://github.com/hashicorp/raft-wal/issues/31",
	},
	{
		cell:    cell{engine: "raft-wal: no entry can be stored after a write that failed", folder: "raftwal", way: "faults", test: goingOn, refused: hangsSaid, because: hangs},
		release: "github.com/hashicorp/raft-wal@v0.4.0", address: "https://github.com/hashicorp/raft-wal/pull/32",
	},
	{
		cell:    cell{engine: "bbolt: power is lost while a new file is made", folder: "bbolt", way: "crash", test: anyFile, broken: "RecoveryIdempotence"},
		release: "go.etcd.io/bbolt@v1.5.0", address: "https://github.com/etcd-io/bbolt/issues/567",
	},
	{
		cell:    cell{engine: "badger: a file that was being made cannot be opened", folder: "badger", way: "kill", more: untilFound, broken: "Durability"},
		release: "github.com/dgraph-io/badger/v4@v4.9.6", address: "https://github.com/dgraph-io/badger/issues/2207",
	},
	{
		cell:    cell{engine: "badger: Sync does not sync the log of the table in memory", folder: "badger", way: "crash", refused: mapsSaid, because: maps},
		release: "github.com/dgraph-io/badger/v4@v4.1.0", address: "https://github.com/dgraph-io/badger/issues/1847",
	},
	{
		cell:    cell{engine: "NATS JetStream: nothing can be published after a block was cut", folder: "nats", way: "crash", more: []string{"--schedules", "5"}, because: "in 5 schedules of one program"},
		release: "github.com/nats-io/nats-server/v2@v2.12.3", address: "https://github.com/nats-io/nats-server/pull/7704",
	},
	{
		cell:    cell{engine: "pebble: a marker names a manifest that is not there", folder: "pebble", way: "crash", more: []string{"--model", "weak"}, broken: "RecoveryIdempotence"},
		release: "github.com/cockroachdb/pebble/v2@v2.1.7", address: "https://github.com/cockroachdb/pebble/pull/5915",
	},
	{
		cell:    cell{engine: "goleveldb: a new manifest is named before it is synced", folder: "goleveldb", way: "crash", test: anyFile, broken: "SecondLife"},
		release: "github.com/syndtr/goleveldb@v1.0.0", address: "https://github.com/syndtr/goleveldb/pull/351",
	},
}

// tryPublished runs the search for a known bug, and returns its row.
func (t *trial) tryPublished(ctx context.Context, k known) (row string, err error) {
	of := *t
	if of.module, err = os.MkdirTemp(t.folder, "release-"); err != nil {
		return "", err
	}
	if err := of.copy(ctx, of.module); err != nil {
		return "", err
	}
	if _, err := run(ctx, of.module, "go", "get", k.release); err != nil {
		return "", err
	}
	began := time.Now()
	got, err := of.result(ctx, k.cell)
	if err != nil {
		return "", err
	}
	return k.row(got, time.Since(began)), nil
}

// row is the bug's row.
func (k known) row(got result, took time.Duration) string {
	schedules, disks, seconds := "", "", fmt.Sprintf("%.0f", took.Seconds())
	switch {
	case k.refused != "":
		seconds = ""
	case k.way == "kill":
		disks = got.folders()
	default:
		schedules = count(got.after)
		if k.broken == "" {
			schedules = count(got.summary.Statistics.Schedules)
		}
		if distinct := got.summary.Crashes.Distinct; distinct > 0 {
			disks = count(distinct)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", k.name(), k.version(), k.published(), k.came(), schedules, disks, seconds)
}

// came is what the table says came of it.
func (k known) came() string {
	switch {
	case k.refused != "":
		return "not found, no verdict: " + k.because
	case k.broken == "":
		return "not found: " + k.because
	}
	return "found: " + k.broken
}

var major = regexp.MustCompile(`^v[0-9]+$`)

// version is the release as the table names it: badger 4.9.6.
func (k known) version() string {
	module, version, _ := strings.Cut(k.release, "@v")
	if major.MatchString(path.Base(module)) {
		module = path.Dir(module)
	}
	return path.Base(module) + " " + version
}

// published is a link to where the bug is described.
func (k known) published() string {
	kind := "issue"
	if path.Base(path.Dir(k.address)) == "pull" {
		kind = "pull request"
	}
	return fmt.Sprintf("[%s %s](%s)", kind, path.Base(k.address), k.address)
}
