package sched

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// The points of these tests, whose resources are declared.
var _ = failpoints.Declare(testPackage, []failpoints.Declaration{
	{Name: "tail/write", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Writes, Reason: "a test"},
	{Name: "tail/read", Kind: failpoints.KindYield, Resource: "tail", Access: failpoints.Reads, Reason: "a test"},
	{Name: "view/read", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Reads, Reason: "a test"},
	{Name: "view/write", Kind: failpoints.KindYield, Resource: "view", Access: failpoints.Writes, Reason: "a test"},
	{Name: "all/touched", Kind: failpoints.KindYield, Reason: "a test"},
	{Name: "file/read", Kind: failpoints.KindYield, Resource: "file", Access: failpoints.Reads, Reason: "a test"},
})

func stored(name string) *failpoints.Point { return failpoints.Lookup(testPackage, name) }

var (
	writeTail = stored("tail/write")
	readTail  = stored("tail/read")
	readView  = stored("view/read")
	writeView = stored("view/write")
	readFile  = stored("file/read")
	touchAll  = stored("all/touched")
)

// passing is a scenario of threads that pass points.
func passing(threads ...[]*failpoints.Point) Scenario {
	return func(x *Execution) {
		for i, points := range threads {
			x.Go(string(rune('a'+i)), func(t *T) {
				for _, p := range points {
					failpoints.Yield(t.Context(), p)
				}
			})
		}
	}
}

// runs executes a scenario so many times and shows each execution.
func runs(s Scenario, strategy Strategy, times int, judge func(x *Chooser)) {
	w := newWorker(s.mechanism, newPoints(), 1<<20)
	w.next = func() Strategy {
		if times--; times < 0 || !strategy.Begin() {
			return nil
		}
		return strategy
	}
	w.judge = func(x *Chooser, s Strategy) {
		s.End(len(x.trace), x.failure != nil)
		judge(x)
	}
	go w.loop()
	<-w.done
}

// order is who passed points in which order.
func order(x *Chooser, counts *failpoints.Point) string {
	var text strings.Builder
	stands := make([]PointID, x.mechanism.Threads())
	for _, s := range x.trace {
		if s.from >= 0 {
			stands[s.from] = s.point()
		}
		if x.points.of(stands[s.to]).name == counts.Name() {
			text.WriteString(x.name(int(s.to)))
		}
		stands[s.to] = AtStart
	}
	return text.String()
}

func TestEveryStrategyFindsALostUpdateAndTheSeedRepeatsIt(t *testing.T) {
	t.Parallel()
	for _, name := range append(Strategies(), "") {
		o := Options{Strategy: name, Schedules: 300, Preemptions: 1, Seed: 7, Workers: 1}
		r := explore(t, lostUpdate, o)
		require.Len(t, r.Findings, 1, name)
		require.Equal(t, r.Findings, explore(t, lostUpdate, o).Findings, name)
		o.All = true
		one, two := explore(t, lostUpdate, o), explore(t, lostUpdate, o)
		one.Duration, two.Duration = 0, 0
		require.Equal(t, one, two, name)
		if name != "bounded" && name != "delay-bounded" && name != "" {
			require.EqualValues(t, 300, one.Schedules, name)
		}
	}
}

func TestNoStrategyReportsALockedProgram(t *testing.T) {
	t.Parallel()
	for _, name := range append(Strategies(), "") {
		r := explore(t, locked, Options{Strategy: name, Schedules: 1000, Preemptions: 2})
		require.Empty(t, r.Findings, name)
		require.Greater(t, r.Distinct, uint64(1), name)
	}
}

func TestPCTMakesNoMorePreemptionsThanItsDepthInHalfOfItsSchedules(t *testing.T) {
	t.Parallel()
	long := make([]*failpoints.Point, 10)
	for i := range long {
		long[i] = pointLoad
	}
	for preemptions := 1; preemptions <= 3; preemptions++ {
		const times = 3000
		n, most, aimed, mostAimed, some := 0, 0, 0, 0, map[uint64]bool{}
		p := newPCT(Parameters{Seed: 1, Preemptions: preemptions}).(*pct)
		runs(passing(long, long, long), p, times, func(x *Chooser) {
			if n++; n <= profiled {
				return
			}
			some[x.hash] = true
			if _, made := x.schedule(); p.aimed {
				aimed++
				mostAimed = max(mostAimed, made)
			} else {
				most = max(most, made)
			}
		})
		require.Equal(t, preemptions, most)
		require.Equal(t, 4*preemptions, mostAimed)
		require.InDelta(t, times/2, aimed, 3*math.Sqrt(times/4))
		require.Greater(t, len(some), 6, "not always the same")
	}
}

