// The life of one test binary: it is built, runs until every test is explored, and executes its findings again in fresh processes.

package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Session explores packages with one toolchain.
type Session struct {
	Toolchain runtime.Toolchain
	Patch     *runtime.Patch
	Cache     runtime.Cache
	Race      bool
	// Flags are the user's flags for go test, such as -tags=x (runtime.Build, runtime.TestArguments).
	Flags []string
	Env   []string // of the go command and of the tests; the process's own when nil
	// Order is carried out. The Session sets its fields that say where, and for which package.
	Order drive.Order
	// Run is go test's -run; "" for all tests.
	Run string
	// Processes is how many test binaries run at the same time, each with one test. Below 2, one binary runs all tests of a
	// package.
	Processes int
	// Share, if not nil, divides time among the tests.
	Share *Share
	// Timeout bounds how long the tests of one package may take; 0 for no bound.
	Timeout time.Duration
	// Again is how often a finding is executed again, each time in a fresh process.
	Again int
	// ForDebugger compiles the tests for a debugger (runtime.Build).
	ForDebugger bool
	// Event is called with each event, from one goroutine at a time.
	Event func(Package, drive.Event)
}

// Open finds the toolchain of a folder and makes the edits in its files. If the toolchain is not supported, the error is a
// *runtime.UnsupportedError or a *runtime.UnfitError.
func Open(ctx context.Context, dir string, env []string) (*Session, error) {
	tool, err := runtime.Find(ctx, dir, env)
	if err != nil {
		return nil, err
	}
	patch, err := tool.Patch()
	if err != nil {
		return nil, err
	}
	cache, err := runtime.DefaultCache()
	if err != nil {
		return nil, err
	}
	return &Session{Toolchain: tool, Patch: patch, Cache: cache, Env: env, Again: 5}, nil
}

// A binary is one test binary and the state of its tests.
type binary struct {
	*Session
	of     Package
	folder string
	file   string
	// home is the environment variable that names where its processes record files (recorded.Home), and removeHome removes that folder.
	home       string
	removeHome func()
	began      string       // the test that is being explored
	sighted    *drive.Event // the finding that is being made smaller; nil for none
	ended      *ending      // how the next process executes a test, and why; nil if it does so in the usual way
	left       bool         // a test left something in the process
	astray     *ending      // set if what a test showed in this process does not count
	// unshown are findings that no fresh process has shown.
	unshown []drive.Event
	done    []string // tests that need not be executed any more
	// arguments are the user's for the binary. They come after the session's own.
	arguments []string
	others    int // how many of done never needed to be executed
}

// Explore builds the tests of a package, which then carry out the order. The error is a *runtime.BuildError if the package cannot
// be built.
func (s *Session) Explore(ctx context.Context, p Package) error {
	b, err := s.build(ctx, p)
	if err != nil {
		return err
	}
	defer b.remove()
	if b.Order.Mode == drive.Explore {
		if b.Order.Kept, err = b.giveKept(); err != nil {
			b.Event(p, drive.Event{Event: drive.Again, Text: err.Error(), Code: 3})
		}
	}
	return b.all(ctx)
}

// build makes the test binary of a package, in a folder of its own that remove deletes.
func (s *Session) build(ctx context.Context, p Package) (b *binary, err error) {
	arguments, err := runtime.TestArguments(s.Toolchain.Flags, s.Flags)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "racewindow-plain-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a test binary: %w", err)
	}
	own := *s // a copy, because its order becomes the package's
	b = &binary{Session: &own, of: p, folder: folder, file: filepath.Join(folder, p.Name+".test"), arguments: arguments}
	if b.home, b.removeHome, err = recorded.Home(); err != nil {
		b.remove()
		return nil, err
	}
	if err := s.Compile(ctx, p, b.file); err != nil {
		b.remove()
		return nil, err
	}
	return b, nil
}

// Compile builds the test binary of a package into a file. The binary carries out the order that it finds in its environment
// (drive.Variable).
func (s *Session) Compile(ctx context.Context, p Package, file string) error {
	err := runtime.Build{
		Toolchain: s.Toolchain, Patch: s.Patch, Cache: s.Cache, Dir: p.Dir, Package: ".", Output: file, Race: s.Race, Flags: s.Flags,
		Driver: Driver(), Unraced: beneath + "/...", Debug: s.ForDebugger, Env: s.Env,
	}.Run(ctx)
	var wrong *runtime.BuildError
	if errors.As(err, &wrong) {
		wrong.Package = p.ImportPath // it was built from its folder, as "."
	}
	return err
}

