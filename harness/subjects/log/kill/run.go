package kill

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/room"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// A kind says how the children of a target end.
type kind string

const (
	kindKilled  kind = "SIGKILL"
	kindLimited kind = "file size limit"
	kindFull    kind = "full disk"
)

// A target is the tests on one disk with one kind of end.
type target struct {
	*run
	kind     kind
	folder   string // for the logs
	filler   string
	children int
	limit    uint64 // the file size limit of the last child, in bytes
	result   *Target
}

type run struct {
	config  Config
	random  *rand.Rand
	summary *Summary
	done    int
	of      int
}

// Run starts children and kills them. The Summary says what was done and, in Violation, what was found. An error means that the
// run has no verdict: the settings are wrong (ErrConfig), a child could not do its work, or too little was done (ErrTooLittle).
//
// The end of ctx ends the run early and in order.
func Run(ctx context.Context, config Config) (*Summary, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	if len(config.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		config.Command = []string{self}
	}
	began := time.Now()
	r := &run{
		config: config, random: rand.New(rand.NewPCG(config.Seed, 0)), of: config.Kills*len(config.Dirs) + config.Limited + config.Full,
		summary: &Summary{Seed: config.Seed, Shows: Shows, ShowsNot: ShowsNot},
	}
	err := r.all(ctx)
	s := r.summary
	s.Elapsed = time.Since(began)
	for _, t := range s.Targets {
		s.Kills += t.Kills
	}
	s.Rate = float64(s.Kills) / max(s.Elapsed.Seconds(), 1e-6)
	if errors.Is(err, ErrConfig) {
		return nil, err
	}
	if err == nil && s.Violation == nil {
		err = s.tooLittle(config, ctx.Err() != nil)
	}
	if err != nil {
		s.Failure = err.Error()
	}
	return s, err
}

func (r *run) all(ctx context.Context) error {
	for _, dir := range r.config.Dirs {
		if err := r.in(ctx, dir, kindKilled, r.config.Kills); err != nil || r.summary.Violation != nil {
			return err
		}
	}
	if r.config.Limited > 0 {
		if err := r.in(ctx, r.config.Dirs[0], kindLimited, r.config.Limited); err != nil || r.summary.Violation != nil {
			return err
		}
	}
	if r.config.Full > 0 {
		return r.in(ctx, r.config.Dirs[0], kindFull, r.config.Full)
	}
	return nil
}

// in works in a new folder below dir.
func (r *run) in(ctx context.Context, dir string, k kind, children int) (err error) {
	folder, err := os.MkdirTemp(dir, "racewindow-kill-")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	t := &target{run: r, kind: k, folder: folder, children: children, result: &Target{Dir: dir, Kind: string(k), FileSystem: room.FileSystem(dir)}}
	r.summary.Targets = append(r.summary.Targets, t.result)
	switch k {
	case kindLimited:
		if _, err := room.Free(folder); err != nil {
			t.result.NotRun = err.Error()
			return nil
		}
	case kindFull:
		const bytes = 4 << 20
		unmount, err := room.MountSmall(folder, bytes)
		if err != nil {
			t.result.NotRun = err.Error()
			return nil
		}
		defer func() { _ = unmount() }() // a detached disk goes away when its last file is closed
		t.result.FileSystem, t.filler = fmt.Sprintf("tmpfs of %d MiB", bytes>>20), filepath.Join(folder, "filler")
	}
	return t.work(ctx)
}

// work starts one child after the other. PerLog children share a log.
func (t *target) work(ctx context.Context) error {
	var g *ledger
	folder := ""
	for i := 0; i < t.children && ctx.Err() == nil; i++ {
		child := uint32(i%t.config.PerLog) + 1
		if child == 1 {
			if folder != "" {
				if err := os.RemoveAll(folder); err != nil {
					return err
				}
			}
			folder = filepath.Join(t.folder, fmt.Sprintf("log-%d", i/t.config.PerLog))
			g = &ledger{values: check.Values{Seed: t.config.Seed + uint64(i), MaxBytes: t.config.MaxValueBytes}, invoked: map[uint32]uint32{}}
		}
		last := int(child) == t.config.PerLog || i == t.children-1
		v, err := t.one(ctx, g, folder, child, last)
		if err != nil {
			return err
		}
		if v != nil {
			t.summary.Violation = &Finding{
				Promise: v.Promise.Name, Sentence: v.Promise.Sentence, Detail: v.Detail, Dir: t.result.Dir,
				FileSystem: t.result.FileSystem, Kind: string(t.kind), Log: i / t.config.PerLog, Child: int(child),
			}
			return nil
		}
		t.done++
		if t.config.Progress != nil {
			t.config.Progress(t.done, t.of)
		}
	}
	return nil
}

