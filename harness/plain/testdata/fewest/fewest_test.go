// Package fewest has tests with many goroutines. How many preemptions their failures need is in their names.
package fewest

import (
	"sync"
	"sync/atomic"
	"testing"
)

// together executes do in n goroutines, and waits for them.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			do(i)
		}()
	}
	wg.Wait()
}

// busy is what goroutines do that have nothing to do with the failure.
func busy(n *atomic.Int64) {
	n.Add(1)
	n.Add(1)
}

// Three of twelve take two of three forks. One is preempted, and a second one then waits for its fork.
func TestForks1(t *testing.T) {
	var forks [3]sync.Mutex
	var others atomic.Int64
	together(12, func(i int) {
		if i%4 != 1 {
			busy(&others)
			return
		}
		left, right := &forks[i/4], &forks[(i/4+1)%3]
		left.Lock()
		right.Lock()
		right.Unlock()
		left.Unlock()
	})
}

// One sees what another one has half done, if nobody else has done anything yet.
func TestHalf1(t *testing.T) {
	var first, second, others atomic.Int64
	together(10, func(i int) {
		switch i {
		case 8:
			first.Store(1)
			second.Store(1)
		case 2:
			if first.Load() == 1 && second.Load() == 0 && others.Load() == 0 {
				t.Error("half of it is done")
			}
		default:
			busy(&others)
		}
	})
}

// Two see each other at work.
func TestBothAtWork2(t *testing.T) {
	var work [2]atomic.Int64
	var seen [2]atomic.Bool
	var others atomic.Int64
	together(12, func(i int) {
		if i%6 != 4 {
			busy(&others)
			return
		}
		own, other := i/6, 1-i/6
		work[own].Store(1)
		seen[own].Store(work[other].Load() == 1)
		work[own].Store(2)
	})
	if seen[0].Load() && seen[1].Load() {
		t.Fatal("both are at work")
	}
}

// Who comes late enough finds the window open. The others come first, without a preemption.
func TestLate1(t *testing.T) {
	var come, open atomic.Int64
	var entered atomic.Bool
	together(14, func(i int) {
		n := come.Add(1)
		if i == 3 && n >= 8 {
			open.Store(1)
			open.Store(0)
		} else if n >= 12 && open.Load() == 1 {
			entered.Store(true)
		}
	})
	if entered.Load() {
		t.Fatal("somebody has entered")
	}
}
