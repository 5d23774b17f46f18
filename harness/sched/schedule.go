package sched

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Place is a moment in the life of a thread: the n-th time that it comes to a point, the end of its n-th operation
// (OpPoint), its end (EndPoint), or the moment before any thread has run (no Thread, StartPoint).
type Place struct {
	Thread, Point string
	Hit           int
}

// EachHit is the Hit of a place in a cycle: every time that the thread comes to the point.
const EachHit = -1

// Points that are no failpoints.
const (
	OpPoint    = "op"
	EndPoint   = "end"
	StartPoint = "start"
)

// String is THREAD@POINT#N, THREAD@end or start.
func (p Place) String() string {
	switch {
	case p.Thread == "":
		return p.Point
	case p.Point == EndPoint:
		return p.Thread + "@" + EndPoint
	case p.Hit == EachHit:
		return p.Thread + "@" + p.Point + "#*"
	}
	return p.Thread + "@" + p.Point + "#" + strconv.Itoa(p.Hit)
}

// A Switch says that at a place another thread goes on than would without it, or that the thread takes another way than the first;
// then To is =N.
type Switch struct {
	At Place
	To string
}

// String is PLACE>THREAD, or PLACE=WAY.
func (s Switch) String() string {
	if _, is := s.isWay(); is {
		return s.At.String() + s.To
	}
	return s.At.String() + ">" + s.To
}

// A Schedule is what a strategy chose, in the shortest form: the first thread runs until it ends or waits, then the first one
// that can go on, except at these switches.
//
// The last switches may be a cycle: those whose places have EachHit. After all switches before it were made, the threads repeat
// it: the first of its switches is made when its thread next comes to its point, then the second, and after the last one the
// first again, for ever. The cycle is over when a thread to which it switches has ended.
type Schedule []Switch

// Cycle splits the schedule.
func (s Schedule) Cycle() (before, cycle Schedule) {
	n := len(s)
	for n > 0 && s[n-1].At.Hit == EachHit {
		n--
	}
	return s[:n], s[n:]
}

// String lists the switches, separated by commas; a cycle stands in parentheses with a star: a@x#1>b, (b@y#*>a, a@x#*>b)*.
func (s Schedule) String() string {
	before, cycle := s.Cycle()
	words := before.words()
	if len(cycle) > 0 {
		words = append(words, "("+strings.Join(cycle.words(), ", ")+")*")
	}
	return strings.Join(words, ", ")
}

func (s Schedule) words() []string {
	words := make([]string, len(s))
	for i, w := range s {
		words[i] = w.String()
	}
	return words
}

// MarshalText makes a schedule its text, in JSON too.
func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSchedule.
func (s *Schedule) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSchedule(string(text))
	return err
}

// ErrSchedule is wrapped by every error about the text of a schedule.
var ErrSchedule = errors.New("not a schedule")

// maxSwitches bounds what ParseSchedule takes.
const maxSwitches = 1 << 16

// ParseSchedule reads what String prints. Blanks between switches do not count; "" is the schedule without a switch.
func ParseSchedule(text string) (Schedule, error) {
	var s Schedule
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	inCycle := false
	words := strings.Split(text, ",")
	for i, word := range words {
		if len(s) >= maxSwitches {
			return nil, fmt.Errorf("%w: more than %d switches", ErrSchedule, maxSwitches)
		}
		word = strings.TrimSpace(word)
		if rest, opens := strings.CutPrefix(word, "("); opens && !inCycle {
			word, inCycle = strings.TrimSpace(rest), true
		}
		if inCycle && i == len(words)-1 {
			rest, closes := strings.CutSuffix(word, ")*")
			if !closes {
				return nil, fmt.Errorf("%w: %.80q: a cycle is the last of a schedule, and ends with )*", ErrSchedule, word)
			}
			word = strings.TrimSpace(rest)
		}
		sw, err := parseSwitch(word, inCycle)
		if err != nil {
			return nil, err
		}
		s = append(s, sw)
	}
	return s, nil
}