// one starts a child, lets it work, ends it, and checks the log. Now and then it leaves the check to the next child, but not if
// this is the last one.
func (t *target) one(ctx context.Context, g *ledger, folder string, child uint32, last bool) (*check.Violation, error) {
	l := load{
		Dir: folder, Handover: t.config.Handover, Seed: g.values.Seed, Child: child, Goroutines: t.config.Goroutines,
		MaxValueBytes: t.config.MaxValueBytes, Lie: t.config.Lie, NoSync: t.config.NoSync, Filler: t.filler,
	}
	if t.kind == kindLimited {
		if child == 1 {
			t.limit = 0
		}
		t.limit += uint64(20<<10 + t.random.IntN(40<<10)) // the next child must be able to recover what this one wrote
		l.FileLimit = t.limit
	}
	if t.kind == kindFull {
		if err := room.Fill(t.filler, 160<<10); err != nil {
			return nil, err
		}
	}
	v, err := t.session(ctx, g, l)
	if t.kind == kindFull { // the check needs room to write
		if err := os.Remove(t.filler); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	if v != nil || err != nil {
		return v, err
	}
	if t.kind == kindKilled && t.random.IntN(4) == 0 && !last {
		t.result.LeftToNext++
		return nil, nil
	}
	if t.config.Keep != "" {
		if err := keep(t.config.Keep, folder); err != nil {
			return nil, err
		}
	}
	found, v, err := g.check(context.WithoutCancel(ctx), folder)
	if err != nil {
		return nil, err
	}
	t.result.Checks++
	t.result.Records += found.records
	t.result.Transactions += found.transactions
	t.result.Lost += found.lost
	return v, nil
}

// keep copies a log to the folder for copies, in the place of the copy before.
func keep(to, folder string) error {
	to = filepath.Join(to, "disk")
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return nil // the child was killed before it created anything
	}
	return os.CopyFS(to, os.DirFS(folder))
}

// session starts a child and ends it.
func (t *target) session(ctx context.Context, g *ledger, l load) (*check.Violation, error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	command := exec.Command(t.config.Command[0], t.config.Command[1:]...)
	command.Env = append(os.Environ(), childVariable+"="+string(text))
	command.ExtraFiles, command.Stderr = []*os.File{theirs}, &stderr
	if err := errors.Join(command.Start(), theirs.Close()); err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	hears := t.listen(ours, g, l, command)
	waited := command.Wait() // a child that hangs has been killed by listen
	var exit *exec.ExitError
	switch code := command.ProcessState.ExitCode(); {
	case hears.violation != nil || hears.err != nil:
		return hears.violation, hears.err
	case waited != nil && !errors.As(waited, &exit):
		return nil, waited
	case code == exitBroken:
		return violation(check.Progress, "a child found that the contract is broken: %.2000s", stderr.String()), nil
	case code == exitPanicked && strings.HasPrefix(stderr.String(), "panic: "):
		return violation(check.Progress, "%s%.2000s", ChildEndedWith, stderr.String()), nil
	case code == 0 && (t.kind != kindKilled):
		t.result.Ended++
	case code != -1:
		return nil, fmt.Errorf("a child ended by itself with code %d: %.2000s", code, stderr.String())
	case !hears.killed && ctx.Err() == nil: // for example by the system, for want of memory
		how := strings.Replace(command.ProcessState.String(), ": ", " ", 1) // signal: killed
		return nil, fmt.Errorf("a child ended by itself with %s, which this program did not send: %.2000s", how, stderr.String())
	}
	return nil, nil
}

type heard struct {
	violation *check.Violation
	err       error
	killed    bool
}

// listen records the child's messages in the ledger, kills the child when it has acknowledged enough, and receives the rest.
func (t *target) listen(from *os.File, g *ledger, l load, command *exec.Cmd) (h heard) {
	said, enough := 0, t.enough()
	kill := func() {
		if !h.killed && command.Process.Kill() == nil {
			t.result.Kills++
			h.killed = true
		}
	}
	if t.kind == kindKilled && t.random.IntN(10) == 0 { // kill it while it starts or recovers
		time.Sleep(time.Duration(t.random.Int64N(int64(15 * time.Millisecond))))
		kill()
	}
	var hangs atomic.Bool
	watchdog := time.AfterFunc(t.config.Grace, func() {
		hangs.Store(true)
		_ = command.Process.Kill()
	})
	defer watchdog.Stop()
	buffered, isOpen := bufio.NewReaderSize(from, 64<<10), false
	for {
		m, err := receive(buffered)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				h.err = err
			}
			break
		}
		watchdog.Reset(t.config.Grace)
		if h.violation = g.take(m, l.Child, l.Goroutines); h.violation != nil {
			_ = command.Process.Kill()
			return h
		}
		isOpen = true
		t.result.count(m)
		if m.kind == acknowledged {
			said++
		}
		if said >= enough && (t.kind != kindFull || m.kind == resumed || t.result.resumedBy == l.Child) {
			kill()
		}
		if m.kind == resumed {
			t.result.resumedBy = l.Child
		}
	}
	switch {
	case hangs.Load():
		h.err = fmt.Errorf("a child said nothing for %v: it hangs, or the machine is far too slow (--grace)", t.config.Grace)
	case h.killed && said > 0:
		t.result.UnderLoad++
	case h.killed && !isOpen:
		t.result.BeforeOpen++
	}
	t.result.resumedBy = 0
	return h
}

// enough draws after how many acknowledgements a child is killed; each order of magnitude is equally likely. A child with a file
// size limit is not killed, because it ends by itself.
func (t *target) enough() int {
	if t.kind == kindLimited {
		return math.MaxInt
	}
	return int(math.Exp(t.random.Float64() * math.Log(float64(t.config.Messages))))
}
