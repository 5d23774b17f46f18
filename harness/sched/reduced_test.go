package sched

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// This file holds the reduction against the plain enumeration: small random programs over variables, a lock, a channel, tasks and
// operations. The same outcomes and the same partial orders must come within the same bound.

const reducedPackage = "github.com/racewindow/racewindow/harness/sched/reduced"

var (
	_ = failpoints.Declare(reducedPackage, []failpoints.Declaration{
		{Name: "read/x", Kind: failpoints.KindYield, Resource: "x", Access: failpoints.Reads, Reason: "test"},
		{Name: "read/y", Kind: failpoints.KindYield, Resource: "y", Access: failpoints.Reads, Reason: "test"},
		{Name: "read/z", Kind: failpoints.KindYield, Resource: "z", Access: failpoints.Reads, Reason: "test"},
		{Name: "write/x", Kind: failpoints.KindYield, Resource: "x", Access: failpoints.Writes, Reason: "test"},
		{Name: "write/y", Kind: failpoints.KindYield, Resource: "y", Access: failpoints.Writes, Reason: "test"},
		{Name: "write/z", Kind: failpoints.KindYield, Resource: "z", Access: failpoints.Writes, Reason: "test"},
		{Name: "both", Kind: failpoints.KindYield, Resource: "x", Access: failpoints.Writes, Also: []failpoints.Touch{{Resource: "y", Access: failpoints.Writes}}, Reason: "test"},
		{Name: "one", Kind: failpoints.KindYield, Resource: "x", Access: failpoints.Writes, Reason: "test"},
		{Name: "send", Kind: failpoints.KindYield, Resource: "channel", Access: failpoints.Writes, Reason: "test"},
		{Name: "receive", Kind: failpoints.KindWait, Resource: "channel", Access: failpoints.Writes, Reason: "test"},
		{Name: "lock", Kind: failpoints.KindWait, Resource: "lock", Access: failpoints.Writes, Reason: "test"},
		{Name: "lock2", Kind: failpoints.KindWait, Resource: "lock2", Access: failpoints.Writes, Reason: "test"},
	})
	readPoints  = []*failpoints.Point{yieldPoint("read/x"), yieldPoint("read/y"), yieldPoint("read/z")}
	writePoints = []*failpoints.Point{yieldPoint("write/x"), yieldPoint("write/y"), yieldPoint("write/z")}
	sendPoint   = yieldPoint("send")
	sleepPoint  = failpoints.WaitPoint(reducedPackage, "sleep")
	recvPoint   = failpoints.WaitPoint(reducedPackage, "receive")
	lockPoints  = []*failpoints.Point{failpoints.WaitPoint(reducedPackage, "lock"), failpoints.WaitPoint(reducedPackage, "lock2")}
)

func yieldPoint(name string) *failpoints.Point {
	return failpoints.Register(reducedPackage, name, failpoints.KindYield, "reduced_test.go", 1)
}

// A step of a random program; on is the variable or the lock.
type smallStep struct {
	does string // read, write, lock, unlock, send, receive, task, op, any
	on   int
}

func (s smallStep) String() string { return fmt.Sprintf("%s%d", s.does, s.on) }

type smallProgram struct {
	clients [][]smallStep
	task    []smallStep
}

func (p smallProgram) String() string { return fmt.Sprint(p.clients, " task ", p.task) }

func drawSmall(r *rand.Rand) (p smallProgram) {
	threads := 2 + r.IntN(2)
	for range threads {
		p.clients = append(p.clients, drawSteps(r, 1+r.IntN(8-2*threads+3), true))
	}
	p.task = drawSteps(r, 1+r.IntN(2), false)
	return p
}

func drawSteps(r *rand.Rand, n int, client bool) (all []smallStep) {
	held := [2]bool{}
	for range n {
		s := smallStep{does: "read", on: r.IntN(3)}
		switch k := r.IntN(20); {
		case k < 6:
		case k < 12:
			s.does = "write"
		case k < 16:
			s.does, s.on = "lock", r.IntN(2)
			if held[s.on] {
				s.does = "unlock"
			}
			held[s.on] = s.does == "lock"
		case k < 17:
			s = smallStep{"send", 0}
		case k < 18:
			s = smallStep{"receive", 0}
		case k < 19 && client:
			s = smallStep{"op", 0}
		case client:
			s = smallStep{one2(r, "task", "any"), 0}
		}
		all = append(all, s)
	}
	for l, is := range held {
		if is && r.IntN(8) > 0 {
			all = append(all, smallStep{"unlock", l})
		}
	}
	return all
}

