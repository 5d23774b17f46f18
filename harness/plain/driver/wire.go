package driver

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/racewindow/racewindow/harness/sched"
)

// If each schedule has a process of its own, the mechanism is in that process and the search is here. The two talk
// through pipes: the process asks who goes on, reports how the execution went, and in between answers questions. A
// message is a byte that says what it is, followed by numbers and texts.
const (
	// The process says: the test is reached; it is ready for a schedule; a thread has stopped; the test's goroutine has
	// ended; a failure; a thread has written a text; a note for the report; the answer to a question; the execution is over.
	saysHere = iota + 1
	saysReady
	saysStopped
	saysFinished
	saysFailed
	saysWrote
	saysNoted
	saysAnswer
	saysOver
	// The search says: execute; this thread goes on; none does; let time go on; is that a deadlock?; which threads
	// remain?
	ordersBegin
	ordersGo
	ordersStop
	asksJump
	asksDeadlock
	asksRemaining
)

// How a process asks who goes on.
const (
	choosing = iota
	passing
	picking
)

// A wire is one end of a conversation. It keeps its first error: the other process has ended.
type wire struct {
	in   *bufio.Reader
	out  io.Writer
	line []byte // what will be sent
	err  error
}

func newWire(in io.Reader, out io.Writer) *wire {
	return &wire{in: bufio.NewReaderSize(in, 32<<10), out: out}
}

func (w *wire) put(numbers ...int64) *wire {
	for _, n := range numbers {
		w.line = binary.AppendVarint(w.line, n)
	}
	return w
}

func (w *wire) text(s string) *wire {
	w.put(int64(len(s)))
	w.line = append(w.line, s...)
	return w
}

func (w *wire) json(v any) *wire {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // JSON can hold all of it
	}
	return w.text(string(text))
}

// send sends what was put.
func (w *wire) send() {
	if _, err := w.out.Write(w.line); err != nil && w.err == nil {
		w.err = err
	}
	w.line = w.line[:0]
}

// get reads a number, 0 if the other process has ended.
func (w *wire) get() int64 {
	n, err := binary.ReadVarint(w.in)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n
}

func (w *wire) getText() string {
	n := w.get()
	if w.err != nil || n < 0 || n > mostText {
		return ""
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(w.in, text); err != nil && w.err == nil {
		w.err = err
	}
	return string(text)
}

func (w *wire) getJSON(v any) {
	if text := w.getText(); w.err == nil {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			w.err = fmt.Errorf("a process of the test sent something that is no message: %w", err)
		}
	}
}

// mostText is the longest text, in bytes.
const mostText = 64 << 20

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// candidate sends where a thread is. Points have the numbers that the process gave them.
func (w *wire) candidate(c *sched.Candidate) {
	w.put(int64(c.Thread), int64(c.Point), int64(c.Resource), int64(c.Action), boolean(c.Writes))
}

func (w *wire) getCandidate(points []sched.PointID) (c sched.Candidate) {
	c.Thread = int(w.get())
	if p := int(w.get()); p >= 0 && p < len(points) {
		c.Point = points[p]
	}
	c.Resource, c.Action, c.Writes = sched.Resource(w.get()), sched.Action(w.get()), w.get() != 0
	return c
}

func (w *wire) frame(f *runtime.Frame) {
	if f == nil {
		w.put(0)
		return
	}
	w.put(1).text(f.Function).text(f.File).put(int64(f.Line))
}

func (w *wire) getFrame() *runtime.Frame {
	if w.get() == 0 {
		return nil
	}
	return &runtime.Frame{Function: w.getText(), File: w.getText(), Line: int(w.get())}
}
