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

// Each figure that is watched must be able to show a leak, and no other with it.
func TestEachFigureThatGrowsBeyondItsBoundIsALeakOfItsOwn(t *testing.T) {
	t.Parallel()
	const n = 100 // of which the later half is looked at, 49 steps
	for what, set := range map[string]func(s *Sample, amount float64){
		"resident memory": func(s *Sample, amount float64) { s.Resident = uint64(amount * (64 << 20)) },
		"heap":            func(s *Sample, amount float64) { s.Heap = uint64(amount * (32 << 20)) },
		"goroutines":      func(s *Sample, amount float64) { s.Goroutines = int(amount * 20) },
		"disk space":      func(s *Sample, amount float64) { s.Disk = uint64(amount * (512 << 20)) },
		"open files":      func(s *Sample, amount float64) { s.Files = int(amount * 20) },
	} {
		for times, leak := range map[float64]bool{0.7: false, 1.4: true} { // the bound, over the later half
			var all []Sample
			for i := range n {
				s := Sample{Start: 1, Elapsed: time.Duration(i) * time.Second}
				set(&s, times*float64(i)/49)
				all = append(all, s)
			}
			var shapes []string
			for _, f := range leaks(Trends(all)) {
				shapes = append(shapes, f.Shape)
			}
			if leak {
				require.Equal(t, []string{what}, shapes)
			} else {
				require.Empty(t, shapes, what)
			}
		}
	}
}

// What is looked at every minute is looked at when a jump stands in the middle of what is looked at.
func TestAJumpIsNoLeakWheneverItIsChecked(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, noise := range []float64{0, 30} {
		all := series(240, func(i int) float64 { return 100 + 1000*float64(min(1, i/120)) + noise*random.Float64() })
		for n := 120; n < len(all); n++ {
			require.Empty(t, leaks(Trends(all[:n])), "after %d samples", n)
		}
	}
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
