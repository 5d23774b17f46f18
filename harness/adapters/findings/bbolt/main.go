// Command bbolt shows what findings/bbolt.md says: if a process dies and power is lost later, the file cannot be used; if power is lost
// while a new file is made, it cannot be opened. The command ends with 1 if it sees both.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

func main() {
	folder, err := os.MkdirTemp("", "bbolt-finding-")
	must(err)
	defer os.RemoveAll(folder)
	file := func(name string) string { return filepath.Join(folder, name) }

	// A database with a bucket, durable.
	first, err := bbolt.Open(file("db"), 0o600, nil)
	must(err)
	must(first.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("bucket"))
		return err
	}))
	durable := read(file("db"))
	unmade := cannotBeOpened(file("new"))

	// An Update writes its pages and syncs them, then writes its meta page. There the process dies: the meta page is in the page
	// cache, and its sync has not been made.
	must(first.Update(put))
	written := read(file("db"))
	must(os.WriteFile(file("next"), written, 0o600))

	// Another process opens the file and commits a transaction. It has written its pages and not synced them when power is lost.
	// These pages reach the disk, and the two meta pages, which are not synced either, do not.
	second, err := bbolt.Open(file("next"), 0o600, nil)
	must(err)
	must(second.Update(func(*bbolt.Tx) error { return nil }))
	left := read(file("next"))
	copy(left[:2*os.Getpagesize()], durable)
	must(os.WriteFile(file("left"), left, 0o600))

	defer func() {
		if came := recover(); came != nil {
			fmt.Printf("%T: %v\n", came, came)
			os.RemoveAll(folder)
			if unmade {
				os.Exit(1)
			}
		}
	}()
	third, err := bbolt.Open(file("left"), 0o600, nil)
	must(err)
	must(third.View(func(tx *bbolt.Tx) error {
		fmt.Println("value:", string(tx.Bucket([]byte("bucket")).Get([]byte("key"))))
		return nil
	}))
	must(third.Update(put))
	must(third.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			panic(err)
		}
		return nil
	}))
	fmt.Println("the database is whole")
}

// cannotBeOpened makes a new file, of which a part reaches the disk: one page and a half, or all but its free list.
func cannotBeOpened(name string) bool {
	db, err := bbolt.Open(name, 0o600, nil)
	must(err)
	must(db.Close())
	whole, page := read(name), os.Getpagesize()
	must(os.WriteFile(name, whole[:page+page/2], 0o600))
	_, short := bbolt.Open(name, 0o600, nil)
	fmt.Println("a part of a new file: Open says:", short)

	clear(whole[2*page:])
	must(os.WriteFile(name, whole, 0o600))
	dies := panics(func() {
		_, err := bbolt.Open(name, 0o600, nil)
		fmt.Println("a new file without its free list: Open says:", err)
	})
	return short != nil && dies
}

func panics(f func()) (came bool) {
	defer func() {
		if why := recover(); why != nil {
			came = true
			fmt.Println("a new file without its free list: Open panics:", why)
		}
	}()
	f()
	return false
}

func put(tx *bbolt.Tx) error { return tx.Bucket([]byte("bucket")).Put([]byte("key"), []byte("value")) }

func read(name string) []byte {
	content, err := os.ReadFile(name)
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
