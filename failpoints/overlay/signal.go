// Signals: an interrupted racewindow must end what it started, and still remove its temporary folder.

package overlay

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// An Interrupted is the error of a Run that a signal ended while the user's go command did not run.
type Interrupted struct{ Signal os.Signal }

func (e *Interrupted) Error() string { return fmt.Sprintf("interrupted (%v)", e.Signal) }

// exitCode is what a shell reports for a process that the signal ended.
func (e *Interrupted) exitCode() int {
	if number, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return ExitProblem
}

// forwardSignals passes signals on to the go command until release is called. The third signal kills it. While the go
// command does not run, a signal cancels the returned context.
func forwardSignals(ctx context.Context, g *goCommand) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	g.cancel = cancel
	signals, done := make(chan os.Signal, 4), make(chan struct{})
	signal.Notify(signals, caughtSignals()...)
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
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// forward passes a signal on, or ends the Run if there is no go command to pass it to.
func (g *goCommand) forward(s os.Signal, count int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.interrupted = true
	if g.child == nil {
		g.cancel(&Interrupted{s})
		return
	}
	g.signal = s
	switch {
	case count >= 3:
		s = os.Kill
	case s == os.Interrupt && !leadsGroup(g.child):
		return // Ctrl-C in a shared terminal: the child has it already
	}
	// The child may have ended meanwhile; its exit code then says enough.
	_ = signalChild(g.child, s)
}

// outlast waits until no process of an interrupted go command's group runs: compilers and programs may end a moment after
// the go command itself. It kills those that take too long.
func (g *goCommand) outlast(child *os.Process) {
	g.mu.Lock()
	interrupted := g.interrupted
	g.mu.Unlock()
	if !interrupted {
		return
	}
	for waited := time.Duration(0); groupRuns(child.Pid); waited += groupPoll {
		if waited >= killAfter {
			killGroup(child.Pid)
		}
		if waited >= 2*killAfter {
			return
		}
		time.Sleep(groupPoll)
	}
}

// groupPoll is the interval at which outlast checks the group.
const groupPoll = 10 * time.Millisecond