func (b *binary) remove() {
	_ = os.RemoveAll(b.folder) // it is a temporary one
	if b.removeHome != nil {
		b.removeHome()
	}
}

// passedOver reports the tests that no process reached: a TestMain may run none of them.
func (b *binary) passedOver(tests []string) error {
	selected, err := b.of.Matching(b.Run)
	if err != nil {
		return err
	}
	skip, err := runtime.Skipped(b.Toolchain.Flags, b.Flags)
	if err != nil {
		return err
	}
	for _, name := range tests {
		came := slices.ContainsFunc(b.done, func(done string) bool { return done == name || strings.HasPrefix(done, name+"/") })
		if slices.Contains(selected, name) && !came && !skip(name) {
			b.Event(b.of, drive.Event{Event: drive.Ended, Test: name, Code: 3, Plain: &drive.PlainSummary{
				Verdict: drive.Unjudged, Because: "the test binary did not reach it: TestMain must call m.Run, and exit with its result",
			}})
		}
	}
	return nil
}

// An ending says that a process ended in the middle of a test, or that what the test showed there does not count: how to
// execute the test next, the file that the process recorded, and why.
type ending struct{ test, how, trail, words string }

// process runs the binary once. If a test ends the process, another process explores it again and executes each schedule
// in a process of its own, starting with the one that ended the process. If that process ends too, the test is not
// judged. Then the other tests follow.
func (b *binary) process(ctx context.Context) (more bool, err error) {
	order := b.Order
	order.Skip = b.done
	run, again := b.Run, b.ended
	switch {
	case again != nil:
		order.Apart, order.After, order.Test, run = again.how, again.trail, again.test, Exactly(again.test)
	case order.Mode == drive.Explore && order.Apart == drive.ApartNone:
		order.Trail = filepath.Join(b.folder, fmt.Sprintf("trail-%d", len(b.done)))
	}
	b.began, b.left, b.astray = "", false, nil
	output, state, err := b.execute(ctx, order, run, b.take)
	b.ended = b.astray
	switch {
	case err != nil:
		return false, err
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case b.began == "" && state.ExitCode() != 0 && b.ended == nil && len(b.done) == b.others:
		return false, fmt.Errorf("the tests of %s end before any of them is explored, with %v:\n%s", b.of.ImportPath, state, tail(output))
	case b.began == "":
		return again != nil || b.left || b.ended != nil, nil
	case again == nil && b.Order.Apart == drive.ApartNone:
		b.ended = &ending{b.began, howItEnded(order.Trail), order.Trail, fmt.Sprintf("in one process the test ended it: %v%s", state, lastWords(output))}
		return true, nil
	}
	b.abandon()
	b.Event(b.of, drive.Event{Event: drive.Ended, Test: b.began, Code: 3, Plain: &drive.PlainSummary{
		Verdict: drive.Unjudged, Because: fmt.Sprintf("the test ended its process: %v:\n%s", state, tail(output)),
	}})
	b.done = append(b.done, b.began)
	return true, nil
}

// abandon reports a finding that was being made smaller when everything was stopped, or the test hung or ended its process.
func (b *binary) abandon() {
	if b.sighted != nil {
		b.sighted.Event = drive.Abandoned
		b.Event(b.of, *b.sighted)
		b.sighted = nil
	}
}

// howItEnded says how to execute a test that has ended its process. If the very first execution did so, nothing can warm
// up the process.
func howItEnded(trail string) string {
	memory, err := os.ReadFile(trail)
	if err != nil {
		return drive.ApartWarm // it was a replay, which records nothing
	}
	if executions, _, err := sched.ParseTrail(memory); err == nil && executions <= 1 {
		return drive.ApartFirst
	}
	return drive.ApartWarm
}