// inTheMiddle is a scenario of two threads with so many steps that show nothing before and after those given.
func inTheMiddle(steps int, a, b []*failpoints.Point) Scenario {
	local := make([]*failpoints.Point, steps)
	for i := range local {
		local[i] = readFile
	}
	return passing(slices.Concat(local, a, local), slices.Concat(local, b, local))
}

func TestPCTFindsAFaultOfDepthTwoAsOftenAsItPromises(t *testing.T) {
	t.Parallel()
	const times = 20_000
	promised, kept, others := 0.0, 0, 0
	n, longest := 0, 0
	p := newPCT(Parameters{Seed: 3, Preemptions: 1}).(*pct)
	// The fault: b does all it does between two points in the middle of a.
	runs(inTheMiddle(10, []*failpoints.Point{writeTail, writeTail}, []*failpoints.Point{writeTail}), p, times, func(x *Chooser) {
		longest = max(longest, len(x.trace))
		if n++; n > profiled && order(x, writeTail) == "aba" {
			if p.aimed {
				others++
			} else {
				kept++
			}
		}
	})
	promised = times / 2 / float64(2*longest)
	require.Greater(t, float64(kept), promised-3*math.Sqrt(promised), "by the half of the schedules whose changes may come anywhere")
	require.Greater(t, float64(others), 1.5*promised, "no aimed change is lost")
}

func TestAimedChangesComeToTwoPlacesSeveralTimesAsOften(t *testing.T) {
	t.Parallel()
	const times = 40_000
	kept, others, n := 0, 0, 0
	p := newPCT(Parameters{Seed: 4, Preemptions: 2}).(*pct)
	two := []*failpoints.Point{writeTail, writeTail}
	runs(inTheMiddle(3, two, two), p, times, func(x *Chooser) {
		if n++; n > profiled && order(x, writeTail) == "abab" {
			if p.aimed {
				others++
			} else {
				kept++
			}
		}
	})
	t.Logf("%d kept, %d others", kept, others)
	require.Greater(t, kept, 5)
	require.Greater(t, others, 3*kept, "%d of the others", kept)
}

func TestAnAimedChangeComesToEveryStepOfAThread(t *testing.T) {
	t.Parallel()
	long := []*failpoints.Point{writeTail, writeTail, writeTail, writeTail, writeTail, writeTail}
	seen := map[string]bool{}
	n := 0
	p := newPCT(Parameters{Seed: 1, Preemptions: 1}).(*pct)
	runs(passing(long, long), p, 3000, func(x *Chooser) {
		if n++; n > profiled && p.aimed {
			if _, made := x.schedule(); made == 1 {
				seen[order(x, writeTail)] = true
			}
		}
	})
	for i := 1; i < len(long); i++ {
		require.Contains(t, seen, strings.Repeat("a", i)+strings.Repeat("b", 6)+strings.Repeat("a", 6-i))
		require.Contains(t, seen, strings.Repeat("b", i)+strings.Repeat("a", 6)+strings.Repeat("b", 6-i))
	}
}

// asked hides that a strategy knows more than one choice at a time (stayer).
type asked struct{ Strategy }

func TestPCTChoosesTheSameIfItIsAskedAtEachStep(t *testing.T) {
	t.Parallel()
	hashes := func(wrap func(Strategy) Strategy) (all []uint64) {
		s := newPCT(Parameters{Seed: 6, Preemptions: 3})
		runs(inTheMiddle(8, []*failpoints.Point{writeTail, readView}, []*failpoints.Point{readTail}), wrap(s), 1000, func(x *Chooser) {
			all = append(all, x.hash)
		})
		return all
	}
	stays := hashes(func(s Strategy) Strategy { return s })
	require.Equal(t, hashes(func(s Strategy) Strategy { return asked{s} }), stays)
	slices.Sort(stays)
	require.Greater(t, len(slices.Compact(stays)), 300)
}

