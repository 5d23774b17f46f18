package failpoints_test

// The cost of a marker: in a build whose markers were compiled away, and with the dispatch that the instrumented build puts
// in their place:
//
//	go test ./failpoints -run '^$' -bench . -benchmem
//
// The bars: a marker in a normal build under 1 ns (the difference between the Marker benchmarks and Baseline), Yield and
// Fault without a controller at most 25 ns up to a context depth of 5, no allocation anywhere.

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

var benchmarkPoint = failpoints.WaitPoint("github.com/racewindow/racewindow/failpoints_test", "bench/point")

type depthKey int

// contextOfDepth returns a context without a controller in which a look-up passes that many values.
func contextOfDepth(depth int) context.Context {
	ctx := context.Background()
	for i := range depth {
		ctx = context.WithValue(ctx, depthKey(i), i)
	}
	return ctx
}

// The next three loops differ only in the marker, and none is so short that alignment matters.

//go:noinline
func withoutMarker(ctx context.Context, n int) error {
	return ctx.Err()
}

//go:noinline
func withYieldMarker(ctx context.Context, n int) error {
	failpoint.InjectCall("bench/yield", ctx)
	return ctx.Err()
}

//go:noinline
func withFaultMarker(ctx context.Context, n int) (err error) {
	failpoint.InjectContext(ctx, "bench/fault", func(v failpoint.Value) { n, err = 0, errors.New("injected") })
	if n > 0 {
		err = ctx.Err()
	}
	return err
}

func benchmarkMarker(b *testing.B, f func(context.Context, int) error) {
	ctx := context.Background()
	b.ReportAllocs()
	for range b.N {
		if err := f(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBaseline(b *testing.B)    { benchmarkMarker(b, withoutMarker) }
func BenchmarkMarkerYield(b *testing.B) { benchmarkMarker(b, withYieldMarker) }
func BenchmarkMarkerFault(b *testing.B) { benchmarkMarker(b, withFaultMarker) }

func BenchmarkYieldUncontrolled(b *testing.B) {
	for depth := 1; depth <= 5; depth++ {
		b.Run(fmt.Sprintf("depth%d", depth), func(b *testing.B) {
			ctx := contextOfDepth(depth)
			b.ReportAllocs()
			for range b.N {
				failpoints.Yield(ctx, benchmarkPoint)
			}
		})
	}
}

func BenchmarkFaultUncontrolled(b *testing.B) {
	for depth := 1; depth <= 5; depth++ {
		b.Run(fmt.Sprintf("depth%d", depth), func(b *testing.B) {
			ctx := contextOfDepth(depth)
			b.ReportAllocs()
			for range b.N {
				if _, fires := failpoints.Fault(ctx, benchmarkPoint); fires {
					b.Fatal("fired without a controller")
				}
			}
		})
	}
}
