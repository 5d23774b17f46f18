package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/stress"
)

// writeJSON writes v to a file, or to standard output for "-".
func writeJSON(file string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	if file == "-" {
		_, err := os.Stdout.Write(data)
		return err
	}
	return writeWhole(file, data)
}

// writeWhole writes a file beside its place and then puts it there, so that a half-written one never replaces a good one.
func writeWhole(file string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// A checkedOutput remembers the first write that failed: a verdict that nobody could read is none.
type checkedOutput struct {
	*os.File
	failed error
}

func (o *checkedOutput) Write(p []byte) (int, error) {
	n, err := o.File.Write(p)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}

// fileOf is the file itself, for a process that inherits it.
func fileOf(w io.Writer) io.Writer {
	if o, ok := w.(*checkedOutput); ok {
		return o.File
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

// A progressLine shows how far a run is: one line rewritten in place on a terminal, elsewhere a line every five seconds.
type progressLine struct {
	what     string
	out      io.Writer
	terminal bool
	shown    time.Time
	drawn    bool
}

func newProgressLine(what string) *progressLine {
	return &progressLine{what: what, out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), shown: time.Now()}
}

func (l *progressLine) update(p stress.Progress) {
	if !l.due() {
		return
	}
	rate := float64(p.Operations) / max(p.Elapsed.Seconds(), 0.001)
	l.show(fmt.Sprintf("%s: %.0f of %.0f s, round %d, %d operations (%.0f/s), %d goroutines",
		l.what, p.Elapsed.Seconds(), p.Duration.Seconds(), p.Round+1, p.Operations, rate, p.Goroutines))
}

// due says whether it is time for another line: always on a terminal, elsewhere every five seconds.
func (l *progressLine) due() bool { return l.terminal || time.Since(l.shown) >= 5*time.Second }

func (l *progressLine) show(text string) {
	l.shown = time.Now()
	if !l.terminal {
		fmt.Fprintln(l.out, text)
		return
	}
	l.drawn = true
	fmt.Fprintf(l.out, "\r%.*s\x1b[K", terminalColumns(os.Stderr)-1, text)
}

// clear removes the line, so that what follows starts on a clean one.
func (l *progressLine) clear() {
	if l.drawn {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.drawn = false
	}
}

// fitting is text for a file: on a terminal each line ends between two words, elsewhere it is as it was made, so that programs
// find in one line what belongs to it.
func fitting(f *os.File, text string) string {
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
