// Command raftwal shows what findings/raftwal.md says: after a sync of the folder has failed once, entries are acknowledged in a segment
// whose name nobody has synced. The command ends with 1 if it sees that.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

func main() {
	folder, err := os.MkdirTemp("", "raftwal-finding-")
	must(err)
	defer os.RemoveAll(folder)
	log := open(folder)

	// The process has no descriptor left, so the log cannot open its folder to sync it. The first entry is refused, as it must be.
	err = withoutDescriptors(func() error { return log.StoreLog(&raft.Log{Index: 1, Data: []byte("refused")}) })
	if err == nil {
		panic("the entry was stored, although the folder could not be opened")
	}
	fmt.Println("the first call:", err)

	// There are descriptors again, and two entries are acknowledged. Nobody syncs the folder any more.
	must(log.StoreLog(&raft.Log{Index: 1, Data: []byte("acknowledged")}))
	must(log.StoreLog(&raft.Log{Index: 2, Data: []byte("acknowledged")}))
	must(log.Close())

	// Power is lost. What was synced is there: the bytes of the entries, in a file without a name.
	segments, err := filepath.Glob(filepath.Join(folder, "*.wal"))
	must(err)
	for _, name := range segments {
		must(os.Remove(name))
	}

	again := open(folder)
	defer again.Close()
	last, err := again.LastIndex()
	must(err)
	fmt.Println("segments whose name was lost:", len(segments), "last index:", last)
	if last == 0 {
		fmt.Println("both entries are gone, and Open says nothing")
		os.RemoveAll(folder)
		os.Exit(1)
	}
}

// withoutDescriptors calls do while the process may open no more files.
func withoutDescriptors(do func() error) error {
	var limit syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	next, err := syscall.Dup(0)
	must(err)
	must(syscall.Close(next))
	must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(next), Max: limit.Max}))
	defer func() { must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)) }()
	return do()
}

func open(folder string) *wal.WAL {
	log, err := wal.Open(folder, wal.WithSegmentSize(64<<10), wal.WithLogger(hclog.NewNullLogger()))
	must(err)
	return log
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
