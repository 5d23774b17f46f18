package main

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// The known values are those of R's binom.test.
func TestIntervalsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hits, n   uint64
		low, high float64
	}{
		{0, 10, 0, 0.3084971},
		{10, 10, 0.6915029, 1},
		{5, 10, 0.187086, 0.812914},
		{1, 100, 0.0002531460, 0.05445939},
		{0, 100_000, 0, 3.688811e-05},
		{0, 0, 0, 1},
	} {
		low, high := interval(c.hits, c.n)
		require.InDelta(t, c.low, low, 1e-6, "%d of %d", c.hits, c.n)
		require.InDelta(t, c.high, high, 1e-6, "%d of %d", c.hits, c.n)
	}
}

func TestAtMostAddsUp(t *testing.T) {
	t.Parallel()
	for n := uint64(1); n <= 12; n++ {
		for _, p := range []float64{0.01, 0.3, 0.5, 0.97} {
			sum, term := 0.0, math.Pow(1-p, float64(n))
			for k := uint64(0); k < n; k++ {
				sum += term
				require.InDelta(t, sum, atMost(k, n, p), 1e-12, "P(X <= %d), n=%d, p=%v", k, n, p)
				term *= float64(n-k) / float64(k+1) * p / (1 - p)
			}
		}
	}
}

func TestIntervalsCover(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(1))
	const p, n, rounds = 0.02, 200, 2000
	covered := 0
	for range rounds {
		var hits uint64
		for range n {
			if random.Float64() < p {
				hits++
			}
		}
		if low, high := interval(hits, n); low <= p && p <= high {
			covered++
		}
	}
	require.GreaterOrEqual(t, covered, rounds*95/100)
}
