package history

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/alitto/pond"
)

// A task that is submitted while the idle worker is being purged runs.
func TestSubmitBesidePurge(t *testing.T) {
	pool := pond.New(1, 1, pond.MinWorkers(0), pond.IdleTimeout(time.Millisecond))
	var ran atomic.Int32
	pool.SubmitAndWait(func() { ran.Add(1) })
	time.Sleep(time.Millisecond)
	pool.Submit(func() { ran.Add(1) })
	pool.StopAndWait()
	if ran.Load() != 2 {
		t.Fatalf("%d of 2 tasks ran", ran.Load())
	}
}
