// Command raceprobe has two goroutines touch one variable, milliseconds apart and in a fixed order that the race detector
// cannot see, and meet in between in a file. Where the file orders them, their race is hidden.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage"
)

func main() {
	disk := storage.MemoryDisk()
	if os.Args[1] == "os" {
		disk = storage.OSDisk(os.Args[2])
	}
	file, err := disk.Create("meeting")
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var written raceoff.Number
	shared, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		for written.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		if _, err := file.ReadAt(make([]byte, 8), 0); err != nil {
			panic(err)
		}
		if os.Args[1] == "locked" {
			mu.Lock()
			defer mu.Unlock()
		}
		shared++
	}()
	if os.Args[1] == "locked" {
		mu.Lock()
	}
	shared++
	if os.Args[1] == "locked" {
		mu.Unlock()
	}
	if _, err := file.WriteAt(make([]byte, 8), 0); err != nil {
		panic(err)
	}
	written.Store(1)
	<-done
	fmt.Println("both were there", shared)
}
