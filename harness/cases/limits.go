package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// Limits of a case. A text beyond them is refused before memory is allocated for it.
const (
	MaxTextBytes  = 1 << 20
	MaxThreads    = 64
	MaxOperations = 1 << 14 // in all threads together
	MaxDelays     = 256
	MaxSwitches   = 4096
	MaxFaults     = 64
	MaxHit        = 1 << 20
	MaxDelay      = time.Second
	MaxNameBytes  = 32
)

// ErrCase is wrapped by every error about a case that is not well formed.
var ErrCase = errors.New("not a case")

// Check returns what is wrong with c, and how to mend it; nil if c is well formed.
func (c Case) Check() error {
	if c.Subject == nil {
		return fmt.Errorf("%w: it names no subject: %s", ErrCase, headRemedy)
	}
	if len(c.Threads) == 0 || len(c.Threads) > MaxThreads {
		return fmt.Errorf("%w: %d threads: write 1 to %d clauses such as 'c0: OPERATION, OPERATION'", ErrCase, len(c.Threads), MaxThreads)
	}
	operations := 0
	for i, t := range c.Threads {
		if err := checkName(c.Subject, t.Name); err != nil {
			return err
		}
		if slices.ContainsFunc(c.Threads[:i], func(other Thread) bool { return other.Name == t.Name }) {
			return fmt.Errorf("%w: two threads are called %s: rename one", ErrCase, t.Name)
		}
		operations += len(t.Operations)
	}
	if operations > MaxOperations {
		return fmt.Errorf("%w: %d operations: at most %d", ErrCase, operations, MaxOperations)
	}
	for _, check := range []func() error{c.checkDelays, c.checkSwitches, c.checkFaults} {
		if err := check(); err != nil {
			return err
		}
	}
	return c.Subject.Check(c)
}

func checkName(s Subject, name string) error {
	ok := len(name) >= 1 && len(name) <= MaxNameBytes && name != crashWord && !s.IsTask(name)
	for i, b := range []byte(name) {
		ok = ok && (b >= 'a' && b <= 'z' || i > 0 && (b >= '0' && b <= '9' || b == '-' || b == '_'))
	}
	if !ok {
		return fmt.Errorf("%w: a thread called %.40q: use 1 to %d small letters, digits, '-' and '_', a letter first, and not %s",
			ErrCase, name, MaxNameBytes, strings.Join(append(s.Tasks(), crashWord), " or "))
	}
	return nil
}

// Thread returns the index of the thread with that name, -1 if there is none.
func (c Case) Thread(name string) int {
	return slices.IndexFunc(c.Threads, func(t Thread) bool { return t.Name == name })
}

// mayRun says whether an execution may have a thread of that name.
func (c Case) mayRun(name string) bool { return c.Thread(name) >= 0 || c.Subject.IsTask(name) }

// noThread returns an error: an execution has no thread with that name. It says which ones there are.
func (c Case) noThread(name string) error {
	known := c.Subject.Tasks()
	others := strings.Join(append([]string{"name one of the case"}, known...), ", or ")
	for _, t := range c.Threads {
		known = append(known[:len(known):len(known)], t.Name)
	}
	return fmt.Errorf("no thread is called %q%s: %s", name, spelling.Meant(name, known), others)
}

func (c Case) checkPlace(p Place) error {
	switch i := c.Thread(p.Thread); {
	case p.Point == "" || p.Point == sched.StartPoint || p.Point == sched.EndPoint:
		return fmt.Errorf("%s@%s: there is no failpoint of that name: name one, or op", p.Thread, p.Point)
	case i < 0 && !c.Subject.IsTask(p.Thread):
		return fmt.Errorf("%v: %w", p, c.noThread(p.Thread))
	case p.Point == sched.OpPoint && (i < 0 || p.Hit < 0 || p.Hit > len(c.Threads[i].Operations)):
		return fmt.Errorf("%v: must name an operation of a thread with a program, or 0 for before the first", p)
	case p.Point != sched.OpPoint && (p.Hit < 1 || p.Hit > MaxHit):
		return fmt.Errorf("%v: passes are counted from 1, to %d", p, MaxHit)
	}
	return nil
}

func (c Case) checkSwitches() error {
	switch {
	case len(c.Switches) > MaxSwitches:
		return fmt.Errorf("%w: %d switches: at most %d", ErrCase, len(c.Switches), MaxSwitches)
	case len(c.Switches) > 0 && len(c.Delays) > 0:
		return fmt.Errorf("%w: delays (~) are for goroutines, switches (@) for the scheduler: leave out one of the two", ErrCase)
	}
	if before, _ := c.Switches.Cycle(); slices.ContainsFunc(before, func(s sched.Switch) bool { return s.At.Hit == sched.EachHit }) {
		return fmt.Errorf("%w: %v: a cycle is the last of a schedule", ErrCase, c.Switches)
	}
	seen := map[Place]bool{}
	for i, s := range c.Switches {
		err := c.checkSwitch(s)
		if err == nil && seen[s.At] && s.At.Hit != sched.EachHit {
			err = errors.New("there is a switch at this place already")
		}
		if err != nil {
			return fmt.Errorf("%w: switch %d %v: %w", ErrCase, i+1, s, err)
		}
		seen[s.At] = true
	}
	return nil
}

func (c Case) checkSwitch(s sched.Switch) error {
	if !c.mayRun(s.To) {
		return c.noThread(s.To)
	}
	p := s.At
	if p.Hit == sched.EachHit {
		p.Hit = 1
	}
	switch p.Point {
	case sched.StartPoint:
		return nil
	case sched.EndPoint:
		if !c.mayRun(p.Thread) {
			return c.noThread(p.Thread)
		}
		return nil
	}
	return c.checkPlace(p)
}

// Clone returns a copy with its own slices. Operations and settings are shared, because they are immutable.
func (c Case) Clone() Case {
	c.Threads = slices.Clone(c.Threads)
	for i := range c.Threads {
		c.Threads[i].Operations = slices.Clone(c.Threads[i].Operations)
	}
	c.Switches, c.Faults = slices.Clone(c.Switches), slices.Clone(c.Faults)
	if c.Crash != nil {
		crash := *c.Crash
		c.Crash = &crash
	}
	c.Delays = slices.Clone(c.Delays)
	for i := range c.Delays {
		d := &c.Delays[i]
		if d.Until != nil {
			until := *d.Until
			d.Until = &until
		}
		if d.While != nil {
			while := *d.While
			d.While = &while
		}
	}
	return c
}

// Bare returns the case without its schedule: the program, to be executed under another schedule. It shares the rest with c.
func (c Case) Bare() Case {
	c.Switches = nil
	return c
}

// WithoutOperations returns the smallest program of the same subject with the same options and crash: one thread that does nothing, and
// neither faults nor delays. It shares nothing that changes with c.
func (c Case) WithoutOperations() Case {
	c = c.Clone().Bare()
	c.Threads, c.Faults, c.Delays = c.Threads[:1], nil, nil
	c.Threads[0].Operations = nil
	return c
}
