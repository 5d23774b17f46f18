package clock

import (
	"sync/atomic"
	"testing"
	"time"
)

// The answer is there long before the deadline, unless a second passes while the other could give it.
func TestPollsBeside(t *testing.T) {
	var answered atomic.Bool
	go answered.Store(true)
	until := time.Now().Add(time.Second)
	for time.Now().Before(until) {
	}
	if !answered.Load() {
		t.Error("a second has passed")
	}
}

// It fails whether time passes or not.
func TestPollsAndFailsBesides(t *testing.T) {
	var n atomic.Int32
	done := make(chan bool)
	go func() {
		n.Store(n.Load() + 1)
		close(done)
	}()
	n.Store(n.Load() + 1)
	<-done
	for until := time.Now().Add(time.Second); time.Now().Before(until); {
	}
	if n.Load() != 2 {
		t.Errorf("%d were counted", n.Load())
	}
}
