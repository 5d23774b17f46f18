package history

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/alitto/pond"
)

// A pool may be stopped while its idle workers are being purged.
func TestStopWithIdleWorkers(t *testing.T) {
	pool := pond.New(2, 2, pond.MinWorkers(0), pond.IdleTimeout(time.Millisecond))
	var ran atomic.Int32
	for i := 0; i < 2; i++ {
		pool.Submit(func() { ran.Add(1) })
	}
	time.Sleep(2 * time.Millisecond)
	pool.StopAndWait()
	if ran.Load() != 2 {
		t.Fatalf("%d of 2 tasks ran", ran.Load())
	}
}