func one2(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }

// scenario executes the program. end is given what the threads saw, and the values that are left.
func (p smallProgram) scenario(end func(string)) Scenario {
	return func(x *Execution) {
		var values [3]int
		var locks [2]sync.Mutex
		channel := make(chan int, 64)
		saw := map[string][]int{}
		ended := 0 // operations: which had ended when another one began is an outcome too
		var run func(ctx context.Context, name string, number int, code []smallStep, op func(string))
		run = func(ctx context.Context, name string, number int, code []smallStep, op func(string)) {
			ops := 0
			for i, s := range code {
				switch s.does {
				case "read":
					failpoints.Yield(ctx, readPoints[s.on])
					saw[name] = append(saw[name], values[s.on])
				case "write":
					failpoints.Yield(ctx, writePoints[s.on])
					values[s.on] = 100*number + i + 1
				case "any":
					failpoints.Yield(ctx, pointAny)
					values[0]++
				case "lock":
					failpoints.Lock(ctx, lockPoints[s.on], &locks[s.on])
					saw[name] = append(saw[name], 7)
				case "unlock":
					locks[s.on].Unlock()
				case "send":
					failpoints.Yield(ctx, sendPoint)
					channel <- 1000*number + i
				case "receive":
					v, _, _ := failpoints.Receive(ctx, recvPoint, channel)
					saw[name] = append(saw[name], v)
				case "task":
					failpoints.Go(ctx, "task", func(ctx context.Context) {
						run(ctx, fmt.Sprintf("%s/%d", name, i), 10*number+i+50, p.task, func(string) {})
					})
				case "op":
					if ops++; ops > 1 { // before the first one, nothing has begun
						ended += 1 << (8 * number)
					}
					op("op")
					if ops > 1 {
						saw[name] = append(saw[name], ended)
					}
				}
			}
		}
		for i, code := range p.clients {
			name := string(rune('a' + i))
			x.Go(name, func(t *T) {
				saw[name] = append(saw[name], ended)
				run(t.Context(), name, i+1, code, t.Op)
				ended += 1 << (8 * (i + 1))
			})
		}
		x.TasksMayRemain()
		x.AtEnd(func() { end(fmt.Sprint(saw, values, len(channel))) })
	}
}

// pointAny is declared nowhere.
var pointAny = failpoints.Register(testPackage, "test/any", failpoints.KindYield, "reduced_test.go", 2)

// seen is what an enumeration has shown.
type seen struct {
	outcomes  map[string]bool
	orders    map[uint64]bool
	hashes    map[uint64]struct{}
	schedules []uint64
	complete  bool
	claims    []Exhausted
}

func exhaustSmall(t *testing.T, p smallProgram, bound, workers int, reduce bool, most int, points *Points) (all seen, few bool) {
	t.Helper()
	var mu sync.Mutex
	all.outcomes = map[string]bool{}
	o, err := Options{Strategy: "bounded", Preemptions: bound, All: true, Workers: workers, RepeatEvery: -1, Reduced: reduce, Schedules: most}.withDefaults()
	require.NoError(t, err)
	scenario := p.scenario(func(outcome string) { mu.Lock(); all.outcomes[outcome] = true; mu.Unlock() })
	s := &search{
		mechanism: scenario.mechanism, points: points, options: o, began: time.Now(), ctx: context.Background(),
		distinct: map[uint64]struct{}{}, covered: newCovered(), passed: map[string]bool{},
	}
	all.claims = s.enumerate(bound, uint64(most))
	require.NoError(t, s.err, "%v", p)
	for _, c := range all.claims {
		all.schedules = append(all.schedules, c.Schedules)
	}
	if len(all.claims) > 0 {
		last := all.claims[len(all.claims)-1]
		all.complete = last.Complete
		few = last.Complete || last.Bound == bound
	}
	all.orders, all.hashes = map[uint64]bool{}, s.distinct
	for order := range s.covered.orders {
		all.orders[order] = true
	}
	return all, few
}

func missing[K comparable](of, in map[K]bool) (n int) {
	for k := range of {
		if !in[k] {
			n++
		}
	}
	return n
}

