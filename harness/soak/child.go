package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// maxOutput is how many bytes of a child's output are kept, half from the beginning and half from the end.
const maxOutput = 128 << 10

// A bounded is a writer that keeps the beginning and the end.
type bounded struct {
	head, tail []byte
	lost       int
	heard      func(string)
}

// Write never fails.
func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if b.heard != nil {
		defer func() { b.heard(string(b.head) + string(b.tail)) }()
	}
	if room := maxOutput/2 - len(b.head); room > 0 {
		take := min(room, len(p))
		b.head, p = append(b.head, p[:take]...), p[take:]
	}
	b.tail = append(b.tail, p...)
	if over := len(b.tail) - maxOutput/2; over > 0 {
		b.lost += over
		b.tail = append(b.tail[:0], b.tail[over:]...)
	}
	return n, nil
}

// String is what was kept.
func (b *bounded) String() string {
	if b.lost == 0 {
		return string(b.head) + string(b.tail)
	}
	return fmt.Sprintf("%s\n… %d bytes left out …\n%s", b.head, b.lost, b.tail)
}

// A child is a process that does a round's work. What kills it does not kill the campaign.
type child struct {
	name        string // of the program
	arguments   []string
	folder      string // its working folder
	environment []string
	heard       func(output string) // called with all output so far, after each write; may be nil
}

// ended is how a child ended.
type ended struct {
	code   int // -1 if a signal ended it
	output string
	peak   uint64 // bytes
	status string
}

// run starts the child and waits for its end. When ctx ends, the child is asked to end, and killed ten seconds later. On Linux
// the child also dies with this process.
func (c child) run(ctx context.Context) (ended, error) {
	runtime.LockOSThread() // for the system, the child's parent is the thread that started it
	defer runtime.UnlockOSThread()
	output := bounded{heard: c.heard}
	command := exec.CommandContext(ctx, c.name, c.arguments...)
	command.Dir, command.Stdout, command.Stderr = c.folder, &output, &output
	command.Env = append(os.Environ(), c.environment...)
	command.Cancel = func() error { return askToEnd(command.Process) }
	command.WaitDelay = 10 * time.Second
	dieTogether(command)
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && command.ProcessState == nil {
		return ended{}, fmt.Errorf("start %s: %w", c.name, err)
	}
	return ended{command.ProcessState.ExitCode(), output.String(), peakOf(command.ProcessState), command.ProcessState.String()}, nil
}

// why says how a child ended and what it printed last, in at most that many bytes.
func (e ended) why(most int) string {
	printed := tail(e.output, most)
	if printed == "" {
		printed = "it printed nothing"
	}
	return e.status + ": " + printed
}

// deathMarks begin lines that a dying Go program prints.
var deathMarks = []string{"panic: ", "fatal error: ", "SIGSEGV", "runtime: out of memory"}

// died reports whether the output is that of a Go program that crashed. The exit code does not say so: a panic has the code of
// a wrong call, 2.
func (e ended) died() bool {
	for line := range strings.Lines(e.output) {
		for _, mark := range deathMarks {
			if strings.HasPrefix(line, mark) {
				return true
			}
		}
	}
	return false
}

// death makes a finding of a child that died. The first line with a death mark explains it.
func (e ended) death(what string) Found {
	f := Found{Class: "process death", Detail: fmt.Sprintf("%s ended with %s", what, e.status), Shape: what, Text: e.output, Count: 1}
	for line := range strings.Lines(e.output) {
		for _, mark := range deathMarks {
			if strings.HasPrefix(line, mark) {
				f.Detail, f.Shape = strings.TrimSpace(line), WithoutNumbers(strings.TrimSpace(line))
				if place := e.place(); place != "" {
					f.Shape += " in " + place
				}
				return f
			}
		}
	}
	return f
}

// Death makes a finding of any process that died, from its status and its output.
func Death(what, status, output string) Found {
	return ended{status: status, output: output}.death(what)
}

// place is the innermost function of the dying program, without those of the runtime. It is the same whatever kind of round the
// program dies in.
func (e ended) place() string {
	_, stack, _ := strings.Cut(e.output, "[running")
	for line := range strings.Lines(stack) {
		function, arguments := line, strings.LastIndexByte(line, '(')
		if strings.HasPrefix(line, "\t") || arguments <= 0 || strings.HasPrefix(line, "panic(") || strings.HasPrefix(line, "runtime.") {
			continue
		}
		if function = line[:arguments]; strings.ContainsRune(function, '.') && !strings.HasPrefix(function, "created by ") {
			return function
		}
	}
	return ""
}

var quotedText = regexp.MustCompile("\"[^\"]*\"|`[^`]*`|'[^']*'")

// WithoutNumbers makes two texts equal that differ only in numbers, addresses, names of goroutines and quoted text.
func WithoutNumbers(text string) string {
	var words []string
	for _, word := range strings.Fields(quotedText.ReplaceAllString(text, `"…"`)) {
		if strings.ContainsAny(word, "0123456789") {
			word = "N"
		}
		if word == "N" && len(words) > 0 && words[len(words)-1] == "N" { // a list, whose length may vary
			continue
		}
		words = append(words, word)
	}
	return Clip(strings.Join(words, " "), 200)
}

// races are the race detector's reports in a child's output. Reports with the same functions at the top of their stacks are one
// finding.
func (e ended) races() (all []Found) {
	const begin = "WARNING: DATA RACE"
	at := map[string]int{}
	for _, part := range strings.Split(e.output, begin)[1:] {
		text, _, _ := strings.Cut(part, "==================")
		var functions []string
		after := false
		for line := range strings.Lines(text) {
			words := strings.TrimSpace(line)
			switch {
			case strings.Contains(words, " by goroutine ") || strings.Contains(words, " by main goroutine"):
				after = true
			case after && words != "":
				functions = append(functions, strings.TrimSuffix(words, "()"))
				after = false
			}
		}
		slices.Sort(functions) // the detector reports them in any order
		shape := strings.Join(slices.Compact(functions), " | ")
		if i, known := at[shape]; known {
			all[i].Count++
			continue
		}
		at[shape] = len(all)
		all = append(all, Found{Class: "data race", Shape: shape, Detail: "a data race: " + shape, Text: begin + text, Count: 1})
	}
	return all
}

// tail returns the end of an output, at most that many bytes.
func tail(text string, most int) string {
	text = string(bytes.TrimSpace([]byte(text)))
	if len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return text
}