// take passes an event on, and notes which test is being explored.
func (b *binary) take(ctx context.Context, e drive.Event) {
	switch e.Event {
	case drive.Began:
		b.began = e.Test
	case drive.Passed:
		b.began = ""
		return
	case drive.Sighted:
		b.sighted = &e
	case drive.Found:
		b.sighted = nil
		b.again(ctx, &e)
		if f := e.Finding; f.Replayed < f.Replays && f.Apart == drive.ApartNone && f.Failure.Kind != sched.DataRace && b.Order.Mode == drive.Explore {
			b.astray = &ending{e.Test, drive.ApartFirst, "", fmt.Sprintf("a schedule failed in a process that had executed others (%s), but only %d of %d times in a fresh one", f.Failure.Class(), f.Replayed, f.Replays)}
			return
		}
		if b.unshownBy(ctx, e) {
			return
		}
	case drive.Ended:
		b.began, b.sighted = "", nil
		if b.astray != nil && b.astray.test == e.Test {
			return
		}
		b.withdraw(&e)
		b.done = append(b.done, e.Test)
		if b.ended != nil && e.Plain.Apart == "" {
			e.Plain.Apart = b.ended.words
		}
		b.left = b.left || e.Plain.Apart != ""
	case drive.Refused:
		b.abandon()
		b.began = ""
		b.left = b.left || b.Order.Mode == drive.Explore // a test that hangs has ended the process, so the others need another one
		b.done = append(b.done, e.Test)
		e = drive.Event{Event: drive.Ended, Test: e.Test, Code: e.Code, Plain: &drive.PlainSummary{Verdict: drive.Unjudged, Because: e.Text}}
	}
	b.Event(b.of, e)
}

// unshownBy says whether not all fresh processes show a finding that had processes of its own already. Those may have disturbed each other:
// two of them are started ahead. The race detector need not report a race each time.
func (b *binary) unshownBy(ctx context.Context, e drive.Event) bool {
	f := e.Finding
	if f.Apart == drive.ApartNone || f.Replayed == f.Replays || f.Failure.Kind == sched.DataRace || b.Order.Mode != drive.Explore || ctx.Err() != nil {
		return false
	}
	shown := fmt.Sprintf("only %d of %d fresh processes show that again", f.Replayed, f.Replays)
	if f.Replayed == 0 {
		shown = fmt.Sprintf("none of %d fresh processes shows that again", f.Replays)
	}
	b.unshown = append(b.unshown, drive.Event{Test: e.Test, Text: fmt.Sprintf("a schedule failed (%s), but %s: something outside of the process caused it", f.Failure.Class(), shown)})
	return true
}

// withdraw takes what no fresh process has shown out of a test's summary.
func (b *binary) withdraw(e *drive.Event) {
	for _, u := range b.unshown {
		if u.Test != e.Test || e.Plain.Verdict != drive.FoundSome {
			continue
		}
		if e.Plain.Findings--; e.Plain.Findings <= 0 {
			e.Code, e.Plain.Verdict, e.Plain.Because = 3, drive.Unrepeatable, u.Text
		}
	}
	b.unshown = slices.DeleteFunc(b.unshown, func(u drive.Event) bool { return u.Test == e.Test })
}

// again executes a finding again, in fresh processes. If the search's own process no longer showed it, one of these makes the report. A process
// that cannot be started says nothing about the finding, and is not counted.
func (b *binary) again(ctx context.Context, e *drive.Event) {
	if b.Order.Mode != drive.Explore {
		return
	}
	e.Finding.Replays, e.Finding.Replayed = 0, 0
	for tried := 0; tried < b.Again && ctx.Err() == nil; tried++ {
		failed := false
		order := drive.Order{
			Version: drive.Version, Mode: drive.Replay, Case: e.Case, Test: e.Test, Times: 1, StepLimit: b.Order.StepLimit, LeaksOK: b.Order.LeaksOK, LeaksAlways: true,
			Apart: e.Finding.Apart, Atomic: b.Order.Atomic,
		}
		if len(e.Finding.Outcome.Events) == 0 {
			order.Mode = drive.Report
		}
		_, _, err := b.execute(ctx, order, Exactly(e.Test), func(_ context.Context, again drive.Event) {
			if again.Event != drive.Found || again.Finding.Failure.Class() != e.Finding.Failure.Class() {
				return
			}
			failed = true
			if order.Mode == drive.Report {
				e.Finding.Outcome, e.Finding.Windows = again.Finding.Outcome, again.Finding.Windows
				e.Finding.Passing, e.Finding.Change = again.Finding.Passing, again.Finding.Change
			}
		})
		if err != nil || ctx.Err() != nil && !failed {
			continue // it was not started, or it was stopped
		}
		e.Finding.Replays++
		if failed {
			e.Finding.Replayed++
		}
	}
}

