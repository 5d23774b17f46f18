package history

import (
	"sync/atomic"
	"testing"

	"github.com/alitto/pond/v2"
)

// A task may be submitted while the pool stops.
func TestSubmitWhileStopping(t *testing.T) {
	pool := pond.NewPool(2)
	var ran atomic.Int32
	done := make(chan bool)
	go func() { pool.Submit(func() { ran.Add(1) }); close(done) }()
	pool.StopAndWait()
	<-done
	if n := ran.Load(); n > 1 {
		t.Fatalf("one task ran %d times", n)
	}
}
