// Command raftwalrestart shows what findings/raftwalrestart.md says: an entry that was acknowledged after a restart is gone when the name of its
// segment is. The command ends with 1 if it sees that.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

func main() {
	folder, err := os.MkdirTemp("", "raftwal-finding-")
	must(err)
	defer os.RemoveAll(folder)

	// A process opens a new log, and ends before it has stored anything. The segment is there, and so is its name, in the page cache.
	must(open(folder).Close())

	// Another process opens the log, and stores an entry. It syncs the segment, and nobody has synced the folder.
	second := open(folder)
	must(second.StoreLog(&raft.Log{Index: 1, Data: []byte("acknowledged")}))
	must(second.Close())

	// Power is lost. What was synced is there: the entry's bytes, in a file without a name.
	segments, err := filepath.Glob(filepath.Join(folder, "*.wal"))
	must(err)
	for _, name := range segments {
		must(os.Remove(name))
	}

	third := open(folder)
	defer third.Close()
	last, err := third.LastIndex()
	must(err)
	fmt.Println("segments whose name was lost:", len(segments), "last index:", last)
	if last == 0 {
		fmt.Println("the entry is gone, and Open says nothing")
		os.RemoveAll(folder)
		os.Exit(1)
	}
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