// execute runs the binary with an order, and calls take with each event.
func (b *binary) execute(ctx context.Context, order drive.Order, run string, take func(context.Context, drive.Event)) (output string, state *os.ProcessState, err error) {
	events, err := os.CreateTemp(b.folder, "events-")
	if err != nil {
		return "", nil, fmt.Errorf("make a file for the events of a test binary: %w", err)
	}
	defer events.Close()
	args, env, err := b.call(order, run, events.Name())
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, b.file, args...)
	cmd.Dir, cmd.Env = b.of.Dir, env
	said := &lastBytes{most: 64 << 10}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start a test binary: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = follow(ctx, events, ended, take)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) && !errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return "", nil, fmt.Errorf("run a test binary: %w", err)
	}
	awaitInterruption(ctx, cmd.ProcessState.String())
	return said.String(), cmd.ProcessState, nil
}

// awaitInterruption waits for the context to end if a process was interrupted: a terminal interrupts the command and its processes, and the
// command may be the last to notice. A test may also interrupt its own process, so that the context does not end.
func awaitInterruption(ctx context.Context, state string) {
	if !strings.HasPrefix(state, "signal: interrupt") && !strings.HasPrefix(state, "signal: terminated") {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}

// call returns the arguments and the environment with which the binary carries out an order and appends what happens to a file.
func (b *binary) call(order drive.Order, run, events string) (args, env []string, err error) {
	order.Version, order.Events, order.Own = drive.Version, events, b.of.Own()
	args = []string{"-test.count=1", "-test.timeout=0", "-test.paniconexit0", "-test.benchtime=1x"} // a benchmark measures a clock that stands still
	if run != "" {
		args = append(args, "-test.run="+run)
	}
	args = append(args, b.arguments...)
	env = b.environment()
	if b.Race {
		order.Gorace, order.RaceLog = detectorSettings(env), events+".races"
		env = append(env, "GORACE="+strings.TrimSpace(order.Gorace+" "+RacesTold)+` log_path="`+order.RaceLog+`"`)
	}
	ordered, err := order.ForEnvironment(b.folder)
	if err != nil {
		return nil, nil, err
	}
	return args, append(env, drive.Variable+"="+ordered, "PWD="+b.of.Dir), nil
}

func (b *binary) environment() []string {
	env := b.Env
	if env == nil {
		env = os.Environ()
	}
	env = env[:len(env):len(env)]
	if b.home != "" {
		env = append(env, b.home)
	}
	return env
}

// RacesTold are the race detector's settings for an exploration. They come after the user's, because the later of two
// settings counts. By default the detector reports equal races once in a process, by stacks or by address; then only the
// first schedule that shows a race would report it. The detector must not end the process, and must not sleep at its end,
// because there are many processes.
const RacesTold = "suppress_equal_stacks=0 suppress_equal_addresses=0 halt_on_error=0 exitcode=0 atexit_sleep_ms=0 report_bugs=1"

// detectorSettings returns the last GORACE of an environment, the one that counts.
func detectorSettings(env []string) (settings string) {
	for _, word := range env {
		if value, is := strings.CutPrefix(word, "GORACE="); is {
			settings = value
		}
	}
	return settings
}

// poll is the interval between two reads of the events.
const poll = 50 * time.Millisecond

// follow passes on the events in a file until the process that writes them has ended.
func follow(ctx context.Context, events io.Reader, ended <-chan error, take func(context.Context, drive.Event)) error {
	var rest []byte
	look := func() {
		more, _ := io.ReadAll(events) // what cannot be read now is read the next time; if it never is, the test is not judged
		rest = append(rest, more...)
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole {
				return
			}
			rest = after
			if e, err := drive.ParseEvent(line); err == nil {
				take(ctx, e)
			}
		}
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			look()
			return err
		case <-tick.C:
			look()
		}
	}
}

// lastBytes keeps the end of what is written.
type lastBytes struct {
	most int
	text []byte
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.text = append(l.text, p...)
	if over := len(l.text) - l.most; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

func (l *lastBytes) String() string { return string(l.text) }

// lastWords returns what the runtime printed before it ended a process, "" if it printed nothing.
func lastWords(output string) string {
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "panic: ") {
			return ": " + line
		}
	}
	return ""
}

// mostLines is how many lines of an output are shown.
const mostLines = 30

func tail(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-mostLines):], "\n")
}
