package disks_test

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/racewindow/racewindow/harness/disks"
)

// A file is written and synced, then written again. The second sync fails, as the rule says, and power is lost.
func Example() {
	d := disks.New()
	d.Inject(disks.Nth(2, disks.On(disks.Sync, "*.seg", disks.Fault{Err: syscall.EIO})))

	file, created := d.Create("1.seg")
	_, first := file.WriteAt([]byte("one "), 0)
	if err := errors.Join(created, first, file.Sync(), d.SyncDir(".")); err != nil {
		fmt.Println(err)
		return
	}
	_, second := file.WriteAt([]byte("two"), 4)
	fmt.Println(second, file.Sync())

	for _, image := range d.Enumerate(disks.Ordered, 1000) {
		content, _ := image.Bytes("1.seg")
		reopened := disks.Crash(image) // another disk, on which to recover, and which can crash again
		fmt.Printf("%q, %d effects unsynced\n", content, reopened.Unsynced())
	}
	// Output:
	// <nil> sync 1.seg: input/output error
	// "one ", 0 effects unsynced
	// "one \x00\x00\x00", 0 effects unsynced
	// "one two", 0 effects unsynced
}