func TestAReductionLosesNoOutcome(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	programs := schedulesOf(300)
	if n, err := strconv.Atoi(os.Getenv("RACEWINDOW_REDUCTION_PROGRAMS")); err == nil {
		programs = n
	}
	source := rand.New(rand.NewPCG(5, 6))
	var plainly, reducedly [5]uint64
	compared, several := 0, 0
	for compared < programs {
		p, bound, points := drawSmall(source), source.IntN(4), newPoints()
		plain, few := exhaustSmall(t, p, bound, 1, false, 4000, points)
		if !few {
			continue
		}
		compared++
		less, few := exhaustSmall(t, p, bound, 1, true, 0, points)
		require.True(t, few, "%v", p)
		require.True(t, less.claims[0].Reduced)
		require.Zero(t, missing(plain.outcomes, less.outcomes), "outcomes of bound %d of %v: %d schedules, then %d", bound, p, plain.schedules, less.schedules)
		require.Zero(t, missing(plain.orders, less.orders), "orders of bound %d of %v: %d schedules, then %d", bound, p, plain.schedules, less.schedules)
		require.Zero(t, missing(less.outcomes, plain.outcomes), "%v", p)
		require.Subset(t, keysOf(plain.hashes), keysOf(less.hashes))
		last := func(s seen) uint64 { return s.schedules[len(s.schedules)-1] }
		if plain.claims[len(plain.claims)-1].Bound == less.claims[len(less.claims)-1].Bound {
			require.LessOrEqual(t, last(less), sumOf(plain.schedules))
			plainly[bound] += sumOf(plain.schedules)
			reducedly[bound] += last(less)
		}
		if len(plain.outcomes) > 1 {
			several++
		}
	}
	require.Greater(t, several, programs/2)
	var words []string
	for b := range plainly {
		if reducedly[b] > 0 {
			words = append(words, fmt.Sprintf("bound %d: %d schedules, reduced %d, factor %.2f", b, plainly[b], reducedly[b], float64(plainly[b])/float64(reducedly[b])))
		}
	}
	t.Logf("%d programs: %s", compared, strings.Join(words, "; "))
}

func keysOf(m map[uint64]struct{}) (all []uint64) {
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func sumOf(all []uint64) (n uint64) {
	for _, more := range all {
		n += more
	}
	return n
}

func TestAReductionIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	source := rand.New(rand.NewPCG(7, 8))
	for range schedulesOf(100) {
		p, bound, points := drawSmall(source), source.IntN(4), newPoints()
		if _, few := exhaustSmall(t, p, bound, 1, false, 2000, points); !few {
			continue
		}
		one, _ := exhaustSmall(t, p, bound, 1, true, 0, points)
		many, _ := exhaustSmall(t, p, bound, 3, true, 0, points)
		require.Equal(t, one.claims, many.claims, "%v", p)
		require.Equal(t, one.hashes, many.hashes, "%v", p)
		require.Equal(t, one.orders, many.orders, "%v", p)
	}
}

// independent threads pass points that touch nothing in common.
func independent(x *Execution) {
	for i, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *T) {
			for range 4 {
				failpoints.Yield(t.Context(), writePoints[i])
			}
		})
	}
}

func reducedSearch(t *testing.T, scenario Scenario, o Options) Result {
	t.Helper()
	o.Strategy, o.Reduced = "bounded", true
	r, err := Search(context.Background(), scenario, o)
	require.NoError(t, err)
	return r
}

func TestAReductionOfIndependentThreadsIsSmall(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	plain, err := Search(context.Background(), independent, Options{Strategy: "bounded", Preemptions: 3})
	require.NoError(t, err)
	r := reducedSearch(t, independent, Options{Preemptions: 3})
	require.Less(t, 20*r.Schedules, plain.Schedules)
	require.True(t, r.ExhaustedTo(3))
	require.True(t, r.Exhausted[0].Reduced)
	require.Contains(t, r.Ended, " was executed, up to the order of independent steps")
	t.Logf("%d schedules, reduced %d", plain.Schedules, r.Schedules)
}

func TestAReductionFindsAFailureWithTheFewestPreemptions(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	lost := func(x *Execution) {
		n := 0
		for _, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				failpoints.Yield(t.Context(), writePoints[1])
				failpoints.Yield(t.Context(), readPoints[0])
				was := n
				failpoints.Yield(t.Context(), writePoints[0])
				n = was + 1
			})
		}
		x.Finally(func(t *T) {
			if n != 2 {
				t.Fatalf("n is %d", n)
			}
		})
	}
	r := reducedSearch(t, lost, Options{Preemptions: 3})
	require.Len(t, r.Findings, 1)
	require.Equal(t, 1, r.Findings[0].Preemptions)
	require.True(t, r.ExhaustedTo(0))
	require.False(t, r.ExhaustedTo(1), "a bound in which a failure was found is no claim")
	again := NewRunner(lost, Options{}).Replay(r.Findings[0].Schedule, false)
	require.NotNil(t, again.Failure)
}

