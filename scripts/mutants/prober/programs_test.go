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
