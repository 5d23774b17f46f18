package log

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// An operation that began while another thread began to close the log took the log for open, and the close for one before it. So ErrClosed
// was called a violation.
func TestACloseThatBeginsWithAnOperationMayCloseTheLogForIt(t *testing.T) {
	t.Parallel()
	for range 10_000 {
		r := &run{}
		var ready atomic.Bool
		closed := make(chan struct{})
		go func() {
			ready.Store(true)
			r.closes.Add(1)
			close(closed)
		}()
		for spins := 1; !ready.Load(); spins++ {
			if spins%20_000 == 0 {
				runtime.Gosched() // no other processor may be free
			}
		}
		closes, opened := r.openness()
		<-closed
		require.True(t, r.mayBeClosed(opened, closes))
	}
}
