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

// A checkedStream remembers the first error of a stream, so that a command whose output was lost does not end with success.
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

// fileOf is the file behind a checkedStream, for a child process that inherits it.
func fileOf(w io.Writer) io.Writer {
	if o, ok := w.(*checkedStream); ok {
		return o.stream
	}
	return w
}

// palette has colours on a terminal, unless NO_COLOR is set.
func palette(f *os.File) stress.Palette {
	if os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(f.Fd())) {
		return stress.Palette{}
	}
	return stress.ANSI
}

// terminalColumns is the width of the terminal. Without a terminal it is COLUMNS, or 100 if that is not set.
func terminalColumns(f *os.File) int { return columnsOf(f, 100) }

// columnsOf is the width of a terminal. Without a terminal it is COLUMNS, or elsewhere if that is not set.
func columnsOf(f *os.File, elsewhere int) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		return width
	}
	return elsewhere
}

// fitting wraps text between words if f is a terminal. Otherwise, and if f is nil, it returns the text as it is, so that
// programs find each line whole.
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

// commandHead is the beginning of a line that holds a command to paste.
func commandHead(line string) (head string, ok bool) {
	for _, head := range []string{"again: ", "replay: "} {
		if strings.HasPrefix(line, head) {
			return head, true
		}
	}
	return "", false
}

// fit wraps each line that is too wide. A line with a name, a gap and a text continues below the text; other lines continue
// indented.
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

// besideJSON is where text goes when JSON is written to a file: to standard output, or to standard error if the file is "-",
// because standard output must then have nothing but the JSON.
func besideJSON(file string) (out io.Writer, screen *os.File) {
	if file == "-" {
		return os.Stderr, os.Stderr
	}
	return standardOutput, os.Stdout
}

// printSummary prints the text of a summary, fitted to the screen, and writes the summary as JSON to a file; "" for none.
func printSummary(file string, summary any, text func(screen *os.File) string) error {
	out, screen := besideJSON(file)
	_, err := io.WriteString(out, fitting(screen, text(screen)))
	if file != "" {
		err = errors.Join(err, writeJSON(file, summary))
	}
	return err
}
