package main

import (
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/stress"
)

// A checkedStream remembers the first error of a stream, so that what could not be printed does not look like a pass.
type checkedStream struct {
	stream *os.File
	failed error
}

func (c *checkedStream) Write(data []byte) (int, error) {
	n, err := c.stream.Write(data)
	if err != nil && c.failed == nil {
		c.failed = fmt.Errorf("standard output cannot be written: %w", err)
	}
	return n, err
}

// standardOutput is where every command prints.
var standardOutput = &checkedStream{stream: os.Stdout}

// writeJSON writes v to a file, or to standard output for "-".
func writeJSON(file string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	if file == "-" {
		_, err := standardOutput.Write(data)
		return err
	}
	return output.Write(file, data)
}

// palette is colour on a terminal, unless NO_COLOR is set.
func palette(f *os.File) stress.Palette {
	if os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(f.Fd())) {
		return stress.Palette{}
	}
	return stress.ANSI
}

// columns is the width of the terminal, 100 elsewhere.
func columns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return 100
}
