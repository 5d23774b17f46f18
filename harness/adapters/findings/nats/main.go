// Command nats shows what findings/nats.md says: messages are acknowledged, with sync_always, in a block whose name nothing makes durable.
// The command ends with 1 if they are gone.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/adapters/nats"
)

func main() {
	folder, err := os.MkdirTemp("", "nats-finding-")
	must(err)
	defer os.RemoveAll(folder)
	of := func(folder string, names ...string) string {
		return filepath.Join(append([]string{folder, "jetstream", "$G", "streams", "records"}, names...)...)
	}

	// Power was lost while the stream was made: its first block is there and empty, and there is neither meta.sum nor an index.
	must(open(folder).Close())
	must(os.Remove(of(folder, "meta.sum")))
	must(os.Remove(of(folder, "msgs", "index.db")))
	must(os.WriteFile(of(folder, "msgs", "1.blk"), nil, 0o600))

	second := open(folder)
	must(second.Append([]byte("one"), []byte("two")))
	fmt.Println("acknowledged: 2 messages; last:", last(second))
	left := folder + "-left"
	defer os.RemoveAll(left)
	must(os.CopyFS(left, os.DirFS(folder)))
	must(second.Close())

	// The server has removed the empty block and made the next one. The folder was not synced since, so power takes both.
	must(os.Remove(of(left, "msgs", "2.blk")))
	must(os.WriteFile(of(left, "msgs", "1.blk"), nil, 0o600))
	third := open(left)
	n := last(third)
	fmt.Println("after a loss of power, last:", n)
	must(third.Close())
	if n < 2 {
		os.RemoveAll(folder)
		os.RemoveAll(left)
		os.Exit(1)
	}
}

func open(folder string) *nats.Log {
	log, err := nats.Open(folder, true)
	must(err)
	return log
}

func last(log *nats.Log) uint64 {
	n, err := log.Last()
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
