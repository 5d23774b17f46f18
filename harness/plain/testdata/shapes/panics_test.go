package shapes

import (
	"sync"
	"sync/atomic"
	"testing"
)

// WaitGroup.Go raises the panic again, in a function of its own.
func TestPanicsInWaitGroup(t *testing.T) {
	var n atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { panicsAtTwo(&n) })
	}
	wg.Wait()
}

func panicsAtTwo(n *atomic.Int32) {
	if n.Add(1) == 2 {
		panic("two of them")
	}
}
