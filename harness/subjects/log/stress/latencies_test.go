package stress

import (
	"math"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

func TestALatencyIsKeptWithinSevenPercent(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("the middle of its bucket is near it", prop.ForAll(func(exponent float64) bool {
		d := time.Duration(math.Exp2(exponent))
		return math.Abs(float64(latencyOf(latencyBucket(d)))-float64(d)) <= 0.07*float64(d)
	}, gen.Float64Range(3, 35.9)))
	properties.TestingRun(t)
}

func TestLatenciesAtTheEdges(t *testing.T) {
	t.Parallel()
	sum := newLatencySum()
	require.Equal(t, Latency{}, sum.latency())
	var l latencies
	for _, d := range []time.Duration{-1, 0, 1, 2, 3, 2 * time.Hour} {
		l.add(d)
	}
	sum.add(&l)
	got := sum.latency()
	require.EqualValues(t, 6, got.Count)
	require.Equal(t, 2*time.Hour, got.Max, "Max is exact")
	require.LessOrEqual(t, got.P50, 3*time.Nanosecond)
	require.LessOrEqual(t, got.P99, got.Max)
}

func TestLatenciesOfManyAddUp(t *testing.T) {
	t.Parallel()
	sum := newLatencySum()
	for client := range 100 {
		var l latencies
		l.add(time.Duration(client+1) * time.Millisecond)
		sum.add(&l)
	}
	got := sum.latency()
	require.EqualValues(t, 100, got.Count)
	require.InEpsilon(t, 50*time.Millisecond, got.P50, 0.07)
	require.InEpsilon(t, 99*time.Millisecond, got.P99, 0.07)
	require.Equal(t, 100*time.Millisecond, got.Max)
}
