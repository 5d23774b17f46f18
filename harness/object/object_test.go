package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

const thisPackage = "github.com/racewindow/racewindow/harness/object"

// Register, rather than markers, so that these tests need no instrumented build.
var (
	loaded   = failpoints.Register(thisPackage, "counter/loaded", failpoints.KindYield, "object_test.go", 1)
	written  = failpoints.Register(thisPackage, "note/written", failpoints.KindYield, "object_test.go", 2)
	synced   = failpoints.Register(thisPackage, "note/synced", failpoints.KindYield, "object_test.go", 3)
	lock     = failpoints.WaitPoint(thisPackage, "counter/lock")
	nonEmpty = failpoints.WaitPoint(thisPackage, "box/non-empty")
)

// A counter adds in two steps, with a lock around both or around neither. It has no data race.
type counter struct {
	mu     sync.Mutex
	n      atomic.Int64
	locked bool
}

func (c *counter) Add(ctx context.Context, n int) int {
	if c.locked {
		failpoints.Lock(ctx, lock, &c.mu)
		defer c.mu.Unlock()
	}
	now := c.n.Load()
	failpoints.Yield(ctx, loaded)
	c.n.Store(now + int64(n))
	return int(now) + n
}

func (c *counter) Get(ctx context.Context) int {
	failpoints.Yield(ctx, loaded)
	return int(c.n.Load())
}

func counterAt(n int, locked bool) *counter {
	c := &counter{locked: locked}
	c.n.Store(int64(n))
	return c
}

func counters(t *testing.T, locked bool) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestCounter", Type: reflect.TypeFor[*counter](),
		Open: func(context.Context, *Env) (any, error) { return &counter{locked: locked}, nil },
		Operations: []Method{
			{Name: "add", Do: (*counter).Add},
			{Name: "get", Do: (*counter).Get},
		},
	})
	require.NoError(t, err)
	return o
}

// search executes schedules of a case and returns what was found.
func search(t *testing.T, o *Object, text string, options sched.Options) sched.Result {
	t.Helper()
	c, err := cases.Parse("v1 "+o.Head()+"; "+text, cases.Only(o))
	require.NoError(t, err)
	p, err := o.Plan(c)
	require.NoError(t, err)
	r, err := sched.Search(t.Context(), p.Scenario, options)
	require.NoError(t, err)
	return r
}

var exhaustive = sched.Options{Strategy: "bounded", Preemptions: 2, Workers: 1}

func TestALostUpdateIsFoundAgainstTheObjectItself(t *testing.T) {
	t.Parallel()
	const program = "c0: add(1); c1: add(2); c2: get()"
	r := search(t, counters(t, false), program, exhaustive)
	require.Len(t, r.Findings, 1)
	var v *Violation
	require.ErrorAs(t, r.Findings[0].Failure, &v)
	require.Equal(t, "Linearizability", v.Class())
	require.Contains(t, v.Error(), "no order explains the results: after add(")

	r = search(t, counters(t, true), program, exhaustive)
	require.Empty(t, r.Findings)
	require.True(t, r.Exhausted[len(r.Exhausted)-1].Complete || r.Exhausted[len(r.Exhausted)-1].Bound == 2)
}

func TestACaseOfAnObjectIsTextAndReadAgain(t *testing.T) {
	t.Parallel()
	o := counters(t, false)
	random := rand.New(rand.NewSource(1))
	for range 300 {
		c, err := o.Draw(random, cases.Shape{})
		require.NoError(t, err)
		require.NoError(t, c.Check())
		again, err := cases.Parse(c.String(), cases.Only(o))
		require.NoError(t, err)
		require.Equal(t, c.String(), again.String())
		for smaller := range o.Smaller(c) {
			require.NoError(t, smaller.Check())
		}
	}
}