func TestPCTEndsALoopThatWaitsForAnotherThread(t *testing.T) {
	t.Parallel()
	r := explore(t, func(x *Execution) {
		var done atomic.Bool
		x.Go("a", func(t *T) {
			for failpoints.Yield(t.Context(), pointLoad); !done.Load(); failpoints.Yield(t.Context(), pointLoad) {
				continue
			}
		})
		x.Go("b", func(t *T) {
			failpoints.Yield(t.Context(), pointStore)
			done.Store(true)
		})
	}, Options{Strategy: "pct", Schedules: schedulesOf(2000), StepLimit: 5000})
	require.Empty(t, r.Findings)
}

// A thread waits in a loop for another one. By priorities alone that would go on for four times the longest schedule, and then at random.
func TestPCTLowersAThreadThatGoesRoundInALoop(t *testing.T) {
	t.Parallel()
	longest := 0
	s := newPCT(Parameters{Seed: 5, Preemptions: 1}).(*pct)
	runs(func(x *Execution) {
		var turn atomic.Int32
		waitFor := func(n int32) func(*T) {
			return func(t *T) {
				for range 20 {
					failpoints.Yield(t.Context(), pointStore)
				}
				for failpoints.Yield(t.Context(), pointLoad); turn.Load() != n; failpoints.Yield(t.Context(), pointLoad) {
					continue
				}
				turn.Add(1)
				failpoints.Yield(t.Context(), pointStore)
			}
		}
		x.Go("a", waitFor(1))
		x.Go("b", waitFor(0))
	}, s, schedulesOf(2000), func(x *Chooser) {
		if s.begun > profiled {
			longest = max(longest, len(x.trace))
		}
	})
	require.Positive(t, longest)
	require.Greater(t, s.longest, leastLoop)
	require.Less(t, longest, patience*s.longest, "no schedule came to its random walk")
}

// schedulesOf is fewer under -race.
func schedulesOf(n int) int {
	if raceEnabled {
		return n / 10
	}
	return n
}

func TestPOSDelaysAnEventUntilAfterManyThatDoNotConflict(t *testing.T) {
	t.Parallel()
	const before, times = 19, 10_000
	b := []*failpoints.Point{}
	for range before {
		b = append(b, readFile)
	}
	s := passing([]*failpoints.Point{writeTail}, append(b, writeTail))
	count := func(strategy Strategy) (last int) {
		runs(s, strategy, schedulesOf(times), func(x *Chooser) {
			if order(x, writeTail) == "ba" {
				last++
			}
		})
		return last
	}
	// Both of a's events, its start and its write, keep their priority until they happen. All is after b's m events if the start
	// has the lowest priority, or if it comes after k of them and the write has a lower one than all that are left.
	const m = before + 2
	want := 1.0 / (m + 1)
	for k := range m {
		want += (1/float64(k+1) - 1/float64(k+2)) / float64(m+1-k)
	}
	share := float64(count(newPOS(Parameters{Seed: 1}))) / float64(schedulesOf(times))
	require.InDelta(t, want, share, 0.03)
	require.Zero(t, count(newRandom(Parameters{Seed: 1})), "a random walk comes there once in a million")
}

func TestPOSDrawsAgainWhatConflictsWithWhatWasExecuted(t *testing.T) {
	t.Parallel()
	p, c := newPOS(Parameters{Seed: 1}).(*pos), newChoice()
	for range 100 {
		p.Begin()
		c.Step, c.Enabled = 0, []Candidate{stands(0, writeTail), stands(1, readTail), stands(2, readView), {Thread: 3}}
		first := p.Next(c)
		before := append([]pending{}, p.pending...)
		c.Step = 1
		p.Next(c)
		for i, e := range c.Enabled {
			again := i == first || Conflict(&c.Enabled[first], &e)
			require.Equal(t, again, before[i].priority != p.pending[i].priority, "%d after %d", i, first)
		}
	}
}