func parseSwitch(word string, inCycle bool) (s Switch, err error) {
	place, to, ok := strings.Cut(word, ">")
	s.To = strings.TrimSpace(to)
	if at, n, is := strings.Cut(word, "="); is && !ok && !inCycle {
		s.To = "=" + strings.TrimSpace(n)
		if _, is := s.isWay(); !is {
			return s, fmt.Errorf("%w: %.80q: write THREAD@POINT#N=WAY with WAY from 1", ErrSchedule, word)
		}
		if s.At, err = ParsePlace(strings.TrimSpace(at)); err == nil && s.At.Point == SeedPoint {
			if n, _ := s.isWay(); n > MaxSeed {
				return s, fmt.Errorf("%w: %.80q: a seed is %d at most", ErrSchedule, word, MaxSeed)
			}
		}
		return s, err
	}
	switch place = strings.TrimSpace(place); {
	case (!ok || !isThreadName(s.To)) && inCycle:
		return s, fmt.Errorf("%w: %.80q: write (THREAD@POINT#*>THREAD, ...)* for a cycle", ErrSchedule, word)
	case !ok || !isThreadName(s.To):
		return s, fmt.Errorf("%w: %.80q: write THREAD@POINT#N>THREAD, THREAD@end>THREAD or start>THREAD", ErrSchedule, word)
	case !inCycle && strings.HasSuffix(place, "#*"):
		return s, fmt.Errorf("%w: %.80q: #* stands in a cycle only, (THREAD@POINT#*>THREAD, ...)*; write #N with N from 1", ErrSchedule, word)
	case place == SeedPoint:
		return s, fmt.Errorf("%w: %.80q: write seed=N with N from 1", ErrSchedule, word)
	case !inCycle:
		s.At, err = ParsePlace(place)
		return s, err
	}
	first, each := strings.CutSuffix(place, "#*")
	s.At, err = ParsePlace(first + "#1")
	if !each || err != nil {
		return s, fmt.Errorf("%w: %.80q: a switch in a cycle is THREAD@POINT#*>THREAD", ErrSchedule, word)
	}
	s.At.Hit = EachHit
	return s, nil
}

// ParsePlace reads what Place.String prints.
func ParsePlace(text string) (p Place, err error) {
	if text == StartPoint || text == SeedPoint {
		return Place{Point: text}, nil
	}
	bad := fmt.Errorf("%w: %.80q is no place: write THREAD@POINT#N with N from 1, THREAD@end or start", ErrSchedule, text)
	var rest string
	var ok bool
	if p.Thread, rest, ok = strings.Cut(text, "@"); !ok || !isThreadName(p.Thread) {
		return Place{}, bad
	}
	if rest == EndPoint {
		p.Point = EndPoint
		return p, nil
	}
	point, number, ok := strings.Cut(rest, "#")
	hit, err := strconv.ParseUint(number, 10, 31)
	if !ok || err != nil || hit < 1 || !isPointName(point) || number[0] == '0' {
		return Place{}, bad
	}
	p.Point, p.Hit = point, int(hit)
	return p, nil
}

func isThreadName(s string) bool {
	return s != "" && s[0] != '(' && s[0] != '=' && !strings.ContainsAny(s, " \t\n\r,;>@'\"")
}

func isPointName(s string) bool {
	return s != "" && s != EndPoint && s != StartPoint && s != SeedPoint && !strings.ContainsAny(s, " \t\n\r,;>@#'\"")
}

// schedule returns what was chosen so far, and how many of the switches are preemptions. The watchdog calls it too,
// without synchronisation with the worker.
//
//go:norace
func (c *Chooser) schedule() (s Schedule, preemptions int) {
	hits := hitCounts{}
	for _, step := range c.trace {
		hit := hits.next(step)
		if step.is(preemption) {
			preemptions++
		}
		if step.is(deviates) {
			s = append(s, Switch{c.place(step, hit), c.whither(step)})
		}
	}
	return s, preemptions
}

// whither returns the thread that went on, or the way that the same thread took.
func (c *Chooser) whither(s step) string {
	if s.is(picked) {
		return way(int(s.to))
	}
	return c.name(int(s.to))
}

// preemptions counts the preemptions among the first steps.
func (c *Chooser) preemptions(steps int) (n int) {
	for _, step := range c.trace[:min(steps, len(c.trace))] {
		if step.is(preemption) {
			n++
		}
	}
	return n
}

// hitCounts counts how often a thread has come to a point. A table of both would be far too large.
type hitCounts map[stopPlace]int

type stopPlace struct {
	thread int32
	point  PointID
}

func (h hitCounts) next(s step) int {
	at := stopPlace{int32(s.from), s.point()}
	h[at]++
	return h[at]
}

//go:norace
func (c *Chooser) place(s step, hit int) Place {
	if s.from == NoThread {
		if s.is(picked) {
			return Place{Point: SeedPoint}
		}
		return Place{Point: StartPoint}
	}
	p := Place{Thread: c.name(int(s.from)), Point: c.points.of(s.point()).name, Hit: hit}
	if s.point() == AtEnd {
		p.Hit = 0
	}
	return p
}
