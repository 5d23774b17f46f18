package failpoints

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

func TestDelaysOutOfBoundsAreRefused(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]Delays{
		"probability": {Probability: -0.1}, "above one": {Probability: 1.1}, "no number": {Probability: math.NaN()},
		"spin": {Spin: -1}, "gosched": {Gosched: -1}, "sleep": {Sleep: -1},
		"max spin": {MaxSpin: -1}, "max sleep": {MaxSleep: -1},
	} {
		require.Error(t, d.Check(), name)
	}
	require.NoError(t, Delays{}.Check())
	require.NoError(t, Delays{Probability: 1, Spin: 1, MaxSpin: 1, MaxSleep: time.Second}.Check())
}

func TestTheZeroDelaysDelayNothing(t *testing.T) {
	t.Parallel()
	d := NewDelayer(Delays{}, 1, 2)
	for range 1000 {
		d.Yield(context.Background(), testPoint(t, "p"))
	}
	require.Zero(t, d.Count)
	value, fires := d.Fault(context.Background(), testPoint(t, "p"))
	require.Nil(t, value)
	require.False(t, fires)
}

// delayedAt returns at which of n passes of p a Delayer delays.
func delayedAt(d *Delayer, p *Point, n int) (at []int) {
	for i := range n {
		if before := d.Count; func() bool { d.Yield(context.Background(), p); return d.Count > before }() {
			at = append(at, i)
		}
	}
	return at
}

func TestChoicesFollowFromSeedAndStreamAlone(t *testing.T) {
	t.Parallel()
	delays := Delays{Probability: 0.3, Spin: 1, MaxSpin: 3}
	p := testPoint(t, "p")
	same := delayedAt(NewDelayer(delays, 1, 2), p, 1000)
	require.Equal(t, same, delayedAt(NewDelayer(delays, 1, 2), p, 1000))
	require.NotEqual(t, same, delayedAt(NewDelayer(delays, 2, 2), p, 1000))
	require.NotEqual(t, same, delayedAt(NewDelayer(delays, 1, 3), p, 1000))
	require.InDelta(t, 300, len(same), 60, "about as often as the probability says")
	require.Len(t, delayedAt(NewDelayer(Delays{Probability: 1, Gosched: 1}, 1, 2), p, 100), 100)
}

func TestDelaysKeepToTheirPoints(t *testing.T) {
	t.Parallel()
	d := NewDelayer(Delays{Probability: 1, Gosched: 1, Points: []string{"read/", "flush/synced"}}, 1, 1)
	for name, covered := range map[string]bool{
		"read/before-tail": true, "read/": true, "flush/synced": true, "flush/before-write": false, "append/read/": false, "": false,
	} {
		require.Equal(t, covered, d.covers(name), name)
		before := d.Count
		d.Yield(context.Background(), testPoint(t, name))
		require.Equal(t, covered, d.Count > before, name)
	}
	require.True(t, NewDelayer(Delays{}, 1, 1).covers("anything"))
}

func TestLengthsStayWithinTheirLimit(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("1 <= length <= limit", prop.ForAll(func(seed uint64, limit int) bool {
		d := NewDelayer(Delays{}, seed, 0)
		for range 100 {
			if n := d.length(limit); n < 1 || n > limit {
				return false
			}
		}
		return true
	}, gen.UInt64(), gen.IntRange(1, 1<<40)))
	properties.TestingRun(t)
}

func TestEachWayToLoseTimeIsTaken(t *testing.T) {
	t.Parallel()
	d := NewDelayer(Delays{Probability: 1, MaxSpin: 10, MaxSleep: time.Microsecond}, 1, 1)
	for range 100 {
		d.Yield(context.Background(), testPoint(t, "p"))
	}
	require.EqualValues(t, 100, d.Count)
	require.Equal(t, 45, spin(10))
}

func TestATaskGetsADelayerOfItsOwnThatFollowsFromItsParents(t *testing.T) {
	t.Parallel()
	child := func() (parent, child *Delayer) {
		parent = NewDelayer(Delays{Probability: 0.5, Gosched: 1}, 5, 6)
		parent.Spawn(With(context.Background(), parent), "task", func(ctx context.Context) {
			child = From(ctx).(*Delayer)
		})()
		return parent, child
	}
	parent, one := child()
	_, two := child()
	require.NotSame(t, parent, one)
	p := testPoint(t, "p")
	require.Equal(t, delayedAt(one, p, 200), delayedAt(two, p, 200))
}
