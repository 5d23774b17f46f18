// Command badger shows what Open of badger v4.9.6 does with the files of a process that was killed while it made a new table in
// memory. It makes these files through badger's public API. Exit codes: 1 as findings/badger.md says, 0 otherwise, 2 on an error.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

func main() {
	found, err := run()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "badger:", err)
		os.Exit(2)
	case found:
		os.Exit(1)
	}
}

func run() (found bool, err error) {
	folder, err := os.MkdirTemp("", "badger-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	living, left := filepath.Join(folder, "living"), filepath.Join(folder, "left")
	if err := acknowledged(living, left); err != nil {
		return false, err
	}
	// The process has begun its next table: the file is made, and the process is killed before the file gets its length.
	if err := os.WriteFile(filepath.Join(left, "00002.mem"), nil, 0o666); err != nil {
		return false, err
	}
	_, err = open(left)
	fmt.Printf("Open after the kill: %v\n", err)
	if err == nil {
		return false, nil
	}
	again, failed := open(left)
	fmt.Printf("Open once more: %v\n", failed)
	if failed == nil {
		value, failed := read(again)
		fmt.Printf("the value that was acknowledged: %q, %v\n", value, failed)
		return true, again.Close()
	}
	return true, nil
}

func open(folder string) (*badger.DB, error) {
	return badger.Open(badger.DefaultOptions(folder).WithSyncWrites(true).WithLogger(nil).WithMemTableSize(16 << 20).WithValueLogFileSize(1 << 20))
}

// acknowledged writes a value, and copies the folder while the database is open. The copy is what a killed process leaves.
func acknowledged(living, left string) error {
	db, err := open(living)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *badger.Txn) error { return tx.Set([]byte("key"), []byte("acknowledged")) })
	if err == nil {
		err = os.CopyFS(left, os.DirFS(living))
	}
	return errors.Join(err, os.Remove(filepath.Join(left, "LOCK")), db.Close())
}

func read(db *badger.DB) (value []byte, err error) {
	err = db.View(func(tx *badger.Txn) error {
		item, err := tx.Get([]byte("key"))
		if err == nil {
			value, err = item.ValueCopy(nil)
		}
		return err
	})
	return value, err
}
