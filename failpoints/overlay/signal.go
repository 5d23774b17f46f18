// Signals: an interrupted racewindow must interrupt what it started and still remove its temporary folder.

package overlay

import (
	"os"
	"os/signal"
	"syscall"
)

// forwardSignals passes SIGINT and SIGTERM on to the go command until release is called. A third one kills.
func forwardSignals(g *goCommand) (release func()) {
	signals, done := make(chan os.Signal, 4), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for count := 1; ; count++ {
			select {
			case <-done:
				return
			case s := <-signals:
				g.forward(s, count)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

func (g *goCommand) forward(s os.Signal, count int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.interrupted = true
	if g.child == nil {
		return
	}
	switch {
	case count >= 3:
		s = os.Kill
	case s == os.Interrupt && !leadsGroup(g.child):
		return // Ctrl-C in the terminal that all of them share: they have it already
	}
	// The child may have ended in between; its exit code says all there is to say.
	_ = signalChild(g.child, s)
}
