package main

import (
	"fmt"
	"io"
	"os"
)

// makeFolder makes a folder for the run below parent. Without a parent it takes the temporary folder, or the working
// folder if the temporary one is in memory.
func makeFolder(parent string, messages io.Writer) (string, error) {
	if parent == "" {
		parent = os.TempDir()
		if inMemory(parent) {
			parent = "."
		}
	}
	if inMemory(parent) {
		fmt.Fprintf(messages, "%s is in memory: syncs cost nothing there; name a folder on a disk with --dir\n", parent)
	}
	return os.MkdirTemp(parent, "racewindow-bench-")
}
