package sched_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

const twinPackage = "example.com/twin"

// The points of a scenario that does what a machine does.
var (
	_ = failpoints.Declare(twinPackage, []failpoints.Declaration{
		{Name: "n.load", Resource: "n", Access: failpoints.Reads},
		{Name: "n.store", Resource: "n", Access: failpoints.Writes},
		{Name: "m.load", Resource: "m", Access: failpoints.Reads},
	})
	twinLoads  = failpoints.Lookup(twinPackage, "n.load")
	twinStores = failpoints.Lookup(twinPackage, "n.store")
	twinOthers = failpoints.Lookup(twinPackage, "m.load")
)

func increments(name string) program { return thread(name, load("m"), load("n"), add("n", 1)) }

func twinScenario(x *sched.Execution) {
	var n, m atomic.Int64
	for _, name := range []string{"a", "b", "c"} {
		x.Go(name, func(t *sched.T) {
			failpoints.Yield(t.Context(), twinOthers)
			_ = m.Load()
			failpoints.Yield(t.Context(), twinLoads)
			was := n.Load()
			failpoints.Yield(t.Context(), twinStores)
			n.Store(was + 1)
		})
	}
	x.Finally(func(t *sched.T) {
		if n.Load() != 3 {
			t.Fail(wrongCell{fmt.Sprintf("n is %d", n.Load())})
		}
	})
}

// everyStrategy are those that can be asked for, and the portfolio.
func everyStrategy() []string { return append(sched.Strategies(), "") }

// What a search of two mechanisms finds, counts and covers is the same to the last schedule: nothing above them tells them apart.
func TestASearchIsTheSameWhateverTheMechanism(t *testing.T) {
	t.Parallel()
	twin := makes(is("n", 3), increments("a"), increments("b"), increments("c"))
	for _, strategy := range everyStrategy() {
		o := sched.Options{Strategy: strategy, Preemptions: 2, Seed: 11, Schedules: 400, Workers: 1, All: true}
		ours, err := sched.Search(context.Background(), twinScenario, o)
		require.NoError(t, err)
		theirs, err := sched.SearchMechanism(context.Background(), twin, o)
		require.NoError(t, err)
		require.NotEmpty(t, ours.Findings, strategy)
		require.Greater(t, ours.PartialOrders, uint64(10), strategy)
		ours.Duration, theirs.Duration = 0, 0
		for _, r := range []sched.Result{ours, theirs} {
			for i := range r.Findings { // who says that, and where, is the mechanism's
				r.Findings[i].Failure = nil
			}
		}
		require.Equal(t, ours, theirs, strategy)
	}
}

// A mechanism that says where nobody else can go on than before gets the same choices as one that has it looked up each time: with locks, pauses,
// sleeps and jumps of the clock, and where threads take turns.
func TestAChoiceAmongTheSameThreadsAsBeforeIsNoOther(t *testing.T) {
	t.Parallel()
	sleeper := thread("c", lock("l"), add("n", 1), sleep(time.Second), unlock("l"), pause(), load("m"), opaque())
	for _, programs := range [][]program{
		{increments("a"), increments("b"), increments("c")},
		{thread("a", lock("l"), load("n"), add("n", 1), unlock("l")), thread("b", load("m"), lock("l"), load("n"), unlock("l"), add("m", 1)), sleeper},
		{busy("a"), busy("b"), busy("c")},
		{long("a"), long("b"), busy("c"), thread("d", sleep(time.Second), load("n"), add("n", 1), pause(), load("m"))},
		{thread("a", set("go", 1), load("n"), add("n", 1), set("go", 0)), spins("b"), spins("c"), spins("d"), spins("e"), spins("f")},
	} {
		for _, limit := range []int{25, 1000} { // the larger one lets strategies look ahead, lower priorities, and grow tired of a thread
			for _, strategy := range everyStrategy() {
				requireTheSameChoices(t, programs, sched.Options{
					Strategy: strategy, Preemptions: 1, Seed: 7, Schedules: 300, Workers: 1, All: true, StepLimit: limit, RepeatEvery: 5,
				})
			}
		}
	}
}

func requireTheSameChoices(t *testing.T, programs []program, o sched.Options) {
	var again atomic.Uint64
	search := func(again *atomic.Uint64) (r sched.Result, problem string) {
		r, err := sched.SearchMechanism(context.Background(), func() sched.Mechanism { return &machine{programs: programs, must: is("n", 3), again: again} }, o)
		if r.Duration = 0; err != nil {
			problem = err.Error()
		}
		return r, problem
	}
	each, problem := search(nil)
	same, other := search(&again)
	require.Equal(t, each, same, "%s, %d steps", o.Strategy, o.StepLimit)
	require.Equal(t, problem, other, o.Strategy)
	require.Greater(t, again.Load(), each.Steps/4, "%s: it is seldom that another one can go on", o.Strategy)
}

