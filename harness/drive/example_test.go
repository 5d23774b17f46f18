package drive_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/drive"
)

// A test binary writes events to a file, and the command reads them from there.
func ExampleSink() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "events")

	sink, err := drive.Open(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sink.Send(drive.Event{Event: drive.Progress, Test: "TestCache", Text: "120 schedules"}))

	tail, err := drive.OpenTail(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tail.Close()
	tail.Take(func(e drive.Event) { fmt.Println(e.Event, e.Test, e.Text) })
	// Output:
	// <nil>
	// progress TestCache 120 schedules
}
