package room_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/racewindow/racewindow/harness/room"
)

// A full disk is met without filling one: no file may grow beyond a limit.
func ExampleFree() {
	folder, err := os.MkdirTemp("", "room-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	free, err := room.Free(folder)
	fmt.Println(free > 0, err)

	_, err = room.Free(filepath.Join(folder, "none"))
	fmt.Println(errors.Is(err, syscall.ENOENT))
	// Output:
	// true <nil>
	// true
}
