package driver

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// How another process of this program is started: as this one was, before any test could change anything.
var began struct {
	folder      string
	environment []string
}

func rememberStart() {
	began.folder, _ = os.Getwd()
	began.environment = os.Environ()
}

// A pool starts processes ahead of time, so that one waits for a schedule while another executes one.
type pool struct {
	test, unit, how string
	ahead           []*process
	all             sync.WaitGroup
}

// ahead is how many processes start before they are needed.
const ahead = 2

// newPool makes a pool for a unit of a test: a sub-test, or the test itself.
func newPool(test, unit, how string) *pool { return &pool{test: test, unit: unit, how: how} }

// take returns a process that waits for a schedule. If it must be alone, because two processes may want the same port, all others end first
// and none is started ahead.
func (p *pool) take(alone bool) *process {
	if alone {
		p.close()
		return p.start()
	}
	for len(p.ahead) <= ahead {
		p.ahead = append(p.ahead, p.start())
	}
	first := p.ahead[0]
	p.ahead = slices.Delete(p.ahead, 0, 1)
	return first
}

// close ends the processes that wait, and waits for all to end.
func (p *pool) close() {
	for _, waits := range p.ahead {
		waits.leave()
	}
	p.ahead = nil
	p.all.Wait()
}

// A process executes one schedule.
type process struct {
	*wire
	cmd     *exec.Cmd
	in, out *os.File // this side's ends of the pipes
	said    lastWords
	ended   chan struct{}
	problem error // why it could not be started
}

func (p *pool) start() *process {
	program, err := os.Executable()
	if err != nil {
		return &process{problem: fmt.Errorf("a process for a schedule cannot be started: %w", err)}
	}
	executions, theirOut, err1 := os.Pipe()
	theirIn, schedules, err2 := os.Pipe()
	if err1 != nil || err2 != nil {
		return &process{problem: fmt.Errorf("a process for a schedule has no pipe: %v, %v", err1, err2)}
	}
	c := &process{wire: newWire(executions, schedules), in: executions, out: schedules, ended: make(chan struct{})}
	o := *order
	o.Mode, o.Test, o.Apart, o.Pipes, o.Events, o.Trail, o.After, o.Case = drive.Serve, p.unit, p.how, [2]int{3, 4}, "", "", "", ""
	c.cmd = exec.Command(program, arguments(p.test)...)
	c.cmd.Dir, c.cmd.Env = began.folder, append(slices.Clip(began.environment), drive.Variable+"="+o.String())
	c.cmd.Stdout, c.cmd.Stderr, c.cmd.ExtraFiles = &c.said, &c.said, []*os.File{theirIn, theirOut}
	c.cmd.SysProcAttr, c.cmd.WaitDelay = attributes(), time.Second
	c.problem = c.cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if c.problem != nil {
		c.problem = fmt.Errorf("a process for a schedule cannot be started: %w", c.problem)
		return c
	}
	p.all.Go(func() {
		_ = c.cmd.Wait() // its state says how it ended
		close(c.ended)
	})
	return c
}

// arguments are those of this process, except that only one test runs.
func arguments(test string) (args []string) {
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.run=") && !strings.HasPrefix(a, "-test.v=") {
			args = append(args, a)
		}
	}
	return append(args, "-test.run=^"+regexp.QuoteMeta(test)+"$")
}

// patience ends a wait for the next message if code between two points takes too long.
func (p *process) patience() { _ = p.in.SetReadDeadline(time.Now().Add(hangs())) }

// leave is called when nothing more is expected of a process. A process that waits for a schedule then learns that none
// comes.
func (p *process) leave() {
	if p.problem != nil {
		return
	}
	_, _ = p.in.Close(), p.out.Close()
	go p.wait(true)
}

// mostDying is how long a process may take to end when all that is left is to clean up, or to print its goroutines'
// stacks.
const mostDying = time.Minute

// wait waits until a process has ended, and returns what it has printed. It kills one that was told to end and does not.
func (p *process) wait(told bool) string {
	if told {
		select {
		case <-p.ended:
		case <-time.After(mostDying):
			_ = p.cmd.Process.Kill()
		}
	}
	<-p.ended
	return p.said.String()
}

// lastWords keeps the beginning and the end of what a process prints.
type lastWords struct {
	mu    sync.Mutex
	first bytes.Buffer
	last  []byte
}

const mostWords = 128 << 10

func (l *lastWords) Write(text []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = len(text)
	if room := mostWords - l.first.Len(); room > 0 {
		l.first.Write(text[:min(room, n)])
		text = text[min(room, n):]
	}
	if l.last = append(l.last, text...); len(l.last) > mostWords {
		l.last = append(l.last[:0], l.last[len(l.last)-mostWords:]...)
	}
	return n, nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first.String() + string(l.last)
}

// lastLines returns the last lines that a process has printed.
func lastLines(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// death makes a failure of a process that has ended, from its last words and the user's first function in them.
func death(state *os.ProcessState, output string) *sched.Failure {
	f := &sched.Failure{Kind: sched.Died, Message: fmt.Sprintf("the process ended with exit code %d", state.ExitCode())}
	if status, is := state.Sys().(syscall.WaitStatus); is && status.Signaled() {
		f.Message = "the process was ended by a signal: " + status.Signal().String()
	}
	at := lastWord.FindStringIndex(output)
	if at == nil {
		return f
	}
	rest := output[at[0]:]
	first, _, _ := strings.Cut(rest, "\n")
	f.Message += ": " + first
	f.Stack = stackOf(rest)
	if found := framed.FindAllStringSubmatch(f.Stack, -1); found != nil {
		for _, frame := range found {
			if !isStandard(frame[2]) {
				f.Site = fmt.Sprintf("%s (%s:%s)", shortFunction(frame[1]), filepath.Base(frame[2]), frame[3])
				break
			}
		}
	}
	return f
}

var (
	// lastWord matches the beginning of what the runtime prints before it ends a process.
	lastWord = regexp.MustCompile(`(?m)^(fatal error: |panic: |SIG[A-Z]+: |runtime: out of memory)`)
	// framed matches two lines of a stack.
	framed = regexp.MustCompile(`(?m)^(\S.*?)\((?:[^()]|\([^()]*\))*\)\n\t(.*):(\d+)`)
)

// stackOf returns the stack of the goroutine that ran when the process ended: the runtime prints it first.
func stackOf(text string) string {
	var stack strings.Builder
	inside := false
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		line := scanner.Text()
		switch running := strings.HasPrefix(line, "goroutine ") && strings.Contains(line, "[running"); {
		case running:
			inside = true
		case inside && line == "":
			return stack.String()
		case inside:
			stack.WriteString(line + "\n")
		}
	}
	return stack.String()
}
