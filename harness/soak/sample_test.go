package soak

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func series(n int, memory func(i int) float64) (all []Sample) {
	for i := range n {
		all = append(all, Sample{Start: 1, Elapsed: time.Duration(i) * time.Second, Resident: uint64(memory(i) * (1 << 20)), Goroutines: 8, Files: 12})
	}
	return all
}

func trendNamed(all []Trend, what string) Trend {
	for _, t := range all {
		if t.What == what {
			return t
		}
	}
	return Trend{}
}

func TestMemoryThatGrowsSteadilyIsALeak(t *testing.T) {
	t.Parallel()
	trend := trendNamed(Trends(series(200, func(i int) float64 { return 100 + 2*float64(i) })), "resident memory")
	require.True(t, trend.Leak)
	require.InDelta(t, 198, trend.Growth/(1<<20), 3)
	require.Equal(t, "leak", leaks([]Trend{trend})[0].Class)
	require.Contains(t, trend.String(), "resident memory: GROWS")
}

func TestMemoryThatIsNoisyOrJumpsOnceIsNone(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for name, memory := range map[string]func(int) float64{
		"noise":                 func(int) float64 { return 200 + 300*random.Float64() },
		"a few peaks":           func(i int) float64 { return 200 + 5000*float64(i/190) },
		"growth in the first h": func(i int) float64 { return float64(min(i, 90)) * 10 },
		"slow":                  func(i int) float64 { return 400 + 0.2*float64(i) },
	} {
		require.Empty(t, leaks(Trends(series(200, memory))), name)
	}
}

func TestAFewSamplesSayNothingAndThoseOfAnotherProcessDoNotCount(t *testing.T) {
	t.Parallel()
	grows := func(i int) float64 { return 100 * float64(i) }
	few := trendNamed(Trends(series(20, grows)), "resident memory")
	require.False(t, few.Leak)
	require.Contains(t, few.String(), "too few samples")
	all := series(200, func(int) float64 { return 10 })
	second := series(200, func(int) float64 { return 2000 })
	for _, s := range second {
		s.Start = 2
		all = append(all, s)
	}
	require.Empty(t, leaks(Trends(all)))
	require.Empty(t, Trends(nil))
}

func TestThisProcessIsMeasured(t *testing.T) {
	t.Parallel()
	s := measure()
	require.Positive(t, s.Goroutines)
	require.Positive(t, s.Heap)
}

// What a campaign keeps does not grow with it.
func TestSamplesAreThinnedOut(t *testing.T) {
	t.Parallel()
	s := NewState()
	for range 5 * maxSamples {
		s.Rounds++
		s.addSample(Sample{Round: s.Rounds})
	}
	require.LessOrEqual(t, len(s.Samples), maxSamples)
	require.Greater(t, len(s.Samples), maxSamples/4)
	require.EqualValues(t, 1, s.Samples[0].Round)
	require.Greater(t, s.Samples[len(s.Samples)-1].Round, uint64(5*maxSamples-20))
}
