package failpoints

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// instrument makes the package behave as it does in the instrumented build, for one test. Such tests must not run in
// parallel.
func instrument(t *testing.T) {
	t.Helper()
	old := instrumented
	instrumented = true
	t.Cleanup(func() { instrumented = old })
}

// plain makes the package behave as it does in a normal build, for one test.
func plain(t *testing.T) {
	t.Helper()
	old := instrumented
	instrumented = false
	t.Cleanup(func() { instrumented = old })
}

// A recorder is a Controller that records the points it sees, and delivers what it was given.
type recorder struct {
	yields []string
	faults []string
	value  any
	fires  bool
}

func (r *recorder) Yield(_ context.Context, p *Point) { r.yields = append(r.yields, p.Name()) }

func (r *recorder) Fault(_ context.Context, p *Point) (any, bool) {
	r.faults = append(r.faults, p.Name())
	return r.value, r.fires
}

// A clockwork is a recorder whose clock stands still until it is moved.
type clockwork struct {
	recorder
	now time.Time
}

func (c *clockwork) Now() time.Time { return c.now }

func testPoint(t *testing.T, name string) *Point {
	t.Helper()
	return Lookup("github.com/racewindow/racewindow/failpoints/test/"+t.Name(), name)
}

func TestAContextCarriesItsController(t *testing.T) {
	t.Parallel()
	require.Nil(t, From(context.Background()))
	one, two := &recorder{}, &recorder{}
	outer := With(context.Background(), one)
	inner := With(outer, two)
	require.Same(t, one, From(outer))
	require.Same(t, two, From(inner), "the innermost controller rules")
	require.Nil(t, From(With(inner, nil)), "a nil controller removes control")
}

func TestDetachKeepsTheControllerAndNothingElse(t *testing.T) {
	t.Parallel()
	type key struct{}
	c := &recorder{}
	ctx, cancel := context.WithCancel(context.WithValue(With(context.Background(), c), key{}, "value"))
	cancel()
	detached := Detach(ctx)
	require.Same(t, c, From(detached))
	require.NoError(t, detached.Err())
	require.Nil(t, detached.Value(key{}))
	require.Equal(t, context.Background(), Detach(context.Background()))
	require.Nil(t, From(Detach(With(ctx, nil))))
}

func TestMarkersDoNothingWithoutAController(t *testing.T) {
	t.Parallel()
	p := testPoint(t, "p")
	Yield(context.Background(), p)
	value, fires := Fault(context.Background(), p)
	require.Nil(t, value)
	require.False(t, fires)
	require.False(t, YieldControlled(context.Background(), p))
	_, fires, controlled := FaultControlled(With(context.Background(), nil), p)
	require.False(t, fires || controlled)
}

func TestMarkersReachTheControllerOfTheirContext(t *testing.T) {
	t.Parallel()
	mine, other := &recorder{value: 7, fires: true}, &recorder{}
	ctx := With(context.Background(), mine)
	_ = With(context.Background(), other)
	p := testPoint(t, "p")
	Yield(ctx, p)
	require.True(t, YieldControlled(ctx, p))
	_, _, controlled := FaultControlled(ctx, p)
	require.True(t, controlled)
	value, fires := Fault(ctx, p)
	require.Equal(t, 7, value)
	require.True(t, fires)
	require.Equal(t, []string{"p", "p"}, mine.yields)
	require.Equal(t, []string{"p", "p"}, mine.faults)
	require.Empty(t, other.yields, "controllers of other contexts hear nothing")
}

func TestAnUncontrolledMarkerAllocatesNothing(t *testing.T) {
	type key int
	p := testPoint(t, "p")
	ctx := context.Background()
	for depth := range 6 {
		require.Zero(t, testing.AllocsPerRun(1000, func() { Yield(ctx, p) }), "Yield at depth %d", depth)
		require.Zero(t, testing.AllocsPerRun(1000, func() { Fault(ctx, p) }), "Fault at depth %d", depth)
		require.Zero(t, testing.AllocsPerRun(1000, func() { YieldControlled(ctx, p) }), "YieldControlled at depth %d", depth)
		ctx = context.WithValue(ctx, key(depth), depth)
	}
}

func TestTimeComesFromTheControllersClock(t *testing.T) {
	instrument(t)
	c := &clockwork{now: time.Unix(1000, 0)}
	require.Equal(t, c.now, Now(With(context.Background(), c)))
	before := time.Now()
	now := Now(With(context.Background(), &recorder{}))
	require.False(t, now.Before(before), "a controller without a clock leaves the wall clock")
}

func TestAPlainBuildIgnoresClockAndSpawner(t *testing.T) {
	plain(t)
	c := &clockwork{now: time.Unix(1000, 0)}
	require.NotEqual(t, c.now, Now(With(context.Background(), c)))
	s := &spawner{}
	done := make(chan struct{})
	Go(With(context.Background(), s), "task", func(context.Context) { close(done) })
	<-done
	require.Empty(t, s.names)
}

// A spawner is a recorder that records the tasks and marks their contexts.
type spawner struct {
	recorder
	names []string
	child recorder
}

func (s *spawner) Spawn(ctx context.Context, name string, f func(context.Context)) func() {
	s.names = append(s.names, name)
	return func() { f(With(ctx, &s.child)) }
}

func TestTasksStartThroughTheSpawner(t *testing.T) {
	instrument(t)
	s := &spawner{}
	got := make(chan Controller)
	Go(With(context.Background(), s), "task", func(ctx context.Context) { got <- From(ctx) })
	require.Same(t, &s.child, <-got)
	require.Equal(t, []string{"task"}, s.names)

	c := &recorder{}
	Go(With(context.Background(), c), "task", func(ctx context.Context) { got <- From(ctx) })
	require.Same(t, c, <-got, "without a Spawner a task keeps its parent's controller")
}