func TestSURWMakesAllOrdersOfOneResourceEquallyLikely(t *testing.T) {
	t.Parallel()
	a := []*failpoints.Point{readFile, readFile, readFile, writeTail, readFile, readFile, writeTail, writeTail, readFile, readFile, readFile}
	b := []*failpoints.Point{writeTail}
	times := schedulesOf(20_000)
	shares := func(s Strategy) map[string]float64 {
		n, all := 0, map[string]float64{}
		runs(passing(a, b), s, times+profiled, func(x *Chooser) {
			if n++; n > profiled {
				all[order(x, writeTail)] += 1 / float64(times)
			}
		})
		return all
	}
	uniform := shares(newSURW(Parameters{Seed: 1}))
	for _, o := range []string{"aaab", "aaba", "abaa", "baaa"} {
		require.InDelta(t, 0.25, uniform[o], 0.035, o)
	}
	require.Greater(t, shares(newRandom(Parameters{Seed: 1}))["baaa"], 0.7, "a random walk does not")
}

func TestSURWTakesOnlyResourcesThatAreShared(t *testing.T) {
	t.Parallel()
	s := newSURW(Parameters{Seed: 1}).(*surw)
	var points *Points
	only := []*failpoints.Point{readFile, readView, writeTail}
	runs(passing(only, []*failpoints.Point{readFile, readView, readTail, readView, writeView}), s, 50, func(c *Chooser) { points = c.points })
	var names []string
	for name, r := range points.resources {
		if slices.Contains(s.candidates, s.numbers[r]) {
			names = append(names, name)
		}
	}
	require.ElementsMatch(t, []string{"tail", "view"}, names, "the file is only read")
}

// choices are made up moments: each of three threads stands at some point.
func choices(step int, c *Choice, points []Candidate) {
	c.Step, c.Enabled, c.Current = step, c.Enabled[:0], 0
	for i := range 3 {
		c.Enabled = append(c.Enabled, points[(step+5*i)%len(points)])
		c.Enabled[i].Thread = i
	}
}

// somewhere is where they stand in turn.
var somewhere = []Candidate{stands(0, writeTail), stands(0, readTail), stands(0, readView), stands(0, writeView), stands(0, readFile)}

// scheduleOf has a strategy choose without any execution.
func scheduleOf(s Strategy, c *Choice, steps int) {
	s.Begin()
	for i := range steps {
		choices(i, c, somewhere)
		s.Next(c)
	}
	s.End(steps, false)
}

func newChoice() *Choice {
	x := &markers{}
	for _, name := range []string{"a", "b", "c"} {
		x.threads = append(x.threads, &thread{name: name})
	}
	return &Choice{chooser: &Chooser{mechanism: x}}
}

func TestNoStrategyAllocatesOnceItIsWarm(t *testing.T) {
	for _, entry := range strategies {
		s, c := entry.make(Parameters{Seed: 1, Preemptions: 3}), newChoice()
		for range 10_000 { // until guided ones hardly show anything new any more
			scheduleOf(s, c, 200)
		}
		require.Zero(t, testing.AllocsPerRun(100, func() { scheduleOf(s, c, 200) }), entry.name)
	}
}

// BenchmarkStrategies is the price of one choice among three threads.
func BenchmarkStrategies(b *testing.B) {
	for _, entry := range strategies {
		b.Run(entry.name, func(b *testing.B) {
			s, c := entry.make(Parameters{Seed: 1}), newChoice()
			for range 2 * profiled {
				scheduleOf(s, c, 200)
			}
			b.ReportAllocs()
			for b.Loop() {
				scheduleOf(s, c, 200)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/200, "ns/choice")
		})
	}
}

func BenchmarkCoverage(b *testing.B) {
	source := rand.NewPCG(1, 1)
	trace := make([]step, 200)
	for i, to := 0, 0; i < len(trace); i++ {
		at := somewhere[below(source, len(somewhere))]
		at.Thread = to
		trace[i] = newStep(&at, 0, 0)
		to = below(source, 4)
		trace[i].to = int16(to)
	}
	f := newFollower()
	f.follow(trace, 4)
	b.ReportAllocs()
	for b.Loop() {
		f.follow(trace, 4)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/200, "ns/step")
}
