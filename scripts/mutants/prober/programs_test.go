package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

func TestEveryProgramOfTheListIsACase(t *testing.T) {
	t.Parallel()
	for _, text := range programs {
		for _, handover := range handovers {
			c, err := cases.Parse(caseText(handover, text))
			require.NoError(t, err, text)
			require.Equal(t, handover, c.Options.Handover)
			require.NoError(t, c.Check(), text)
		}
	}
}

// A search with one seed takes the same course each time, and half of it is drawn.
func TestACourseIsRepeatable(t *testing.T) {
	t.Parallel()
	a, b, other := newCourse(1, ""), newCourse(1, ""), newCourse(2, "")
	per, same := 2*len(programs)*len(handovers), true
	for i := range 2 * per {
		p, round, err := a.next()
		require.NoError(t, err)
		q, _, err := b.next()
		require.NoError(t, err)
		o, _, err := other.next()
		require.NoError(t, err)
		require.Equal(t, p.String(), q.String())
		require.Equal(t, i/per, round)
		same = same && p.String() == o.String()
	}
	require.False(t, same, "seeds differ")
}

func TestAHintReplacesTheCourse(t *testing.T) {
	t.Parallel()
	c := newCourse(1, "arena=64; w0: flush")
	for i := range 4 {
		p, round, err := c.next()
		require.NoError(t, err)
		require.Equal(t, i/len(handovers), round)
		require.Contains(t, p.String(), "arena=64; w0: flush")
	}
}

func TestTheSmallestCasesAreMadeSmaller(t *testing.T) {
	t.Parallel()
	of := func(texts ...string) (all []cases.Case) {
		for _, text := range texts {
			c, err := cases.Parse(caseText("snapshot", text))
			require.NoError(t, err)
			all = append(all, c)
		}
		return all
	}
	const one, two, three, four = "w0: flush", "w0: flush, flush", "w0: flush; w1: flush, flush", "w0: flush, flush, flush, flush"
	found := of(four, one, three, two)
	require.Equal(t, of(one, two, three), beginnings(found, 0))
	require.Equal(t, of(two, three, four), beginnings(found, 1))
	require.Equal(t, of(four), beginnings(found, 3))
	require.Empty(t, beginnings(found, 5))
}
