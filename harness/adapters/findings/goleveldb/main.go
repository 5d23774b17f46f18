// Command goleveldb shows what findings/goleveldb.md says: if a process dies while it makes a database, the folder cannot be opened any
// more. The command ends with 1 if it sees that.
package main

import (
	"fmt"
	"os"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// A moment is a storage that copies its folder just before the new database gets its entry point.
type moment struct {
	storage.Storage
	folder, left string
}

// SetMeta names the manifest in the file CURRENT.
func (m moment) SetMeta(fd storage.FileDesc) error {
	must(os.CopyFS(m.left, os.DirFS(m.folder)))
	return m.Storage.SetMeta(fd)
}

func main() {
	folder, err := os.MkdirTemp("", "goleveldb-finding-")
	must(err)
	left := folder + "-left" // what the process would leave if it died there
	files, err := storage.OpenFile(folder, false)
	must(err)
	_, err = leveldb.Open(moment{files, folder, left}, nil)
	must(err)

	_, err = leveldb.OpenFile(left, nil)
	for _, name := range []string{folder, left} {
		must(os.RemoveAll(name))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("the database is opened")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
