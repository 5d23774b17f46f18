package before

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain has a goroutine of its own, which must end with it.
func TestMain(m *testing.M) {
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-time.After(time.Second):
			case <-stop:
				return
			}
		}
	}()
	code := m.Run()
	close(stop)
	<-stopped
	os.Exit(code)
}

func TestJobRight(t *testing.T) {
	done := make(chan bool)
	Do(func() { close(done) })
	<-done
}

// The worker and the test write what they have read.
func TestJobLosesAnUpdate(t *testing.T) {
	var n atomic.Int64
	var wg sync.WaitGroup
	wg.Add(1)
	Do(func() { n.Store(n.Load() + 1); wg.Done() })
	n.Store(n.Load() + 1)
	wg.Wait()
	if got := n.Load(); got != 2 {
		t.Fatalf("%d updates", got)
	}
}

func TestJobIsLate(t *testing.T) {
	n := 0
	Do(func() { n++ })
	Do(func() {})
	if n == 0 {
		t.Fatal("the first job has not run")
	}
}

func TestFlushRight(t *testing.T) { Flush() }

func TestFlushWithinASecond(t *testing.T) {
	done := make(chan bool)
	go func() { Flush(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Second):
		t.Fatal("no flush within a second")
	}
}

func TestBeatsRight(t *testing.T) {
	before := beats.Load()
	go beats.Add(0)
	for beats.Load() < before+3 {
		time.Sleep(300 * time.Millisecond)
	}
}

func TestOpensRight(t *testing.T) {
	go beats.Add(0)
	<-opened
}

func TestExpiresRight(t *testing.T) {
	go beats.Add(0)
	expiry.Reset(10 * time.Millisecond)
	<-expiry.C
}

func TestNeverRight(t *testing.T) {
	go beats.Add(0)
	select {
	case <-never.C:
		t.Fatal("after 292 years")
	case <-time.After(2 * time.Second):
	}
}

// A panic ends the worker, so nobody takes jobs in the executions after it.
func TestJobPanics(t *testing.T) {
	Do(func() { panic("in a job") })
	Do(func() {})
}

// Which worker comes first is the same in each execution, whatever the one before has done.
func TestTasksRight(t *testing.T) {
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		tasks <- wg.Done
	}
	wg.Wait()
}

func TestContextEndsRight(t *testing.T) {
	go beats.Add(0)
	<-ended
}
