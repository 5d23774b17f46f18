package object

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/deadlock"
)

// Under load nobody schedules the goroutines of an object. So whether something that does not return ever will is judged by what they wait
// for. That it takes long is no violation.

// A HangError says that something has not returned for longer than the grace, while a goroutine of the object could go on by itself: it
// runs, sleeps, or waits for the system. So it may only be slow, and there is no verdict.
type HangError struct {
	// Case is the program that was executed.
	Case cases.Case
	// What does not return: Close, or an operation.
	What string
	// Grace is how long nothing had moved.
	Grace time.Duration
	// Stacks are those of the object's goroutines.
	Stacks string
}

// Error says what does not return, without the stacks.
func (e *HangError) Error() string {
	return fmt.Sprintf("%s has not returned for %v (--grace), but a goroutine of the object runs, sleeps or waits for the system, so it may only be slow", e.What, e.Grace)
}

// A standstill is an object that never goes on.
type standstill struct {
	words  string // how that is known, and where its goroutines wait
	stacks string
}

// A hang is a standstill, and what it violates.
type hang struct {
	violation *Violation
	stacks    string
}

// A hangWatch looks at the goroutines of a run. The lanes in which nothing moves share it.
type hangWatch struct {
	mu    sync.Mutex
	watch deadlock.Labels
}

// label is the label of package runtime/pprof that tells the goroutines of an instance from all others. Its value is a number, or ofNobody
// for those of the run itself, and of objects that a judge has opened.
const (
	label    = "racewindow"
	ofNobody = "0"
)

// labels counts the instances of all runs in this process.
var labels raceoff.Number

// marked gives the calling goroutine, and all that it starts from now on, the label of a new instance, until it calls unmark. The context
// keeps the label where the object sets labels of its own.
func marked(ctx context.Context) (of context.Context, number string) {
	number = strconv.FormatUint(labels.Add(1), 10)
	of = pprof.WithLabels(ctx, pprof.Labels(label, number))
	pprof.SetGoroutineLabels(of)
	return of, number
}

func unmark() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(label, ofNobody)))
}

// unmarked calls a function whose goroutines are of no instance, unless they are marked.
func unmarked(ctx context.Context, do func(context.Context)) {
	pprof.Do(ctx, pprof.Labels(label, ofNobody), do)
}

// lanesWait are the functions in which lanes, and who waits for them, are while the goroutines of an object wait for one another.
var lanesWait = []string{
	inObject + "(*instance).wait", inObject + "(*instance).remain", inObject + "(*instance).close", inObject + "(*load).round",
	inObject + "(*incarnation).live", inObject + "(*incarnation).awaitClose", inObject + "(*incarnation).pause",
}

const inObject = "github.com/racewindow/racewindow/harness/object."

func newHangWatch(every time.Duration) *hangWatch {
	return &hangWatch{watch: deadlock.Labels{Key: label, Outside: lanesWait, Every: every}}
}

// judge says what is known of an instance in which nothing has moved for some time: that it never goes on, or, with an error, that nobody
// can say. alone says that no new instances begin. Both results are nil as long as nothing is known.
func (h *hangWatch) judge(number string, stood, grace time.Duration, alone bool, who map[uint64]string) (never *standstill, undecided *HangError) {
	if !alone && stood <= grace {
		return nil, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch.Look()
	its, crowd := h.watch.Of(number)
	if its == nil {
		its = &deadlock.Deadlock{} // the object has given its goroutines other labels
	}
	stacks := named([]byte(its.Stacks), who, "a goroutine of the object")
	switch {
	case crowd == deadlock.Stuck:
		return &standstill{"no goroutine can go on: " + its.Where(), stacks}, nil
	case stood <= grace:
		return nil, nil
	case crowd == deadlock.Waits:
		return &standstill{fmt.Sprintf("nothing moved for %v, which is the last resort (--grace): each goroutine waits for another one, or for a channel: %s", grace, its.Where()), stacks}, nil
	}
	return nil, &HangError{Grace: grace, Stacks: stacks}
}

// waits says whether each goroutine of an instance waits for another one or for a channel.
func (h *hangWatch) waits(number string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch.Look()
	_, crowd := h.watch.Of(number)
	return crowd != deadlock.Goes
}

// needsProcessor says whether a goroutine of an instance could go on at once if it had a processor.
func (h *hangWatch) needsProcessor(number string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch.Look()
	its, _ := h.watch.Of(number)
	return its != nil && (strings.Contains(its.Stacks, "[runnable]:") || strings.Contains(its.Stacks, "[running]:"))
}

// works says that the object's files are what they should be: power is there, or has been lost only on the disk that repeats what is done in
// a folder. No fault is to come.
func (in *incarnation) works() bool {
	return len(in.rules) == 0 && (in.gone.Load() == 0 || in.env.recorded != nil)
}

// mayHang says that all clients that are left are in operations, and that one of these would return if they were executed alone. That is
// known in the first life of an object only.
func (in *incarnation) mayHang(left int) bool {
	if in.crashes > 0 || !in.works() {
		return false
	}
	now := in.now()
	return now.waiting() >= left && in.stuck(now) != nil
}

// stuck is what a history violates if its operations never return, nil for nothing.
func (in *incarnation) stuck(now *run) *Violation {
	v, is := now.judged().(*Violation)
	if is && v.promise == progress {
		return v
	}
	return nil
}

// hangs says whether it is known that the operations which have not returned never will, or that nobody can say, or that the run is over.
// None has begun or returned since a moment.
func (in *incarnation) hangs(since uint64, stood time.Duration) bool {
	now := in.now()
	goneOn := func() bool { return in.moment.Load() != since }
	return in.judgeHang(stood, now.pending(), in.waitingClients(now), func() *Violation { return in.stuck(now) }, goneOn)
}

// givenUp says that operations which have not returned since power was lost are waited for no more. What a dead disk does to an object is no
// violation.
func (in *incarnation) givenUp(since uint64, stood time.Duration) bool {
	l := in.lane.load
	if stood > l.Grace || l.settled() || l.interrupted.Load() != 0 {
		return true
	}
	never, _ := l.hangs.judge(in.number, stood, l.Grace, in.lane.of.over(), nil)
	return never != nil && in.moment.Load() == since
}

// closeHangs is hangs for Close.
func (in *incarnation) closeHangs(stood time.Duration) bool {
	closed := func() bool {
		select {
		case <-in.closed:
			return true
		default:
			return false
		}
	}
	return in.judgeHang(stood, "Close", map[uint64]string{in.closing.Load(): "Close"}, closeHangs, closed)
}

// judgeHang notes what hangs. goneOn says that it has gone on while the goroutines were looked at: then those that are left say nothing
// about it.
func (in *incarnation) judgeHang(stood time.Duration, what string, who map[uint64]string, violated func() *Violation, goneOn func() bool) (known bool) {
	l := in.lane.load
	never, undecided := l.hangs.judge(in.number, stood, l.Grace, in.lane.of.over(), who)
	if goneOn() {
		never, undecided = nil, nil
	}
	switch {
	case never != nil:
		if v := violated(); v != nil {
			v.detail += "; " + never.words
			in.hang = &hang{v, never.stacks}
		}
	case undecided != nil:
		undecided.Case, undecided.What = in.plan.c, what
		l.fail(undecided)
	}
	return never != nil || undecided != nil || l.settled() || l.interrupted.Load() != 0
}