func TestAReductionEndsWithTheNumberOfSchedules(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	for _, workers := range []int{1, 3} {
		r := reducedSearch(t, smallProgram{clients: [][]smallStep{{{"write", 0}, {"write", 0}, {"write", 0}}, {{"write", 0}, {"read", 0}, {"write", 0}}}}.scenario(func(string) {}),
			Options{Preemptions: 3, Schedules: 7, Workers: workers})
		require.EqualValues(t, 7, r.Schedules)
		require.False(t, r.ExhaustedTo(3))
		require.Contains(t, r.Ended, "the number of schedules")
	}
}

func TestAStepThatSharesIsOrderedWithAllOthers(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	var schedules []uint64
	for _, shares := range []bool{false, true} {
		seen := map[string]bool{}
		var mu sync.Mutex
		r := reducedSearch(t, func(x *Execution) {
			order := ""
			for i, name := range []string{"a", "b"} {
				x.Go(name, func(t *T) {
					failpoints.Yield(t.Context(), writePoints[i])
					order += name
					if shares {
						x.Shares()
					}
					failpoints.Yield(t.Context(), writePoints[i])
				})
			}
			x.AtEnd(func() { mu.Lock(); seen[order] = true; mu.Unlock() })
		}, Options{Preemptions: 2})
		require.Len(t, seen, 2)
		schedules = append(schedules, r.Schedules)
	}
	require.Less(t, schedules[0], schedules[1], "without Shares the two steps are independent, as far as their points say")
}

func TestWhatAPointTouchesBesidesIsOrderedToo(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	var schedules []uint64
	for _, p := range []*failpoints.Point{yieldPoint("one"), yieldPoint("both")} {
		r := reducedSearch(t, func(x *Execution) {
			x.Go("a", func(t *T) {
				failpoints.Yield(t.Context(), p)
				failpoints.Yield(t.Context(), p)
			})
			x.Go("b", func(t *T) {
				failpoints.Yield(t.Context(), readPoints[1])
				failpoints.Yield(t.Context(), readPoints[1])
			})
		}, Options{Preemptions: 3})
		schedules = append(schedules, r.Schedules)
	}
	require.Less(t, schedules[0], schedules[1], "reads of y are independent of writes of x, and not of a step that also writes y")
}

func TestWhatADeclarationLeavesOutIsFound(t *testing.T) {
	t.Parallel()
	notUnderRace(t)
	_, err := Search(context.Background(), func(x *Execution) {
		y := 0
		x.Go("a", func(t *T) {
			failpoints.Yield(t.Context(), writePoints[0])
			y = 1 // it declares that it touches x alone
			failpoints.Yield(t.Context(), writePoints[0])
		})
		x.Go("b", func(t *T) {
			failpoints.Yield(t.Context(), readPoints[1])
			if y == 0 {
				failpoints.Yield(t.Context(), readPoints[2])
			}
			failpoints.Yield(t.Context(), readPoints[1])
		})
	}, Options{Strategy: "bounded", Preemptions: 2, Reduced: true})
	require.ErrorContains(t, err, "Options.Reduced: a thread that went on from")
}

func TestWhatCannotBeReducedIsEnumerated(t *testing.T) {
	t.Parallel()
	for name, scenario := range map[string]Scenario{
		"faults": func(x *Execution) {
			x.Faults(func(string, *failpoints.Point, int) (any, bool) { return nil, false })
			independent(x)
		},
		"clock": func(x *Execution) {
			x.Go("sleeper", func(t *T) { _ = failpoints.Sleep(t.Context(), sleepPoint, time.Second) })
			independent(x)
		},
		"invariant": func(x *Execution) {
			if !raceEnabled {
				x.Invariant(func() error { return nil })
			}
			independent(x)
		},
	} {
		plain, err := Search(context.Background(), scenario, Options{Strategy: "bounded", Preemptions: 1})
		require.NoError(t, err)
		r := reducedSearch(t, scenario, Options{Preemptions: 1})
		require.Equal(t, plain.Exhausted, r.Exhausted, name)
		require.Equal(t, plain.Schedules, r.Schedules)
	}
}

// notUnderRace leaves out a test of what a build with -race does not do: there schedules are enumerated.
func notUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("a search under -race is not reduced")
	}
}
