// Package alarms has tests that pass, and failed for reasons of the exploration's own.
package alarms

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	epoch   = time.Now()
	inInit  time.Time
	inMain  time.Time
	ticking = time.Since(epoch)
)

func init() { inInit = time.Now() }

func TestMain(m *testing.M) {
	inMain = time.Now()
	os.Exit(m.Run())
}

// two has a second goroutine, without which a test is sequential.
func two() {
	var n atomic.Int32
	done := make(chan bool)
	go func() {
		n.Add(1)
		close(done)
	}()
	n.Add(1)
	<-done
}

func TestEpochRight(t *testing.T) {
	two()
	now := time.Now()
	if ticking < 0 || inInit.Before(epoch) || inMain.Before(inInit) {
		t.Errorf("the clock goes back: %v, %v, %v, %v", ticking, epoch, inInit, inMain)
	}
	for name, begun := range map[string]time.Time{"a variable": epoch, "init": inInit, "TestMain": inMain} {
		if d := time.Since(begun); d <= 0 || d > time.Hour || now.Sub(begun) > d {
			t.Errorf("%v since %s", d, name)
		}
		if d := time.Until(begun); d >= 0 || d < -time.Hour {
			t.Errorf("%v until %s", d, name)
		}
	}
	if want := time.Date(2025, 5, 14, 11, 37, 42, 123456789, time.UTC); now.Sub(want) < 0 || now.Sub(want) > time.Millisecond {
		t.Errorf("the test begins at %v", now)
	}
	for _, edge := range []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		if d := now.Sub(now.Truncate(edge)); d < 100*time.Millisecond || edge-d < 100*time.Millisecond {
			t.Errorf("the test begins at the edge of %v", edge)
		}
	}
}

func TestStackHeadersRight(t *testing.T) {
	until := make(chan bool)
	go func() { <-until }()
	defer close(until)
	defer func() {
		recover()
		if stack := string(debug.Stack()); !strings.HasPrefix(stack, "goroutine ") || !strings.Contains(stack, " [running]:\n") {
			t.Errorf("no header of a goroutine: %q", stack)
		}
		all := make([]byte, 1<<20)
		if all = all[:runtime.Stack(all, true)]; strings.Contains(string(all), "synctest bubble") {
			t.Errorf("a bubble that the test has not made: %s", all)
		} else if n := strings.Count(string(all), "\n\ngoroutine "); n != 1 {
			t.Errorf("%d goroutines beside this one, and there is one: %s", n, all)
		}
	}()
	panic("look")
}

// As who looks for goroutines that are left does: the driver's are none of the test's, and one that waits is.
func TestStacksOfAllRight(t *testing.T) {
	step := make(chan bool)
	go func() { <-step }()
	go func() { step <- true }()
	runtime.Gosched()
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	for goroutine := range strings.SplitSeq(string(all), "\n\n") {
		if !strings.Contains(goroutine, "alarms.TestStacksOfAllRight") {
			t.Errorf("a goroutine that is none of the test's: %s", goroutine)
		}
	}
}

func TestStackHeadersOfSynctestRight(t *testing.T) {
	two()
	synctest.Test(t, func(t *testing.T) {
		if stack := string(debug.Stack()); !strings.Contains(stack, " [running, synctest bubble ") {
			t.Errorf("no header of a goroutine in a bubble: %q", stack)
		}
	})
}

var sink *int

func TestAllocationsRight(t *testing.T) {
	two()
	var n atomic.Int32
	if got := testing.AllocsPerRun(50, func() {
		sink = new(int)
		n.Add(1)
	}); got != 1 {
		t.Errorf("%v allocations", got)
	}
}

// There are about 150, and more with what the scheduler allocates.
func TestCountsAllocations(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 50 {
		two()
	}
	runtime.ReadMemStats(&after)
	if after.Mallocs-before.Mallocs > 200 {
		t.Errorf("%d allocations", after.Mallocs-before.Mallocs)
	}
}
