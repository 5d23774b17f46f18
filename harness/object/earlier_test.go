package object

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
)

func TestWhatCameEarlierIsThereWhenTheClientsBegin(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, nil)
	p, err := o.plan(parseOf(t, o, "c0: all()"))
	require.NoError(t, err)
	require.Empty(t, p.earlier)
	c, err := cases.Parse("v1 "+o.Head()+" earlier=20 seed=3; c0: all()", cases.Only(o))
	require.NoError(t, err)
	require.Contains(t, c.String(), "earlier=20 seed=3")
	p, err = o.plan(c)
	require.NoError(t, err)
	require.Len(t, p.earlier, 21, "and a flush, because some of them are durable after that only")
	require.Equal(t, "flush()", p.earlier[20].text)
	for _, call := range p.earlier[:20] {
		require.Contains(t, []string{"add", "put"}, call.Word())
	}
	done, err := p.alone.responses([]int{0})
	require.NoError(t, err)
	require.Equal(t, 20, strings.Count(done[0].Result, `\x`), done[0].Result)
	require.Len(t, p.alone.prepared, 21)

	again, err := o.plan(c)
	require.NoError(t, err)
	require.Equal(t, p.earlier[7].text, again.earlier[7].text, "they follow from the seed")
}

func TestOnlyWhatIsDurableCanComeEarlier(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	c, err := cases.Parse("v1 "+o.Head()+" earlier=20; c0: get()", cases.Only(o))
	require.NoError(t, err)
	_, err = o.plan(c)
	require.ErrorContains(t, err, "earlier=20: no operation of TestCounter is durable when it returns, or after another one")
	for _, wrong := range []string{"earlier=x", "earlier=-1", "earlier=10001"} {
		_, err = cases.Parse("v1 "+o.Head()+" "+wrong+"; c0: get()", cases.Only(o))
		require.ErrorContains(t, err, "write a number of operations, at most 10000")
	}
}

func TestFewerEarlierOperationsAreASmallerCase(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, nil)
	c, err := cases.Parse("v1 "+o.Head()+" earlier=20; c0: all()", cases.Only(o))
	require.NoError(t, err)
	var smaller []string
	for next := range o.Smaller(c) {
		smaller = append(smaller, next.Settings.(*Settings).String())
	}
	require.Equal(t, []string{"", "earlier=10", "earlier=15"}, smaller)
}

func TestOneRoundInThreeHasLongProgramsOnly(t *testing.T) {
	t.Parallel()
	o, c := journals(t, sound, nil), crashLoadOf(nil)
	c.setDefaults()
	plans, err := o.pool(t.Context(), c.Load)
	require.NoError(t, err)
	l := newCrashLoad(o, c, plans)
	for round := 2; round <= 9; round++ {
		l.nextRound()
		for range 20 {
			p, retired := l.lanes[0].plan()
			require.Zero(t, retired.Load())
			require.Equal(t, (round-1)%3 == 0, len(p.earlier) > 0, "round %d", round)
		}
	}
	require.Len(t, l.load.plans, len(plans)+2*longPrograms)
}

func TestPausesArePartOfARunThatLosesPower(t *testing.T) {
	t.Parallel()
	r, err := journals(t, sound, nil).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.Cycles = 3000 }))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.NotZero(t, r.Paused)
}

func TestALongProgramSaysWhatCameEarlier(t *testing.T) {
	t.Parallel()
	o, c := journals(t, sound, nil), crashLoadOf(nil)
	c.setDefaults()
	random := rand.New(rand.NewSource(1))
	for range 20 {
		p, err := o.lengthen(random, c.Load, 7)
		require.NoError(t, err)
		require.Equal(t, 7, p.number)
		require.GreaterOrEqual(t, len(p.earlier), 8)
		require.Contains(t, p.c.String(), " earlier=")
		require.Len(t, p.prepared, len(p.earlier))
	}
	p, err := counters(t, true).lengthen(random, c.Load, 7)
	require.Error(t, err, "nothing of it lasts")
	require.Nil(t, p)
}