func TestWrongCasesOfAnObjectSayWhatToDo(t *testing.T) {
	t.Parallel()
	o := counters(t, false)
	for text, message := range map[string]string{
		"v1 test=TestOther; c0: get()":                             `the case is about test=TestOther (did you mean "test=TestCounter"?)`,
		"v1 test=TestCounter size=3; c0: get()":                    `no option is called "size": TestCounter has seed, earlier`,
		"v1 test=TestCounter; c0: put(1)":                          `no operation is called "put": use add, get`,
		"v1 test=TestCounter; c0: add(\"x\")":                      "add",
		"v1 test=TestCounter; w0: get()":                           "a thread called",
		"v1 test=TestCounter; c0: get(); crash any":                "set Op.Durable",
		"v1 test=TestCounter; c0: get(); ~ c0@counter/loaded#1=1s": "delays (~) are not for TestCounter",
	} {
		_, err := cases.Parse(text, cases.Only(o))
		require.ErrorIs(t, err, cases.ErrCase, text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestEachCanaryIsFoundAndNeedsWhatItSays(t *testing.T) {
	t.Parallel()
	canaries, err := counters(t, true).Canaries(cases.Case{})
	require.NoError(t, err)
	require.Len(t, canaries, int(numberOfKind))
	for i, c := range canaries {
		r, err := sched.Search(t.Context(), c.Plan.Scenario, exhaustive)
		require.NoError(t, err)
		require.Len(t, r.Findings, 1, c.What)
		if want := map[bool]int{false: 0, true: 1}[defectKind(i) == losesUpdate]; r.Findings[0].Preemptions != want {
			t.Errorf("%s: %d preemptions, not %d", c.What, r.Findings[0].Preemptions, want)
		}
	}
}

// A budget gives two, and then nothing.
type budget struct{ given atomic.Int64 }

func (b *budget) Take() bool { return b.given.Add(1) <= 2 }

func TestACanaryIsPlantedAfterTheCallsThatItNeeds(t *testing.T) {
	t.Parallel()
	o, err := New(Config{
		Name: "TestBudget", Type: reflect.TypeFor[*budget](),
		Open:       func(context.Context, *Env) (any, error) { return &budget{}, nil },
		Operations: []Method{{Name: "take", Do: (*budget).Take}},
	})
	require.NoError(t, err)
	canaries, err := o.Canaries(cases.Case{})
	require.NoError(t, err)
	for _, c := range canaries {
		require.Equal(t, "v1 test=TestBudget; c0: take(), take(), take(); c1: take()", c.Case.String())
		r, err := sched.Search(t.Context(), c.Plan.Scenario, exhaustive)
		require.NoError(t, err)
		require.Len(t, r.Findings, 1, c.What)
	}
}

func TestSomeProgramsHaveOnlySomeOfTheOperations(t *testing.T) {
	t.Parallel()
	config := Config{
		Name: "TestMany", Type: reflect.TypeFor[*counter](),
		Open: func(context.Context, *Env) (any, error) { return &counter{}, nil },
	}
	for i := range 8 {
		config.Operations = append(config.Operations, Method{Name: fmt.Sprintf("get%d", i), Do: (*counter).Get})
	}
	o, err := New(config)
	require.NoError(t, err)
	random, few, all := rand.New(rand.NewSource(1)), 0, map[string]bool{}
	for range 200 {
		c, err := o.Draw(random, cases.Shape{Threads: 5, Operations: 8})
		require.NoError(t, err)
		words, operations := map[string]bool{}, 0
		for _, thread := range c.Threads {
			for _, operation := range thread.Operations {
				words[operation.(*Call).Word()], all[operation.(*Call).Word()] = true, true
				operations++
			}
		}
		if operations >= 10 && len(words) <= 3 { // of eight, ten draws from all of them give so few in one of 10,000
			few++
		}
	}
	require.Greater(t, few, 5)
	require.Len(t, all, 8)
}

type blindThing struct{}

func (blindThing) Do() {}

func TestAnObjectWhoseOperationsNeverMeetHasNoCanary(t *testing.T) {
	t.Parallel()
	o, err := New(Config{
		Name: "TestBlind", Type: reflect.TypeFor[blindThing](),
		Open:       func(context.Context, *Env) (any, error) { return blindThing{}, nil },
		Operations: []Method{{Name: "do", Do: blindThing.Do}},
	})
	require.NoError(t, err)
	_, err = o.Canaries(cases.Case{})
	require.ErrorIs(t, err, ErrBlind)
}

// A box holds one number; take waits for it.
type box struct {
	mu    sync.Mutex
	full  failpoints.Cond
	n     int
	mute  bool // puts without waking anybody
	fails bool // panics where two meet
	busy  atomic.Bool
}

func newBox(mute, fails bool) *box {
	b := &box{mute: mute, fails: fails}
	b.full.L = &b.mu
	return b
}

func (b *box) Put(ctx context.Context, n int) {
	failpoints.Lock(ctx, lock, &b.mu)
	defer b.mu.Unlock()
	b.n = n + 1
	if !b.mute {
		b.full.Signal()
	}
}

func (b *box) Take(ctx context.Context) (int, error) {
	if b.busy.Swap(true) && b.fails {
		panic(errors.New("two are in the box"))
	}
	defer b.busy.Store(false)
	failpoints.Lock(ctx, lock, &b.mu)
	defer b.mu.Unlock()
	for b.n == 0 {
		if err := b.full.Wait(ctx, nonEmpty); err != nil {
			return 0, err
		}
	}
	n := b.n - 1
	b.n = 0
	return n, nil
}

func boxes(t *testing.T, mute, fails bool) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestBox", Type: reflect.TypeFor[*box](),
		Open:       func(context.Context, *Env) (any, error) { return newBox(mute, fails), nil },
		Operations: []Method{{Name: "put", Do: (*box).Put}, {Name: "take", Do: (*box).Take}},
	})
	require.NoError(t, err)
	return o
}

