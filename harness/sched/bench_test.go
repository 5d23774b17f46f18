package sched

import (
	"context"
	"iter"
	"testing"

	"github.com/racewindow/racewindow/failpoints"
)

// yields is a scenario of two threads with so many yield points each.
func yields(n int) Scenario {
	return func(x *Execution) {
		for _, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				ctx := t.Context()
				for range n {
					failpoints.Yield(ctx, pointLoad)
				}
			})
		}
	}
}

// stay never switches; alternate always does.
type stay struct{ recorded }

func (stay) Begin() bool        { return true }
func (stay) Next(c *Choice) int { return c.Default() }

type alternate struct{ recorded }

func (alternate) Begin() bool        { return true }
func (alternate) Next(c *Choice) int { return (max(c.Current, 0) + 1) % len(c.Enabled) }

func benchmarkYields(b *testing.B, s Strategy) {
	const n = 5000
	w := newWorker(yields(n).mechanism, newPoints(), 1<<30)
	left := b.N
	w.next = func() Strategy {
		if left--; left < 0 {
			return nil
		}
		return s
	}
	w.judge = func(*Chooser, Strategy) {}
	b.ReportAllocs()
	b.ResetTimer()
	go w.loop()
	<-w.done
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*n), "ns/yield")
}

// BenchmarkYieldStay is a yield point at which the thread goes on; BenchmarkYieldSwitch one at which another does.
func BenchmarkYieldStay(b *testing.B)   { benchmarkYields(b, &stay{}) }
func BenchmarkYieldSwitch(b *testing.B) { benchmarkYields(b, &alternate{}) }

// BenchmarkPull is the switch of package iter that a thread's switch is made of: there and back.
func BenchmarkPull(b *testing.B) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for yield(1) {
		}
	})
	defer stop()
	for b.Loop() {
		next()
	}
}

func BenchmarkLostUpdate(b *testing.B) {
	n := b.N
	b.ReportAllocs()
	r, err := Search(context.Background(), locked, Options{Strategy: "random", Schedules: n, Workers: 1, RepeatEvery: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(r.Rate(), "schedules/s")
}
