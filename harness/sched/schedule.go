package sched

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints"
)

// A Place is a moment in the life of a thread: the n-th time that it comes to a point, the end of its n-th operation
// (OpPoint), its end (EndPoint), or the moment before any thread has run (no Thread, StartPoint).
type Place struct {
	Thread, Point string
	Hit           int
}

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
	}
	return p.Thread + "@" + p.Point + "#" + strconv.Itoa(p.Hit)
}

// A Switch says that at a place another thread goes on than the one that would without it.
type Switch struct {
	At Place
	To string
}

// String is PLACE>THREAD.
func (s Switch) String() string { return s.At.String() + ">" + s.To }

// A Schedule is what a strategy chose, in the shortest form: the first thread runs until it ends or waits, then the first one
// that can go on, except at these switches.
type Schedule []Switch

// String lists the switches, separated by commas.
func (s Schedule) String() string {
	words := make([]string, len(s))
	for i, w := range s {
		words[i] = w.String()
	}
	return strings.Join(words, ", ")
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
	for word := range strings.SplitSeq(text, ",") {
		if len(s) >= maxSwitches {
			return nil, fmt.Errorf("%w: more than %d switches", ErrSchedule, maxSwitches)
		}
		sw, err := parseSwitch(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		s = append(s, sw)
	}
	return s, nil
}

func parseSwitch(word string) (s Switch, err error) {
	place, to, ok := strings.Cut(word, ">")
	if s.To = strings.TrimSpace(to); !ok || !isThreadName(s.To) {
		return s, fmt.Errorf("%w: %.80q: write THREAD@POINT#N>THREAD, THREAD@end>THREAD or start>THREAD", ErrSchedule, word)
	}
	s.At, err = ParsePlace(strings.TrimSpace(place))
	return s, err
}

// ParsePlace reads what Place.String prints.
func ParsePlace(text string) (p Place, err error) {
	if text == StartPoint {
		return Place{Point: StartPoint}, nil
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

func isThreadName(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\n\r,;>@'\"") }

func isPointName(s string) bool {
	return s != "" && s != EndPoint && s != StartPoint && !strings.ContainsAny(s, " \t\n\r,;>@#'\"")
}

// schedule is what was chosen so far, and how many of the switches are preemptions. The watchdog asks too, which is not ordered
// with the worker.
//
//go:norace
func (x *Execution) schedule() (s Schedule, preemptions int) {
	var hits hitCounts
	for _, step := range x.trace {
		hit := hits.next(step)
		if step.flags&preemption != 0 {
			preemptions++
		}
		if step.flags&deviates != 0 {
			s = append(s, Switch{x.place(step, hit), x.threads[step.to].name})
		}
	}
	return s, preemptions
}

// hitCounts counts passes by thread and arrival.
type hitCounts map[[2]int]int

func (h *hitCounts) next(s step) int {
	if *h == nil {
		*h = hitCounts{}
	}
	key := [2]int{int(s.from), int(namesake(s.at))}
	(*h)[key]++
	return (*h)[key]
}

// namesakes lists, by an arrival's code, the first code whose point has the same name: two packages may use one name, and a
// schedule's text does not tell them apart.
var namesakes atomic.Pointer[[]uint16]

func namesake(code uint16) uint16 {
	all := namesakes.Load()
	if all == nil || int(code) >= len(*all) {
		all = listNamesakes()
	}
	return (*all)[code]
}

func listNamesakes() *[]uint16 {
	first := map[string]uint16{}
	var all []uint16
	for code := range uint16(atEnd) + 1 {
		all = append(all, code)
	}
	for _, p := range failpoints.Points() {
		code := arrival{atPoint, p}.code()
		if _, known := first[p.Name()]; !known {
			first[p.Name()] = code
		}
		all = append(all, first[p.Name()])
	}
	namesakes.Store(&all)
	return &all
}

//go:norace
func (x *Execution) place(s step, hit int) Place {
	if s.from == mainThread {
		return Place{Point: StartPoint}
	}
	p := Place{Thread: x.threads[s.from].name, Hit: hit}
	switch arrivalKind(s.at) {
	case atOp:
		p.Point = OpPoint
	case atEnd:
		p.Point, p.Hit = EndPoint, 0
	default:
		p.Point = pointOf(s.at).Name()
	}
	return p
}

// pointOf is the failpoint of an arrival's code, nil if it is at none.
func pointOf(code uint16) *failpoints.Point {
	if code <= uint16(atEnd) {
		return nil
	}
	return failpoints.PointByID(int(code) - int(atEnd) - 1)
}