func TestAnOperationThatBlocksAloneMayWaitForEver(t *testing.T) {
	t.Parallel()
	r := search(t, boxes(t, false, false), "c0: take(); c1: put(1); c2: take()", exhaustive)
	require.Empty(t, r.Findings, "one of the two takes waits, as it does alone")
}

func TestALostWakeUpIsFound(t *testing.T) {
	t.Parallel()
	r := search(t, boxes(t, true, false), "c0: take(); c1: put(1)", exhaustive)
	require.Len(t, r.Findings, 1)
	require.Equal(t, sched.Deadlock, r.Findings[0].Failure.Kind)
	require.Equal(t, "Progress", r.Findings[0].Failure.Class())
	require.ErrorContains(t, r.Findings[0].Failure, "take() of c0 would return 1, nil, but never returned")
	var v *Violation
	c := parseOf(t, boxes(t, true, false), "c0: take(); c1: put(1)")
	p, err := c.Subject.Plan(c)
	require.NoError(t, err)
	require.ErrorAs(t, sched.NewRunner(p.Scenario, sched.Options{}).Replay(r.Findings[0].Schedule, true).Failure, &v)
	require.Contains(t, v.Stack(), "c0 in take(): goroutine")
	require.Contains(t, v.Stack(), "(*box).Take")
}

func TestAPanicUnderAJudgeOfTheHistoryIsFoundWithItsStack(t *testing.T) {
	t.Parallel()
	config := boxes(t, false, true).Config
	config.Holds = func(History) error { return nil }
	o, err := New(config)
	require.NoError(t, err)
	r := search(t, o, "c0: put(1), take(); c1: put(2), take()", exhaustive)
	require.Len(t, r.Findings, 1)
	var v *Violation
	require.ErrorAs(t, r.Findings[0].Failure, &v)
	require.Equal(t, "NoPanic", v.Class())
	require.Contains(t, v.Stack(), "(*box).Take")
	require.NotContains(t, v.Stack(), "reflect.Value.call", "it ends where the harness begins")
}

func TestAPanicThatNoOrderHasIsFoundWithItsStack(t *testing.T) {
	t.Parallel()
	r := search(t, boxes(t, false, true), "c0: put(1), take(); c1: put(2), take()", exhaustive)
	require.Len(t, r.Findings, 1)
	var v *Violation
	require.ErrorAs(t, r.Findings[0].Failure, &v)
	require.Equal(t, "NoPanic", v.Class())
	require.Contains(t, v.Error(), "two are in the box")
	require.Contains(t, v.Stack(), "Take")
}

