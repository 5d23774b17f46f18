package object

import (
	"context"
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/deadlock"
	"github.com/racewindow/racewindow/harness/sched"
)

// Judges open what a loss of power has left under a scheduler of their own, with one client. In code without markers that scheduler does
// not see what the object waits for, so its watchdog ends the process when an opening never ends. What the goroutines wait for then says
// whether the object is at fault.

// openings are those under way, by the label of their goroutines.
type openings struct {
	mu  sync.Mutex
	all map[string]opening
}

type opening struct {
	plan  *plan
	began time.Time
}

// judging are the openings of the run that loses power in this process; nil while there is none.
var judging struct {
	sync.Mutex
	*openings
}

// watchOpenings calls found if the watchdog is about to end the process because of an opening that waits for ever.
func watchOpenings(found func(*CrashFinding)) (end func()) {
	if found == nil {
		return func() {}
	}
	o := &openings{all: map[string]opening{}}
	judging.Lock()
	judging.openings = o
	judging.Unlock()
	before := sched.OnHang(func(string) {
		if f := o.hung(); f != nil {
			found(f)
		}
	})
	return func() {
		sched.OnHang(before)
		judging.Lock()
		judging.openings = nil
		judging.Unlock()
	}
}

// opens notes that an object is being opened, and that all goroutines which start until end are its own.
func (p *plan) opens() (end func()) {
	judging.Lock()
	o := judging.openings
	judging.Unlock()
	if o == nil {
		return func() {}
	}
	_, number := marked(context.Background())
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[number] = opening{p, time.Now()}
	return func() {
		unmark()
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.all, number)
	}
}

const (
	// samePictures is how many pictures of the goroutines, one after the other, must show that each waits, and where it did before.
	samePictures = 8
	// mostPictures is how many are taken: on a busy machine a goroutine may take long until it waits.
	mostPictures = 60
)

// hung returns the oldest opening, if each of its goroutines waits for another one, or for a channel.
func (o *openings) hung() *CrashFinding {
	watch := deadlock.Labels{Key: label, Outside: append(lanesWait[:len(lanesWait):len(lanesWait)], "github.com/racewindow/racewindow/harness/sched.(*worker).watch.func1")}
	where, same := "", 0
	for range mostPictures {
		time.Sleep(deadlock.Every)
		watch.Look()
		oldest, number := o.oldest()
		its, crowd := watch.Of(number)
		if oldest.plan == nil || crowd == deadlock.Goes {
			where, same = "", 0
			continue
		}
		if now := number + its.Where(); now != where {
			where, same = now, 0
		}
		if same++; same == samePictures {
			v := progress.broken("an object that one client opens on what a loss of power left, asks and closes never comes to its end: each goroutine waits for another one, or for a channel: %s", its.Where())
			return &CrashFinding{Case: oldest.plan.c, Violation: v, Stacks: named([]byte(its.Stacks), nil, "a goroutine of the object")}
		}
	}
	return nil
}

// oldest returns the opening that began first, and its number; none if there is none.
func (o *openings) oldest() (oldest opening, number string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for n, one := range o.all {
		if number == "" || one.began.Before(oldest.began) {
			oldest, number = one, n
		}
	}
	return oldest, number
}
