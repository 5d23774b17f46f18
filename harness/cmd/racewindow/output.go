package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/subjects/log/stress"
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

// fileOf is the file itself, for a process that inherits it.
func fileOf(w io.Writer) io.Writer {
	if o, ok := w.(*checkedStream); ok {
		return o.stream
	}
	return w
}

// palette is colour on a terminal, unless NO_COLOR is set.
func palette(f *os.File) stress.Palette {
	if os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(f.Fd())) {
		return stress.Palette{}
	}
	return stress.ANSI
}

// terminalColumns is the width of the terminal; elsewhere what COLUMNS says, and 100 without it.
func terminalColumns(f *os.File) int { return columnsOf(f, 100) }

// columnsOf is the width of a terminal; elsewhere what COLUMNS says, and what is given without it.
func columnsOf(f *os.File, elsewhere int) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		return width
	}
	return elsewhere
}

// fitting is text for a file: on a terminal each line ends between two words, elsewhere it is as it was made, so that programs
// find in one line what belongs to it. nil is no terminal.
func fitting(f *os.File, text string) string {
	if f == nil {
		return text
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 1 {
		return text
	}
	return fit(text, width)
}

// commandHead is what a line with a command to paste begins with.
func commandHead(line string) (head string, ok bool) {
	for _, head := range []string{"again: ", "replay: "} {
		if strings.HasPrefix(line, head) {
			return head, true
		}
	}
	return "", false
}

// fit wraps each line that is too wide. A line with a name, a gap and a text goes on below the text, other lines indented.
func fit(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, end := strings.TrimSuffix(line, "\n"), strings.HasSuffix(line, "\n")
		b.WriteString(strings.Join(fitLine(body, width), "\n"))
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func fitLine(line string, width int) []string {
	if head, ok := commandHead(line); ok {
		return columns.Command(line, width, strings.Repeat(" ", len(head)))
	}
	indent := strings.Repeat(" ", min(indentOf(line)+2, width/2))
	if parts := twoParts.FindStringSubmatch(line); parts != nil && width-utf8.RuneCountInString(parts[1]) >= leastText {
		indent = strings.Repeat(" ", utf8.RuneCountInString(parts[1]))
	}
	return columns.Words(line, width, indent)
}

// besideJSON is where words go when JSON is written to that file: not to standard output if that is the file (-), where nothing else
// may be then.
func besideJSON(file string) (out io.Writer, screen *os.File) {
	if file == "-" {
		return os.Stderr, os.Stderr
	}
	return standardOutput, os.Stdout
}

// tellSummary prints a summary, whose text may be as wide as a screen, and writes it as JSON to a file, "" for none.
func tellSummary(file string, summary any, text func(screen *os.File) string) error {
	out, screen := besideJSON(file)
	_, err := io.WriteString(out, fitting(screen, text(screen)))
	if file != "" {
		err = errors.Join(err, writeJSON(file, summary))
	}
	return err
}
