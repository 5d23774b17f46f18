package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/subjects/log/stress"
)

// A progressLine shows how far a run is: one line rewritten in place on a terminal, elsewhere a line every five seconds.
type progressLine struct {
	what     string
	out      io.Writer
	terminal bool

	mu    sync.Mutex
	shown time.Time
	drawn bool
}

func newProgressLine(what string) *progressLine {
	return &progressLine{what: what, out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), shown: time.Now().Add(first - every)}
}

func (l *progressLine) update(p stress.Progress) {
	if !l.due() {
		return
	}
	rate := float64(p.Operations) / max(p.Elapsed.Seconds(), 0.001)
	l.show(fmt.Sprintf("%s: %.0f of %.0f s, round %d, %d operations (%.0f/s), %d goroutines",
		l.what, p.Elapsed.Seconds(), p.Duration.Seconds(), p.Round+1, p.Operations, rate, p.Goroutines))
}

// Without a terminal, the first line comes soon, to show that something happens; the others are rare.
const (
	first = 1500 * time.Millisecond
	every = 5 * time.Second
)

// due reports whether it is time for another line: always on a terminal, elsewhere every five seconds.
func (l *progressLine) due() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.terminal || time.Since(l.shown) >= every
}

func (l *progressLine) show(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
}

func (l *progressLine) wipe() {
	if l.drawn {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.drawn = false
	}
}

// aside removes the line, and calls print while no other goroutine can draw it.
func (l *progressLine) aside(print func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
	print()
}

// during shows the progress until stop is called, which removes the line. text is called from another goroutine.
func (l *progressLine) during(text func() string) (stop func()) {
	began := time.Now()
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				if l.due() {
					l.show(fmt.Sprintf("%s: %.0f s, %s", l.what, time.Since(began).Seconds(), text()))
				}
			}
		}
	}()
	return func() {
		close(end)
		<-done
		l.clear()
	}
}
