package disk_test

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/racewindow/racewindow/storage/disk"
)

// A disk in memory behaves like the system's, and keeps everything until it is forgotten.
func ExampleMemory() {
	d := disk.Memory()
	file, err := d.Create("log")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = file.WriteAt([]byte("a record"), 0)
	fmt.Println(err, file.Sync(), d.SyncDir("."), file.Close())

	entries, err := d.List(".")
	fmt.Println(entries, err)
	_, err = d.Open("index")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// <nil> <nil> <nil> <nil>
	// [{log false}] <nil>
	// true
}