// spins waits for somebody else in a loop, so that strategies must grow tired of it.
func spins(name string) program {
	return thread(name, load("m"), backWhile("go", 1))
}

// long reads and writes many times, at first under a lock.
func long(name string) program {
	code := []instruction{lock("l")}
	for range 2 {
		for range 20 {
			code = append(code, load("n"), load("m"), add("n", 1))
		}
		code = append(code, unlock("l"))
	}
	return thread(name, code[:len(code)-1]...)
}

// busy counts who works, then waits until nobody does. Where the count loses an update, it goes round for ever.
func busy(name string) program {
	return thread(name, load("busy"), add("busy", 1), load("busy"), add("busy", -1), pause(), backWhile("busy", 1))
}

func TestEveryStrategyFindsAndShrinksWhateverTheMechanism(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mechanism func() sched.Mechanism
		kind      sched.Kind
		schedule  string
	}{
		"lost update": {makes(is("n", 2), thread("a", load("n"), add("n", 1)), thread("b", load("n"), add("n", 1))), sched.Failed, `^[ab]@n\.store#1>[ab]$`},
		"lock order": {
			makes(nil, thread("a", lock("l"), lock("m"), unlock("m"), unlock("l")), thread("b", lock("m"), lock("l"), unlock("l"), unlock("m"))),
			sched.Deadlock, `^(a@m\.lock#1>b|start>b, b@l\.lock#1>a)$`,
		},
		"livelock": {makes(nil, busy("a"), busy("b")), sched.Livelock, `^[^()]*(, \(([ab]@(busy\.load|pause)#\*>[ab](, )?)+\)\*)?$`},
	} {
		for _, strategy := range everyStrategy() {
			o := sched.Options{Strategy: strategy, Preemptions: 2, Seed: 5, Schedules: 2000, Workers: 2, StepLimit: 400}
			f, err := found(c.mechanism, o)
			require.NoError(t, err, "%s, %s", name, strategy)
			require.Equal(t, c.kind, f.Failure.Kind, "%s, %s", name, strategy)
			runner := sched.NewMechanismRunner(c.mechanism, o)
			small := runner.Shrink(f.Schedule)
			require.NotNil(t, small.Failure)
			require.Less(t, len(small.Schedule), 16, "%s, %s: %v", name, strategy, small.Schedule)
			require.Regexp(t, c.schedule, small.Schedule.String(), "%s, %s", name, strategy)
			again, err := sched.ParseSchedule(small.Schedule.String())
			require.NoError(t, err)
			out := runner.Replay(again, true)
			require.Equal(t, small.Failure, out.Failure)
			require.True(t, slices.ContainsFunc(out.Events, func(e sched.Event) bool { return e.Point && e.File == "machine.txt" && e.Line == 1 }))
		}
	}
}

func TestABoundIsExhaustedWhateverTheMechanism(t *testing.T) {
	t.Parallel()
	for name, mechanism := range map[string]func() sched.Mechanism{
		"locks":    makes(is("n", 2), thread("a", lock("l"), load("n"), add("n", 1), unlock("l")), thread("b", lock("l"), load("n"), add("n", 1), unlock("l"))),
		"channels": makes(is("c", 0), thread("a", send("c"), send("c")), thread("b", receive("c"), receive("c"))),
		"a clock":  makes(is("n", 1), thread("a", sleep(time.Second), set("n", 1)), thread("b", pause(), pause(), set("n", 2))),
	} {
		r, err := sched.SearchMechanism(context.Background(), mechanism, sched.Options{Strategy: "bounded", Preemptions: 9})
		require.NoError(t, err, name)
		require.Empty(t, r.Findings, name)
		require.True(t, r.Exhausted[len(r.Exhausted)-1].Complete, name)
		require.Positive(t, r.Schedules, name)
	}
}

// impatient leaves a thread alone that is about to store: it goes by what candidates do, whoever they are.
type impatient struct{}

func (impatient) Name() string  { return "impatient" }
func (impatient) Begin() bool   { return true }
func (impatient) End(int, bool) {}

func (impatient) Next(c *sched.Choice) int {
	for i := range c.Enabled {
		if c.Enabled[i].Action != sched.Stores {
			return i
		}
	}
	return c.Default()
}

