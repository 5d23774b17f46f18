// Package flow has the ways through a function on which a point is easily missed.
package flow

import (
	"context"
	"iter"
	"sort"
	"sync/atomic"

	"github.com/pingcap/failpoint"
)

var n atomic.Int64

var ch chan int

func oneBranch(ctx context.Context, yes bool) {
	if yes {
		failpoint.InjectCall("a", ctx)
	}
	n.Load() // want `n.Load`
}

func bothBranches(ctx context.Context, yes bool) {
	if yes {
		failpoint.InjectCall("a", ctx)
	} else {
		failpoint.InjectCall("b", ctx)
	}
	n.Load()
}

func returningBranch(ctx context.Context, yes bool) {
	if !yes {
		return
	}
	failpoint.InjectCall("a", ctx)
	n.Load()
}

func panickingBranch(ctx context.Context, yes bool) {
	if yes {
		failpoint.InjectCall("a", ctx)
	} else {
		panic("no path")
	}
	n.Load()
}

func switches(ctx context.Context, i int) {
	switch i {
	case 1:
		failpoint.InjectCall("a", ctx)
	case 2:
		failpoint.InjectCall("b", ctx)
		fallthrough
	case 3:
	}
	n.Load() // want `n.Load`
}

func shortCircuit(ctx context.Context, yes bool) bool {
	failpoint.InjectCall("a", ctx)
	return yes && n.Load() > 0 || n.Load() > 1 // want `n.Load`
}

func pointBeforeTheLoop(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	for range 3 {
		n.Load() // want `n.Load`
	}
}

func pointInTheLoop(ctx context.Context) {
	for range 3 {
		failpoint.InjectCall("a", ctx)
		n.Load()
	}
}

func pointAtTheEndOfTheLoop(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	for range 3 {
		n.Load()
		failpoint.InjectCall("b", ctx)
	}
}

func continues(ctx context.Context, yes bool) {
	failpoint.InjectCall("a", ctx)
	for range 3 {
		n.Load() // want `n.Load`
		if yes {
			continue
		}
		failpoint.InjectCall("b", ctx)
	}
}

func behindALoopThatMayNotRun(ctx context.Context, times int) {
	for range times {
		failpoint.InjectCall("a", ctx)
	}
	n.Load() // want `n.Load`
}

func jumps(ctx context.Context, yes bool) {
	if yes {
		goto operation
	}
	failpoint.InjectCall("a", ctx)
operation:
	n.Load() // want `n.Load`
}

func jumpsBack(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
again:
	if n.Load() > 0 { // want `n.Load`
		goto again
	}
}

func deferredOperation(ctx context.Context) {
	defer close(ch) // want `close`
	failpoint.InjectCall("a", ctx)
	n.Load()
}

func deferredBehindAPoint(ctx context.Context) {
	defer close(ch)
	failpoint.InjectCall("a", ctx)
}

func deferredTwice(ctx context.Context) {
	defer n.Load() // want `n.Load`
	defer n.Store(1)
	failpoint.InjectCall("a", ctx)
}

func deferredInALoop(ctx context.Context) {
	for range 2 {
		defer n.Load() // want `n.Load`
	}
	failpoint.InjectCall("a", ctx)
}

func notDeferredOnThatPath(ctx context.Context, yes bool) {
	if yes {
		n.Load() // want `n.Load`
		return
	}
	defer close(ch)
	failpoint.InjectCall("a", ctx)
}

func pointInADeferredCall(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	defer n.Store(1)
	defer pass(ctx)
	n.Load()
}

func deferringIsNoPassing(ctx context.Context) {
	defer failpoint.InjectCall("a", ctx)
	n.Load() // want `n.Load`
}

func closureRunsWhoKnowsWhen(ctx context.Context) func() {
	failpoint.InjectCall("a", ctx)
	return func() {
		n.Load() // want `n.Load`
	}
}

func closureWithAPoint(ctx context.Context) func() {
	return func() {
		failpoint.InjectCall("a", ctx)
		n.Load()
	}
}

func pointInAClosureThatIsNotCalled(ctx context.Context) {
	_ = func() { failpoint.InjectCall("a", ctx) }
	n.Load() // want `n.Load`
}

func pointInAClosureThatIsCalled(ctx context.Context) {
	func() { failpoint.InjectCall("a", ctx) }()
	n.Load()
}

func goroutine(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	go func() {
		n.Load() // want `n.Load`
	}()
	n.Load()
}

func pass(ctx context.Context) { failpoint.InjectCall("p", ctx) }

func touch(ctx context.Context) {
	failpoint.InjectCall("t", ctx)
	n.Load()
}

func sometimes(ctx context.Context, yes bool) {
	if yes {
		pass(ctx)
	}
}

func quiet() int { return 1 }

func calls(ctx context.Context) {
	pass(ctx)
	quiet()
	n.Load()
	pass(ctx)
	touch(ctx)
	n.Load() // want `n.Load`
	sometimes(ctx, true)
	n.Load() // want `n.Load`
	pass(ctx)
	sometimes(ctx, true)
	n.Load()
}

func recursive(ctx context.Context, depth int) {
	if depth > 0 {
		failpoint.InjectCall("r", ctx)
		recursive(ctx, depth-1)
		n.Load() // want `n.Load`
	}
}

func functionValue(ctx context.Context, f func()) {
	failpoint.InjectCall("a", ctx)
	f()
	n.Load() // want `n.Load`
}

func functionGivenAway(ctx context.Context, given func(int) bool) {
	failpoint.InjectCall("a", ctx)
	sort.Search(3, func(int) bool { return true })
	n.Load()
	failpoint.InjectCall("a", ctx)
	sort.Search(3, func(int) bool {
		failpoint.InjectCall("b", ctx)
		return n.Load() > 0
	})
	n.Load() // want `n.Load`
	sort.Search(3, func(int) bool {
		failpoint.InjectCall("b", ctx)
		return true
	})
	n.Load() // want `n.Load`
	failpoint.InjectCall("a", ctx)
	sort.Search(3, given)
	n.Load() // want `n.Load`
	failpoint.InjectCall("a", ctx)
	sort.Search(3, one{}.search)
	n.Load() // want `n.Load`
}

func (one) search(int) bool { return false }

type toucher interface{ touch(ctx context.Context) }

type one struct{}

func (one) touch(ctx context.Context) { touch(ctx) }

type passer interface{ pass(ctx context.Context) }

type two struct{}

func (*two) pass(ctx context.Context) { pass(ctx) }

func throughAnInterface(ctx context.Context, t toucher, p passer) {
	failpoint.InjectCall("a", ctx)
	t.touch(ctx)
	n.Load() // want `n.Load`
	p.pass(ctx)
	n.Load()
}

func generic[T any](ctx context.Context, v T) T {
	n.Load() // want `n.Load`
	return v
}

func callsGeneric(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	generic(ctx, 1)
	n.Load() // want `n.Load`
}

func iterator(ctx context.Context) iter.Seq[int] {
	return func(yield func(int) bool) {
		failpoint.InjectCall("a", ctx)
		if yield(1) {
			n.Load() // want `n.Load`
		}
	}
}

func overAnIterator(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	for range iterator(ctx) {
		n.Load() // want `n.Load`
	}
}
