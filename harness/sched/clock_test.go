package sched

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func at(thread int, action Action) Candidate {
	return Candidate{Thread: thread, Point: firstPoint, Resource: Everything, Action: action}
}

func TestTheClockIsChosenSeldomByEachStrategyAndNeverByDefault(t *testing.T) {
	t.Parallel()
	x := &Chooser{points: newPoints(), mechanism: nameless{}}
	for _, entry := range strategies {
		s := entry.make(Parameters{Seed: 1})
		fired, times := 0, 50_000
		for i := range times {
			if i%1000 == 0 {
				s.Begin()
			}
			c := &Choice{Step: i % 1000, Enabled: []Candidate{at(0, Locks), at(2, Locks), at(1, Fires)}, Current: 1, Timer: true, chooser: x}
			next := s.Next(c)
			require.Less(t, next, len(c.Enabled), entry.name)
			if c.Enabled[next].Action == Fires {
				fired++
			}
		}
		require.InDelta(t, times/seldom, fired, float64(times/seldom)/4, entry.name)
	}
	for current, action := range map[int]Action{-1: Runs, 0: Runs, 1: Pauses} {
		c := &Choice{Enabled: []Candidate{at(0, action), at(2, action), at(1, Fires)}, Current: current, Timer: true}
		require.NotEqual(t, Fires, c.Enabled[c.Default()].Action)
	}
}

// nameless has names for threads, and nothing else.
type nameless struct{ Mechanism }

func (nameless) Name(int) string { return "t" }

func TestTheClockCountsAsAPreemptionWhereverItIs(t *testing.T) {
	t.Parallel()
	b := &bounded{bound: 1}
	waiting := branch{count: 3, timer: true}
	require.EqualValues(t, 0, b.cost(&waiting, 1), "another thread, where this one waits")
	require.EqualValues(t, 1, b.cost(&waiting, 2), "the clock")
	waiting.spent, waiting.taken = 1, 1
	require.False(t, b.more(&waiting))
	require.True(t, b.capped, "something is left out, so the bound is not complete")
}

func TestWhoGivesUpItsTurnIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	c := &Choice{Enabled: []Candidate{at(0, Locks), at(3, Pauses), at(5, Locks)}, Current: 1}
	require.Equal(t, 2, c.Default())
	c.Enabled[2].Action, c.Current = Pauses, 2
	require.Equal(t, 0, c.Default(), "after the last comes the first")
	c.Enabled, c.Current = c.Enabled[2:], 0
	require.Equal(t, 0, c.Default(), "nobody else can go on")
}

func TestPCTDemotesWhoSpinsAndGivesUpItsTurn(t *testing.T) {
	t.Parallel()
	x := &Chooser{points: newPoints()}
	for seed := range uint64(20) {
		p := newPCT(Parameters{Seed: seed}).(*pct)
		p.begun, p.longest = profiled, 1000
		p.Begin()
		p.passed = len(p.changes)
		c := &Choice{Step: 1, Enabled: []Candidate{at(0, Pauses), at(1, Locks)}, Current: 0, chooser: x}
		require.Equal(t, 1, p.Next(c), "it is the other one's turn")
	}
}

func TestASeedIsPartOfASchedule(t *testing.T) {
	t.Parallel()
	s, err := ParseSchedule("seed=27, a@x#1>b")
	require.NoError(t, err)
	require.Equal(t, Place{Point: SeedPoint}, s[0].At)
	require.Equal(t, "seed=27, a@x#1>b", s.String())
	for text, says := range map[string]string{
		"seed>b": "write seed=N with N from 1", "seed=0": "WAY from 1", "seed=40000": "a seed is 32767 at most", "seed=x": "WAY from 1",
	} {
		_, err := ParseSchedule(text)
		require.ErrorIs(t, err, ErrSchedule, text)
		require.ErrorContains(t, err, says, text)
	}
}

func TestASeedIsDrawnRepeatedAndReplayed(t *testing.T) {
	t.Parallel()
	drawn, zero := map[int]bool{}, 0
	for seed := range uint64(200) {
		memory := make([]byte, TrailSize(4))
		first := &Chooser{strategy: newRandom(Parameters{Seed: seed}), points: newPoints(), trail: NewTrail(memory)}
		value := first.Seed(true)
		require.LessOrEqual(t, value, MaxSeed)
		drawn[value] = true
		if value == 0 {
			zero++
			require.Empty(t, first.trace, "0 is what there is without one")
			continue
		}
		schedule, preemptions := first.schedule()
		require.Equal(t, Schedule{{Place{Point: SeedPoint}, way(value)}}, schedule)
		require.Zero(t, preemptions)
		_, retrace, err := ParseTrail(memory)
		require.NoError(t, err)
		for _, s := range []Strategy{Replay(schedule), Follow(schedule), &recorded{trace: first.trace}, retrace} {
			s.Begin()
			again := &Chooser{strategy: s, points: newPoints()}
			require.Equal(t, value, again.Seed(false), "%s: what is prescribed counts", s.Name())
			require.Equal(t, first.hash, again.hash)
		}
	}
	require.Greater(t, len(drawn), 50)
	require.InDelta(t, 100, zero, 40, "half of them")
	require.Zero(t, (&Chooser{strategy: newRandom(Parameters{}), points: newPoints()}).Seed(false), "the program draws nothing")
	require.Zero(t, (&Chooser{strategy: &bounded{}, points: newPoints()}).Seed(true), "a bound is about one seed")
	require.LessOrEqual(t, sown(rand.NewPCG(1, 1)), MaxSeed)
}
