package soak

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// times says how much of the time each arm got.
func times(t *testing.T, c Config) map[string]time.Duration {
	t.Helper()
	s, err := run(t, c)
	require.NoError(t, err)
	took := map[string]time.Duration{}
	for name, tally := range s.State.Kinds {
		took[name] = tally.Took
	}
	return took
}

func TestKindsThatFindNothingNewShareTheTimeEvenly(t *testing.T) {
	t.Parallel()
	a, b := &scripted{name: "a", variants: []string{"x", "y", "z"}}, &scripted{name: "b"}
	c := settings(t, a, b)
	c.For = 200 * time.Second
	took := times(t, c)
	require.InDelta(t, 100, took["a"].Seconds(), 12, "by kinds, however many variants there are")
	require.InDelta(t, 100, took["b"].Seconds(), 12)
}

func TestWhatFindsNewBehaviourGetsMoreAndNothingStarves(t *testing.T) {
	t.Parallel()
	n := 0
	fresh := &scripted{name: "fresh", do: func(context.Context, RoundSpec) (RoundResult, error) {
		n++
		return RoundResult{Behaviour: []string{fmt.Sprintf("something %d", n)}}, nil
	}}
	stale := &scripted{name: "stale", do: func(context.Context, RoundSpec) (RoundResult, error) {
		return RoundResult{Behaviour: []string{"always this"}}, nil
	}}
	c := settings(t, fresh, stale)
	c.For = 400 * time.Second
	took := times(t, c)
	require.InDelta(t, 300, took["fresh"].Seconds(), 20, "a half, and half of the other")
	require.InDelta(t, 100, took["stale"].Seconds(), 20, "half of a half")
}

func TestTheChoiceFollowsFromTheJournalAlone(t *testing.T) {
	t.Parallel()
	specs := func(restart bool) (all []string) {
		a, b := &scripted{name: "a", variants: []string{"x", "y"}}, &scripted{name: "b"}
		a.do = func(_ context.Context, spec RoundSpec) (RoundResult, error) {
			return RoundResult{Behaviour: []string{fmt.Sprint(spec.Seed % 30)}}, nil
		}
		c := settings(t, a, b)
		for n := 10; n <= 50; n += 10 {
			c.For = time.Duration(n) * time.Second
			if restart || n == 50 {
				s, err := Open(c)
				require.NoError(t, err)
				require.NoError(t, s.work(t.Context()))
				require.NoError(t, s.Close())
			}
		}
		s, err := Open(c)
		require.NoError(t, err)
		for _, k := range []*scripted{a, b} {
			for _, spec := range k.specs {
				all = append(all, spec.String())
			}
		}
		return append(all, s.state.next(choices(c.Kinds)).arm(), fmt.Sprint(s.state.Arms["a/x"], s.state.Arms["a/y"], s.state.Arms["b/all"]), fmt.Sprint(s.Close()))
	}
	require.Equal(t, specs(false), specs(true), "whether it was interrupted or not")
}

func TestPartialOrdersCountForLittle(t *testing.T) {
	t.Parallel()
	s := NewState()
	s.learn("named", &RoundRecord{Took: time.Second, New: []string{"one", "two"}})
	s.learn("unnamed", &RoundRecord{Took: time.Second, Unnamed: 60_000})
	require.Greater(t, s.Arms["named"].New, s.Arms["unnamed"].New)
	require.InDelta(t, 1, s.Arms["unnamed"].New, 0.1)
}
