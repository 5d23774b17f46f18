package clock

import (
	"sync"
	"sync/atomic"
	"testing"
)

func count(t *testing.T, atOnce bool) {
	var n atomic.Int32
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if atOnce {
				n.Add(1)
			} else {
				n.Store(n.Load() + 1)
			}
		}()
	}
	wg.Wait()
	if n.Load() != 2 {
		t.Errorf("%d were counted", n.Load())
	}
}

func TestParts(t *testing.T) {
	t.Run("right", func(t *testing.T) { count(t, true) })
	t.Run("with a blank", func(t *testing.T) {
		for _, atOnce := range []bool{true, false} {
			t.Run("in it", func(t *testing.T) { count(t, atOnce) })
		}
	})
	var n atomic.Int32
	t.Run("group", func(t *testing.T) {
		for i := 0; i < 2; i++ {
			t.Run("one", func(t *testing.T) {
				t.Parallel()
				n.Store(n.Load() + 1)
			})
		}
	})
	if n.Load() == 1 {
		t.Error("one part was not counted")
	}
}