func TestAnObjectThatIsNotTheSameTwiceIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	random := 0
	o, err := New(Config{
		Name: "TestRandom", Type: reflect.TypeFor[*counter](),
		Open:       func(context.Context, *Env) (any, error) { random++; return counterAt(random, false), nil },
		Operations: []Method{{Name: "get", Do: (*counter).Get}},
	})
	require.NoError(t, err)
	c, err := cases.Parse("v1 test=TestRandom; c0: get()", cases.Only(o))
	require.NoError(t, err)
	_, err = o.Plan(c)
	require.ErrorIs(t, err, spec.ErrUnrepeatable)
	require.ErrorContains(t, err, "get() gave 1, and when the same operations were executed again, 2: give the operation a Result")
}

func TestAResultCanBeProjected(t *testing.T) {
	t.Parallel()
	random := 0
	o, err := New(Config{
		Name: "TestRandom", Type: reflect.TypeFor[*counter](),
		Open:       func(context.Context, *Env) (any, error) { random++; return counterAt(random, false), nil },
		Operations: []Method{{Name: "get", Do: (*counter).Get, Result: func(n int) bool { return n > 0 }}},
	})
	require.NoError(t, err)
	c, err := cases.Parse("v1 test=TestRandom; c0: get()", cases.Only(o))
	require.NoError(t, err)
	_, err = o.Plan(c)
	require.NoError(t, err)
}

func TestOptionsAreSettingsOfACase(t *testing.T) {
	t.Parallel()
	var seen []int
	o, err := New(Config{
		Name: "TestOption", Type: reflect.TypeFor[*counter](),
		Open: func(_ context.Context, e *Env) (any, error) {
			seen = append(seen, e.Int("start"))
			return counterAt(e.Int("start"), true), nil
		},
		Operations: []Method{{Name: "get", Do: (*counter).Get}, {Name: "add", Do: (*counter).Add}},
		Options:    []Option{{"start", []string{"5", "7"}}},
	})
	require.NoError(t, err)
	c, err := cases.Parse("v1 test=TestOption start=7; c0: get(); c1: add(1)", cases.Only(o))
	require.NoError(t, err)
	require.Equal(t, "v1 test=TestOption start=7; c0: get(); c1: add(1)", c.String())
	p, err := o.Plan(c)
	require.NoError(t, err)
	require.Nil(t, sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure)
	require.NotEmpty(t, seen)
	for _, n := range seen {
		require.Equal(t, 7, n)
	}
}

func TestAWrongConfigIsRefusedWithEverythingThatStandsAgainstIt(t *testing.T) {
	t.Parallel()
	good := Config{
		Name: "TestX", Type: reflect.TypeFor[*counter](),
		Open:       func(context.Context, *Env) (any, error) { return &counter{}, nil },
		Operations: []Method{{Name: "get", Do: (*counter).Get}},
	}
	_, err := New(good)
	require.NoError(t, err)
	for message, change := range map[string]func(*Config){
		"has no Open":                    func(c *Config) { c.Open = nil },
		"has no Ops":                     func(c *Config) { c.Operations = nil },
		"cannot stand in a case":         func(c *Config) { c.Name = "a b" },
		"an option called":               func(c *Config) { c.Options = []Option{{"test", []string{"1"}}} },
		"has no value, or appears twice": func(c *Config) { c.Options = []Option{{"a", nil}} },
		"has a value that cannot stand":  func(c *Config) { c.Options = []Option{{"a", []string{"x y"}}} },
		"durable after \"sync\"":         func(c *Config) { c.Operations[0].Durable = "sync" },
		"two operations are called get":  func(c *Config) { c.Operations = append(c.Operations, c.Operations[0]) },
		"Result must be a function of":   func(c *Config) { c.Operations[0].Result = func(string) int { return 0 } },
		"get":                            func(c *Config) { c.Operations[0].Do = func(int) {} },
	} {
		c := good
		c.Operations = append([]Method(nil), good.Operations...)
		change(&c)
		_, err := New(c)
		require.ErrorIs(t, err, ErrConfig, message)
		require.ErrorContains(t, err, message)
	}
}
