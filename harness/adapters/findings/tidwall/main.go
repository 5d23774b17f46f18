// Command tidwall shows what findings/tidwall.md says about writes that a loss of power has torn, and about a name that it takes. It ends
// with 1 if it sees all of that.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidwall/wal"
)

const segment = "00000000000000000001"

func main() {
	folder, err := os.MkdirTemp("", "tidwall-finding-")
	must(err)
	defer os.RemoveAll(folder)

	torn := filepath.Join(folder, "torn")
	write(torn)
	name := filepath.Join(torn, segment)
	info, err := os.Stat(name)
	must(err)
	must(os.Truncate(name, info.Size()-500)) // a part of the second write has arrived, which had not returned
	_, first := wal.Open(torn, nil)
	fmt.Println("torn write: Open says:", first)

	zeros := filepath.Join(folder, "zeros")
	write(zeros)
	name = filepath.Join(zeros, segment)
	content, err := os.ReadFile(name)
	must(err)
	at := strings.Index(string(content), strings.Repeat("x", 1000)) - 2 // where the second write begins
	clear(content[at:])                                                 // the file has grown, and the bytes have not arrived
	must(os.WriteFile(name, content, 0o600))
	log, err := wal.Open(zeros, nil)
	must(err)
	last, err := log.LastIndex()
	must(err)
	fmt.Println("zeros: 1 record was acknowledged and a second was on its way; the last index is", last)
	must(log.Close())

	unnamed := filepath.Join(folder, "unnamed")
	write(unnamed)
	must(os.Remove(filepath.Join(unnamed, segment))) // no sync of the folder came after it was made
	log, err = wal.Open(unnamed, nil)
	must(err)
	none, err := log.LastIndex()
	must(err)
	fmt.Println("name of the segment: 2 records were acknowledged; the last index is", none)
	must(log.Close())
	if first != nil && last > 2 && none == 0 {
		os.RemoveAll(folder)
		os.Exit(1)
	}
}

// write writes a record, and another one in a second call.
func write(folder string) {
	log, err := wal.Open(folder, nil)
	must(err)
	must(log.Write(1, []byte("acknowledged")))
	must(log.Write(2, []byte(strings.Repeat("x", 1000))))
	must(log.Close())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
