package cases

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Place is a moment in the life of a thread: the n-th time that it comes to a failpoint, or, for the point "op", the end
// of its n-th operation.
type Place = sched.Place

// A Delay holds a thread at a place: for a time (For), until another thread has come to a place (Until), or as long as
// another thread's operation takes (While).
type Delay struct {
	At    Place
	For   time.Duration
	Until *Place
	While *Turn
}

// A Turn is the n-th operation of a thread, counted from 1.
type Turn struct {
	Thread    string
	Operation int
}

// String prints the turn in the grammar's form.
func (t Turn) String() string { return fmt.Sprintf("%s#%d", t.Thread, t.Operation) }

// String prints the delay in the grammar's form.
func (d Delay) String() string {
	switch {
	case d.Until != nil:
		return fmt.Sprintf("%v=until:%v", d.At, d.Until)
	case d.While != nil:
		return fmt.Sprintf("%v=while:%v", d.At, d.While)
	}
	return fmt.Sprintf("%v=%s", d.At, Duration(d.For))
}

// Duration prints d in ASCII.
func Duration(d time.Duration) string { return strings.Replace(d.String(), "µ", "u", 1) }

// ParseDuration reads a duration above zero.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%.40q: write a duration above zero, such as 2ms or 1s", text)
	}
	return d, nil
}

const delayRemedy = "write THREAD@POINT#N=DURATION, =until:THREAD@POINT#N or =while:THREAD#N"

func parseDelay(text string) (d Delay, err error) {
	at, what, ok := strings.Cut(text, "=")
	if !ok {
		return d, fmt.Errorf("delay %.80q: %s", text, delayRemedy)
	}
	if d.At, err = ParsePlace(at); err != nil {
		return d, err
	}
	if place, ok := strings.CutPrefix(what, "until:"); ok {
		until, err := ParsePlace(place)
		d.Until = &until
		return d, err
	}
	if turn, ok := strings.CutPrefix(what, "while:"); ok {
		thread, number, ok := strings.Cut(turn, "#")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			return d, fmt.Errorf("delay %.80q: %s", text, delayRemedy)
		}
		d.While = &Turn{thread, n}
		return d, nil
	}
	d.For, err = ParseDuration(what)
	return d, err
}

// ParsePlace reads THREAD@POINT#N.
func ParsePlace(text string) (p Place, err error) {
	thread, rest, ok := strings.Cut(text, "@")
	point, hit, counted := strings.Cut(rest, "#")
	n, err := strconv.Atoi(hit)
	if !ok || !counted || err != nil {
		return p, fmt.Errorf("place %.80q: write THREAD@POINT#N", text)
	}
	return Place{Thread: thread, Point: point, Hit: n}, nil
}

func (c Case) checkDelays() error {
	if len(c.Delays) > MaxDelays {
		return fmt.Errorf("%w: %d delays: at most %d", ErrCase, len(c.Delays), MaxDelays)
	}
	for i, d := range c.Delays {
		if err := c.checkDelay(d); err != nil {
			return fmt.Errorf("%w: delay %d: %w", ErrCase, i+1, err)
		}
	}
	return nil
}

func (c Case) checkDelay(d Delay) error {
	if err := c.checkPlace(d.At); err != nil {
		return err
	}
	switch {
	case d.Until != nil && d.While != nil, d.For != 0 && (d.Until != nil || d.While != nil):
		return errors.New("it waits for more than one thing: write a duration, until:PLACE or while:THREAD#N")
	case d.Until != nil:
		if d.Until.Thread == d.At.Thread {
			return fmt.Errorf("thread %s would wait for itself: name another", d.At.Thread)
		}
		return c.checkPlace(*d.Until)
	case d.While != nil:
		i := c.Thread(d.While.Thread)
		if i < 0 || d.While.Thread == d.At.Thread {
			return fmt.Errorf("while:%s: name another thread of the case", d.While.Thread)
		}
		if n := len(c.Threads[i].Operations); d.While.Operation < 1 || d.While.Operation > n {
			return fmt.Errorf("while:%s#%d: the thread has operations 1 to %d", d.While.Thread, d.While.Operation, n)
		}
	case d.For <= 0 || d.For > MaxDelay:
		return fmt.Errorf("a duration of %v: must be above 0s and at most %v", d.For, MaxDelay)
	}
	return nil
}
