// Package lean has tests that look at what their own executions cost.
package lean

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
)

// turns are those of a goroutine outside of any execution, which always wants the processor.
var turns atomic.Int64

func init() {
	go func() {
		for {
			turns.Add(1)
			runtime.Gosched()
		}
	}()
}

// seen is what executions have cost so far.
type seen struct{ executions, turns, objects, waits int64 }

// warm is how many executions pass before the first look.
const warm = 50

// A history is of the executions of one test: after the last that is not counted, and now.
type history struct{ first, second seen }

var few, many history

func TestLooks(t *testing.T) { few.looks(t, 1) }

// What happens at a point makes nothing that the collector has to find.
func TestLooksAfterManyPoints(t *testing.T) { many.looks(t, 200) }

func (h *history) looks(t *testing.T, times int) {
	var mu sync.Mutex
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range times {
				mu.Lock()
				mu.Unlock()
			}
		})
	}
	both.Wait()
	h.second.executions++
	if h.second.executions == warm {
		runtime.GC() // which would change the size of stacks
	}
	look(&h.second)
	if h.second.executions <= warm {
		h.first = h.second
		return
	}
	first, second := h.first, h.second
	n := second.executions - first.executions
	for _, cost := range []struct {
		of   string
		all  int64
		most int64 // of an execution
	}{
		{"turns of a goroutine outside", second.turns - first.turns, 2},
		{"objects", second.objects - first.objects, 30},
		{"measured waits for a processor", second.waits - first.waits, 1},
	} {
		if cost.all > cost.most*n+warm {
			t.Errorf("%d %s in %d executions", cost.all, cost.of, n)
		}
	}
	if second.turns == first.turns && n > warm {
		t.Error("who is outside never goes on")
	}
}

func look(s *seen) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/sched/latencies:seconds"}, {Name: "/gc/stack/starting-size:bytes"}}
	metrics.Read(samples)
	s.turns, s.objects, s.waits = turns.Load(), int64(samples[0].Value.Uint64()), 0
	for _, n := range samples[1].Value.Float64Histogram().Counts {
		s.waits += int64(n)
	}
	if size := samples[2].Value.Uint64(); size != 16<<10 {
		panic(size)
	}
}
