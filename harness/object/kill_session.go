package object

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
	"strings"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/spec"
)

// remains are a folder, and what is known of the operations of the object in it.
type remains struct {
	plan    *plan
	folder  string
	history spec.History // of the program, then of the probes
	durable []bool
	moment  int
	kills   int // of processes that worked on it
	asked   bool
	first   int  // index of the first probe to be called
	waking  bool // the open object is asked, because there is room again
	lack    want // which room its last process lacked
	over    bool // answered or refused: the process that asked it needs it no longer
	refused string
}

func newRemains(p *plan, folder string) *remains {
	h := p.withProbes(nil)
	return &remains{plan: p, folder: folder, history: h, durable: make([]bool, len(h)), first: len(p.calls)}
}

// work kills one process after another. Each one takes over what the previous one has left.
func (k *killing) work(ctx context.Context, base string) error {
	var left []*remains
	for {
		child, more := k.claim(ctx)
		last := !more
		if last && (len(left) == 0 || ctx.Err() != nil) {
			return nil
		}
		folder, err := os.MkdirTemp(base, "")
		if err != nil {
			return err
		}
		s := k.session(child, k.plans)
		s.last = last
		if err := s.run(ctx, folder, left); err != nil {
			return err
		}
		if last {
			return nil
		}
		left = s.left
	}
}

func (k *killing) session(child uint64, p *plans) *session {
	return &session{killing: k, plans: p, child: child, random: rand.New(rand.NewPCG(k.Seed, child)), known: map[uint64]*remains{}}
}

// A session is one process, from its start to its end.
type session struct {
	*killing
	plans  *plans
	child  uint64
	random *rand.Rand
	known  map[uint64]*remains
	left   []*remains
	last   bool
	// short says that the process has no room; counted then takes its counts.
	short   bool
	counted *ShortResult

	settled, killed bool
	returned        int // messages other than calls, since settled
	enough          int
	ended           string // what the process said of its own end
}

func (s *session) run(ctx context.Context, base string, left []*remains) error {
	t := task{Base: base, First: uint64(len(left)), Child: s.child, Last: s.last, Planted: s.planted, Phase: s.plans.phase, Short: s.short}
	for i, r := range left {
		s.known[uint64(i)] = r
		t.Left = append(t.Left, s.assign(uint64(i), r))
	}
	s.enough = s.drawEnough()
	if len(left) == 0 {
		s.settled = true
	}
	if err := s.process(ctx, t); err != nil {
		return err
	}
	return s.afterwards(ctx)
}

// assign says what the next process does with a folder. If a program is unfinished, it goes on with it half of the time.
func (s *session) assign(of uint64, r *remains) leftTask {
	l := leftTask{Of: of, Program: uint64(r.plan.number), Folder: r.folder, Asked: r.first}
	r.asked = true
	if from, unfinished := r.goesOn(); s.short || unfinished && !s.last && r.kills < s.PerLog && s.random.IntN(2) == 0 {
		l.GoesOn, r.asked = from, false
		s.count(func(k *KillResult) { k.GoneOn++ })
	}
	return l
}

// goesOn returns the operation with which each client goes on.
func (r *remains) goesOn() (from []int, unfinished bool) {
	for client, t := range r.plan.c.Threads {
		first, end := r.plan.first[client], r.plan.first[client]+len(t.Operations)
		for first < end && r.history[first].Outcome != spec.NotInvoked {
			first++
		}
		from, unfinished = append(from, first), unfinished || first < end
	}
	return from, unfinished
}

// drawEnough draws after how many messages a process is killed, with each order of magnitude equally likely. One process in
// eight is killed early, counted from its start, while it takes over what was left.
func (s *session) drawEnough() int {
	if s.last || s.short {
		return math.MaxInt
	}
	if s.child%8 == 7 {
		s.settled = true
		return 1 + s.random.IntN(16)
	}
	return int(math.Exp(s.random.Float64() * math.Log(float64(s.Acknowledgements))))
}

func (s *session) count(what func(*KillResult)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what(&s.result)
}

// mostSaid bounds how much is kept of a process's other output: its end, which has the panic if there was one.
const mostSaid = 64 << 10

// A tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if t.Len() > mostSaid {
		t.Next(t.Len() - mostSaid/2)
	}
	return t.Buffer.Write(p)
}

