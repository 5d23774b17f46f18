package recorded_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
)

// What a disk in memory holds becomes a folder, in which a program opens it with package os.
func ExampleAttach() {
	disk := disks.New()
	file, err := disk.Create("journal")
	fmt.Println(err)
	_, err = file.WriteAt([]byte("kept"), 0)
	fmt.Println(err, file.Close())

	path, err := recorded.Make()
	fmt.Println(err)
	defer os.RemoveAll(path)
	folder, err := recorded.Attach(path, disk)
	fmt.Println(err)
	defer folder.Detach()
	text, err := os.ReadFile(filepath.Join(path, "journal"))
	fmt.Println(string(text), err)
	// Output:
	// <nil>
	// <nil> <nil>
	// <nil>
	// <nil>
	// kept <nil>
}
