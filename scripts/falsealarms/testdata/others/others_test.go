// Package others uses modules of other people as their documentation says. Only TestControl has a data race.
package others

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/sourcegraph/conc"
	"github.com/sourcegraph/conc/iter"
	"github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	_ "github.com/stretchr/testify/require" // the tests of conc need it
)

// TestControl has a race. A run that does not report it proves nothing about the other tests.
func TestControl(t *testing.T) {
	n := 0
	var g errgroup.Group
	for range 2 {
		g.Go(func() error { n++; return nil })
	}
	_ = g.Wait()
}

// After Wait, everything that the functions of the group wrote can be read.
func TestErrgroup(t *testing.T) {
	got := make([]int, 3)
	var g errgroup.Group
	g.SetLimit(2)
	for i := range got {
		g.Go(func() error { got[i] = i + 1; return nil })
	}
	if err := g.Wait(); err != nil || got[0]+got[1]+got[2] != 6 {
		t.Fatal(got, err)
	}
}

// The first error cancels the context, and Wait returns it. Everything written before it can be read.
func TestErrgroupContext(t *testing.T) {
	why, last := errors.New("why"), 0
	g, ctx := errgroup.WithContext(t.Context())
	g.Go(func() error { last = 1; return why })
	g.Go(func() error { <-ctx.Done(); _ = last; return ctx.Err() })
	if err := g.Wait(); !errors.Is(err, why) || last != 1 {
		t.Fatal(err, last)
	}
}

// Callers with the same key share the result, and can read everything that the function wrote.
func TestSingleflight(t *testing.T) {
	var g singleflight.Group
	done := make(chan *int, 3)
	for range 3 {
		go func() {
			v, _, _ := g.Do("key", func() (any, error) { n := 0; n++; return &n, nil })
			done <- v.(*int)
		}()
	}
	for range 3 {
		if n := <-done; *n != 1 {
			t.Fatal(*n)
		}
	}
}

func TestSingleflightChan(t *testing.T) {
	var g singleflight.Group
	n := 0
	a := g.DoChan("key", func() (any, error) { n++; return n, nil })
	g.Forget("other")
	if r := <-a; r.Val != 1 || n != 1 {
		t.Fatal(r, n)
	}
}

// A semaphore of weight 1 is a lock.
func TestSemaphore(t *testing.T) {
	s, n := semaphore.NewWeighted(1), 0
	var wg conc.WaitGroup
	for range 3 {
		wg.Go(func() {
			if s.Acquire(context.Background(), 1) == nil {
				n++
				s.Release(1)
			}
		})
	}
	wg.Wait()
	if n != 3 {
		t.Fatal(n)
	}
}

// A caller that holds the whole weight is alone.
func TestSemaphoreReadersAndWriter(t *testing.T) {
	s, n := semaphore.NewWeighted(2), 0
	var wg conc.WaitGroup
	for range 2 {
		wg.Go(func() {
			_ = s.Acquire(context.Background(), 1)
			_ = n
			s.Release(1)
		})
	}
	wg.Go(func() {
		_ = s.Acquire(context.Background(), 2)
		n++
		s.Release(2)
	})
	wg.Wait()
}

func TestConcWaitGroup(t *testing.T) {
	var n int
	var wg conc.WaitGroup
	wg.Go(func() { n = 1 })
	wg.Wait()
	wg.Go(func() { n++ })
	wg.Wait()
	if n != 2 {
		t.Fatal(n)
	}
}

func TestConcPool(t *testing.T) {
	p := pool.NewWithResults[int]().WithMaxGoroutines(2).WithErrors()
	for i := range 3 {
		p.Go(func() (int, error) { return i, nil })
	}
	if all, err := p.Wait(); err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
}

// Callbacks of a stream run one at a time, in the order of their tasks.
func TestConcStream(t *testing.T) {
	s := stream.New().WithMaxGoroutines(2)
	var all []int
	for i := range 3 {
		s.Go(func() stream.Callback { return func() { all = append(all, i) } })
	}
	s.Wait()
	for i, v := range all {
		if i != v {
			t.Fatal(all)
		}
	}
}

func TestConcIter(t *testing.T) {
	in := []int{1, 2, 3}
	iter.ForEach(in, func(v *int) { *v *= 2 })
	var n atomic.Int64
	out := iter.Map(in, func(v *int) int { n.Add(1); return *v + 1 })
	if n.Load() != 3 || out[2] != 7 {
		t.Fatal(out)
	}
}