// process starts a process, reads its messages, and kills it.
func (s *session) process(ctx context.Context, t task) error {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ours.Close()
	var said tail
	command := s.Start()
	command.ExtraFiles, command.Stdout, command.Stderr = []*os.File{theirs}, &said, &said
	stdin, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err = errors.Join(err, theirs.Close()); err != nil {
		return fmt.Errorf("start a process: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = command.Process.Kill() })()
	line, _ := json.Marshal(t)             // the task holds nothing that JSON cannot encode
	_, _ = stdin.Write(append(line, '\n')) // if the process does not read this it has died, which Wait reports
	wrong := s.hear(ours, command)
	waited := command.Wait()
	var exit *exec.ExitError
	switch code := command.ProcessState.ExitCode(); {
	case wrong != nil:
		return wrong
	case waited != nil && !errors.As(waited, &exit):
		return waited
	case s.killed || ctx.Err() != nil || (s.last || s.short) && code == 0:
	case strings.Contains(said.String(), "panic: ") || strings.Contains(said.String(), "fatal error: "):
		s.ended = said.String()
	default:
		return fmt.Errorf("a process ended by itself (%v):\n%s", command.ProcessState, strings.TrimSpace(said.String()))
	}
	return nil
}

// hear reads the messages of the process, kills it after enough of them, and reads the rest.
func (s *session) hear(from io.Reader, command *exec.Cmd) error {
	var hangs atomic.Bool
	watchdog := time.AfterFunc(s.Grace, func() {
		hangs.Store(true)
		_ = command.Process.Kill()
	})
	defer watchdog.Stop()
	for reader := bufio.NewReaderSize(from, 64<<10); ; {
		m, err := hear(reader)
		switch {
		case hangs.Load():
			return fmt.Errorf("a process reported nothing for %v: it hangs, or the machine is far too slow (--grace)", s.Grace)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err == nil:
			err = s.enter(m)
		}
		if err != nil {
			_ = command.Process.Kill()
			return err
		}
		watchdog.Reset(s.Grace)
		if s.returned >= s.enough && !s.killed && command.Process.Kill() == nil {
			s.killed = true
		}
	}
}

// enter records a message.
func (s *session) enter(m message) error {
	if s.settled || m.kind == settled {
		s.settled = true
		if m.kind != calls { // so that some kills strike during an operation, and some between two
			s.returned++
		}
	}
	if m.kind == settled {
		return nil
	}
	r := s.known[m.of]
	if m.kind == opens && r == nil {
		p, err := s.plans.at(m.number)
		if err == nil {
			err = p.repeatable()
		}
		if err != nil {
			return err
		}
		r = newRemains(p, m.text)
		s.known[m.of] = r
	}
	if r == nil || (m.kind == calls || m.kind == returns || m.kind == gaveOpen) && m.number >= uint64(len(r.history)) {
		return fmt.Errorf("a process reported something that it was not given: message %d of object %d, operation %d: it was built from other sources", m.kind, m.of, m.number)
	}
	r.enter(m)
	switch m.kind {
	case forgotten:
		delete(s.known, m.of)
	case notOpened, hasMet, roomAgain:
		return s.countShort(m.kind)
	}
	return nil
}

func (r *remains) enter(m message) {
	i := int(m.number)
	switch m.kind {
	case calls:
		r.moment++
		r.history[i] = spec.Entry{Outcome: spec.Pending, Invoked: r.moment, Crashes: r.kills}
	case returns, gaveOpen:
		r.moment++
		e := &r.history[i]
		e.Returned, e.Result, e.Outcome = r.moment, m.text, spec.OK
		if m.kind == gaveOpen {
			e.Outcome = spec.Indeterminate
		} else if i < r.first {
			r.makeDurable(i)
		}
	case answered:
		r.over = true
	case refuses:
		r.over, r.refused = true, m.text
	case roomAgain:
		r.first, r.waking = r.first+len(r.plan.probes), true
	}
}

// makeDurable records what is durable after an operation has returned: the operation itself, or those that had returned before
// it was called.
func (r *remains) makeDurable(i int) {
	done := r.plan.at(i).method
	if done.Durable == OnReturn {
		r.durable[i] = true
	}
	for j := range r.first {
		c, e := r.plan.at(j), r.history[j]
		if c.method.Durable == done.Method.Name && e.Outcome == spec.OK && e.Crashes == r.kills && e.Returned < r.history[i].Invoked {
			r.durable[j] = true
		}
	}
}

// afterwards judges the folders that were asked, and keeps the others for the next process.
func (s *session) afterwards(ctx context.Context) error {
	underWay, returned, durable, opening := false, 0, 0, false
	for _, r := range s.known {
		if !r.asked && r.refused == "" {
			if s.short {
				if err := s.judgeWaking(r); err != nil {
					return err
				}
			}
			pending, done, lasting := r.killed()
			underWay, returned, durable = underWay || pending, returned+done, durable+lasting
			s.left = append(s.left, r)
			continue
		}
		again, err := s.judge(r)
		if err != nil {
			return err
		}
		opening = opening || again || !r.over
		if again {
			s.left = append(s.left, r)
		} else if err := os.RemoveAll(r.folder); err != nil && ctx.Err() == nil {
			return err
		}
	}
	s.count(func(k *KillResult) {
		k.Operations += uint64(returned)
		k.Durable += uint64(durable)
		if s.ended != "" && k.Finding == nil {
			k.Finding = s.died()
		}
		if !s.killed {
			return
		}
		k.Kills++
		k.Folders += uint64(len(s.left))
		if returned > 0 {
			k.UnderLoad++
		}
		if underWay {
			k.Within++
		}
		if opening {
			k.Opening++
		}
		if k.Duration = time.Since(s.began); s.Progress != nil {
			s.Progress(*k)
		}
	})
	return nil
}
