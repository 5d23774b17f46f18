package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/soak"
)

// A soakView shows a campaign while it runs: on a terminal in a few rows that are redrawn each second, elsewhere with one line
// a minute.
type soakView struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	width    func() int
	screen   soak.Screen
}

func newSoakView() *soakView {
	v := &soakView{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd())), width: func() int { return terminalColumns(os.Stderr) }}
	v.screen = soak.Screen{Out: os.Stderr, Plain: reportPalette(os.Stderr) == report.Palette{}}
	return v
}

// say prints a line that the rows do not overwrite.
func (v *soakView) say(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.terminal {
		fmt.Fprintln(v.out, text)
		return
	}
	v.screen.Say(text, v.width())
}

// watch shows the campaign until end is called.
func (v *soakView) watch(s *soak.Soak) (end func()) {
	every := time.Minute
	if v.terminal {
		every = time.Second
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				v.show(s.Live())
			}
		}
	}()
	return func() {
		close(stop)
		<-done
		v.mu.Lock()
		defer v.mu.Unlock()
		v.screen.Clear()
	}
}

func (v *soakView) show(l soak.Live) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.terminal {
		fmt.Fprintln(v.out, l.Line())
		return
	}
	v.screen.Draw(l.Rows(v.width()), len(l.State.Open()) > 0)
}