func TestAStrategySeesWhatCandidatesDo(t *testing.T) {
	t.Parallel()
	twin := makes(is("n", 3), increments("a"), increments("b"), increments("c"))
	out := sched.NewMechanismRunner(twin, sched.Options{}).Run(impatient{}, false)
	require.NotNil(t, out.Failure, "all have loaded before the first one stores")
	require.Equal(t, "a@n.store#1>b, b@n.store#1>c", out.Schedule.String())
}

func TestASummaryNamesThePointsOfWhichNobodyHasSaidWhatTheyTouch(t *testing.T) {
	t.Parallel()
	orders := func(first, second instruction) sched.Result {
		r, err := sched.SearchMechanism(context.Background(), makes(nil, thread("a", first), thread("b", second)), sched.Options{Strategy: "bounded", Preemptions: 9})
		require.NoError(t, err)
		return r
	}
	for _, c := range []struct {
		first, second instruction
		orders        int
		undeclared    []string
	}{
		{load("n"), load("n"), 1, nil},
		{load("n"), add("n", 1), 2, nil},
		{load("n"), add("m", 1), 1, nil},
		{pause(), add("m", 1), 1, nil},
		{pause(), pause(), 1, nil},
		{opaque(), load("n"), 2, []string{"run"}},
		{opaque(), opaque(), 2, []string{"run"}},
	} {
		r := orders(c.first, c.second)
		require.EqualValues(t, c.orders, r.PartialOrders, "%v", c)
		require.Equal(t, c.undeclared, r.Undeclared, "%v", c)
		require.Equal(t, c.undeclared != nil, r.UndeclaredWords() != "", "%v", c)
	}
}

// crowd are so many threads, of which a hundred choices are looked at; many is one thread that comes to so many points.
func crowd(threads int) func() sched.Mechanism {
	all := make([]program, threads)
	for i := range all {
		all[i] = thread(fmt.Sprint("t", i), load("n"))
	}
	return func() sched.Mechanism { return &machine{programs: all, most: 100} }
}

func many(points int) program {
	code := make([]instruction, points)
	for i := range code {
		code[i] = load("n")
		code[i].at = fmt.Sprint("p", i)
	}
	return program{"a", code}
}

func TestAnExecutionHasNoMoreThreadsAndPointsThanTheInterfaceSays(t *testing.T) {
	t.Parallel()
	o := sched.Options{Strategy: "random", Schedules: 3, Workers: 1, StepLimit: 1 << 17}
	r, err := sched.SearchMechanism(context.Background(), crowd(sched.MaxThreads), o)
	require.NoError(t, err)
	require.EqualValues(t, 300, r.Steps)
	_, err = sched.SearchMechanism(context.Background(), crowd(sched.MaxThreads+1), o)
	require.ErrorContains(t, err, "an execution may have 8192 threads, and t8192 is one too many")
	_, err = sched.SearchMechanism(context.Background(), makes(nil, many(sched.MaxPoints+1)), o)
	require.ErrorContains(t, err, "the program has more than 65536 different points, p65536 is one too many")
}

// The last of many threads and points are in the text of a schedule what the first are.
func TestAScheduleNamesTheLastThreadAndTheLastPoint(t *testing.T) {
	t.Parallel()
	for text, mechanism := range map[string]func() sched.Mechanism{
		"start>t8191, t8191@n.load#1>t4096": crowd(sched.MaxThreads),
		"a@p65535#1>b, b@p0#1>a":            makes(nil, many(sched.MaxPoints), program{"b", many(1).code}),
	} {
		schedule, err := sched.ParseSchedule(text)
		require.NoError(t, err)
		out := sched.NewMechanismRunner(mechanism, sched.Options{StepLimit: 1 << 17}).Replay(schedule, false)
		require.Nil(t, out.Failure)
		require.Equal(t, text, out.Schedule.String())
	}
}

func TestEachAddressOfAnExecutionHasANumberOfItsOwn(t *testing.T) {
	t.Parallel()
	var addresses sched.Addresses
	for range 2 {
		numbers := map[sched.Resource]uintptr{}
		for range 2 { // the second time they are known
			for address := uintptr(1000); address < 1100; address++ {
				n := addresses.Of(address)
				if known, is := numbers[n]; is {
					require.Equal(t, known, address)
				}
				numbers[n] = address
			}
		}
		require.Len(t, numbers, 100)
		least := slices.Min(slices.Collect(maps.Keys(numbers)))
		require.Equal(t, least+99, slices.Max(slices.Collect(maps.Keys(numbers))), "they are without a gap")
		addresses.Forget()
		require.Equal(t, addresses.Of(2000), addresses.Of(2000))
		addresses.Forget()
	}
}
