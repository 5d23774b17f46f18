// Command raftwalsealed shows what findings/raftwalsealed.md says: a log that is closed just after an entry has filled a segment takes no
// entry any more. The command ends with 1 if it sees that.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// tries bounds how often a log is closed. The engine's goroutine that makes the next segment may be faster, but was not in any try.
const tries = 100

func main() {
	for range tries {
		if closedWhenFull() {
			fmt.Println("the log was opened three times, and took no entry")
			os.Exit(1)
		}
	}
}

// closedWhenFull fills a segment, closes the log before the next segment is there, and tries to go on.
func closedWhenFull() (stuck bool) {
	folder, err := os.MkdirTemp("", "raftwal-finding-")
	must(err)
	defer os.RemoveAll(folder)

	first := open(folder)
	must(first.StoreLog(&raft.Log{Index: 1, Data: make([]byte, 70<<10)})) // a segment has 64 KiB
	must(first.Close())

	for range 3 {
		next := open(folder)
		last, err := next.LastIndex()
		must(err)
		err = next.StoreLog(&raft.Log{Index: last + 1, Data: []byte("more")})
		must(next.Close())
		if !errors.Is(err, wal.ErrSealed) {
			must(err)
			return false
		}
		fmt.Printf("last index %d; the next entry cannot be stored: %v\n", last, err)
	}
	return true
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
