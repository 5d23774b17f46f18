// Package clock has tests about time.
package clock

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errLate = errors.New("too late")

// ask waits for an answer for a second. Who answers later than that waits for ever, unless there is room for one answer.
func ask(room int) (int, error) {
	answers := make(chan int, room)
	go func() { answers <- 42 }()
	select {
	case v := <-answers:
		return v, nil
	case <-time.After(time.Second):
		return 0, errLate
	}
}

func TestAsk(t *testing.T) { _, _ = ask(0) }

func TestAskRight(t *testing.T) { _, _ = ask(1) }

// Nothing but time can go wrong in a test with one goroutine.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var mu sync.Mutex
	mu.Lock()
	mu.Unlock()
	if ctx.Err() != nil {
		t.Error("there were three seconds")
	}
}

// It fails whether timers fire early or not.
func TestBothTimes(t *testing.T) {
	var n atomic.Int32
	var wg sync.WaitGroup
	late := time.AfterFunc(time.Minute, func() {})
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n.Store(n.Load() + 1)
		}()
	}
	wg.Wait()
	late.Stop()
	if n.Load() != 2 {
		t.Errorf("%d were counted", n.Load())
	}
}

func TestContextTimesOutRight(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error)
	go func() {
		<-ctx.Done()
		done <- ctx.Err()
	}()
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// Before Go 1.23 the channel of a ticker is filled although nobody looks.
func TestNanosecondsRight(t *testing.T) {
	tick := time.NewTicker(1)
	defer tick.Stop()
	done := make(chan bool)
	go func() {
		time.Sleep(time.Hour)
		close(done)
	}()
	<-done
	<-tick.C
}

func TestRunsForEver(t *testing.T) {
	go func() {
		for {
			time.Sleep(time.Second)
		}
	}()
	var n atomic.Int32
	go n.Add(1)
}

func TestSleepersEndRight(t *testing.T) {
	go time.Sleep(time.Hour)
	go func() {
		for i := 0; i < 10; i++ {
			time.Sleep(time.Hour)
		}
	}()
}

var expired atomic.Int32

func expire() { expired.Store(expired.Load() + 1) }

func TestAfterFuncs(t *testing.T) {
	expired.Store(0)
	time.AfterFunc(time.Second, expire)
	time.AfterFunc(time.Second, expire)
	time.Sleep(time.Minute)
	if expired.Load() != 2 {
		t.Errorf("%d have expired", expired.Load())
	}
}

func TestPollsNowRight(t *testing.T) {
	done := make(chan bool)
	go close(done)
	until := time.Now().Add(time.Hour)
	for time.Now().Before(until) {
	}
	for time.Until(until.Add(time.Hour)) > 0 {
	}
	<-done
}

// Main waits for ever, and a goroutine ticks: nobody can tell.
// Others may reach this channel, but do not use it.
var never = make(chan bool)

func TestTicksForEver(t *testing.T) {
	var ticks atomic.Int64
	go func() {
		for range time.Tick(time.Millisecond) {
			ticks.Add(1)
		}
	}()
	<-never
}

// Nobody else reaches the channel.
func TestWaitsBesideATicker(t *testing.T) {
	var ticks atomic.Int64
	go func() {
		for range time.Tick(time.Millisecond) {
			ticks.Add(1)
		}
	}()
	<-make(chan bool)
}

// A latch is a lock of its own kind: what waits on a condition with it does not wait in its Unlock.
type latch struct{ taken atomic.Bool }

func (l *latch) Lock() {
	for !l.taken.CompareAndSwap(false, true) {
	}
}

func (l *latch) Unlock() { l.taken.Store(false) }

// The signal may come before somebody waits, and then a ticker goes on for ever.
func TestSignalIsLostBesideATicker(t *testing.T) {
	stop := make(chan struct{})
	var ticks atomic.Int64
	go func() {
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				ticks.Add(1)
			case <-stop:
				return
			}
		}
	}()
	lock := new(latch)
	signal := sync.NewCond(lock)
	go signal.Signal()
	lock.Lock()
	signal.Wait()
	lock.Unlock()
	close(stop)
}

// What waits for a moment is not an hour late.
func TestHourlyRight(t *testing.T) {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	soon, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	select {
	case <-soon.Done():
	case <-hourly.C:
		t.Error("an hour has passed")
	}
	if hourly.Reset(time.Hour); len(hourly.C) > 0 {
		t.Error("an hour has passed since")
	}
}

// One spins and never looks at the clock, and the other waits for a moment.
func TestSpinsMeanwhileRight(t *testing.T) {
	var over atomic.Bool
	go func() {
		time.Sleep(300 * time.Nanosecond)
		over.Store(true)
	}()
	for !over.Load() {
	}
}
