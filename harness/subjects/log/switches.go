package log

import (
	"errors"
	"fmt"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

func (c Case) checkSwitches() error {
	switch {
	case len(c.Switches) > MaxSwitches:
		return fmt.Errorf("%w: %d switches: at most %d", ErrCase, len(c.Switches), MaxSwitches)
	case len(c.Switches) > 0 && len(c.Delays) > 0:
		return fmt.Errorf("%w: delays (~) are for goroutines, switches (@) for the scheduler: leave out the one or the other", ErrCase)
	}
	seen := map[sched.Place]bool{}
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
	if !c.isThread(s.To) {
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
		if !c.isThread(p.Thread) {
			return c.noThread(p.Thread)
		}
		return nil
	default:
		if !isTask(p.Thread) || p.Point == opPoint {
			return c.checkPlace(p)
		}
		return c.checkPlace(Place{Thread: flusherThread, Point: p.Point, Hit: p.Hit})
	}
}

// noThread says that an execution has no thread of that name, and which ones it has.
func (c Case) noThread(name string) error {
	known := []string{flusherThread}
	for _, t := range c.Threads {
		known = append(known, t.Name)
	}
	return fmt.Errorf("no thread is called %q%s: name one of the case, or %s", name, spelling.Meant(name, known), flusherThread)
}

// isThread says whether an execution may have a thread of that name.
func (c Case) isThread(name string) bool { return c.thread(name) >= 0 || isTask(name) }

// isTask says whether that is what a store's task is called: the one from the start, or one that a thread's reopen started.
func isTask(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	base, _, _ = strings.Cut(base, "#")
	return base == flusherThread
}
