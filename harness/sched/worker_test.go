package sched

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two steps may be told in the same words: then it is said what is not the same.
func TestWhatDiffersBeneathTheSameWordsIsSaid(t *testing.T) {
	t.Parallel()
	c := &Chooser{}
	at := func(touches int, to int, flags uint32) step {
		return newStep(&Candidate{Thread: 0, Point: firstPoint, Resource: Resource(touches)}, to, flags)
	}
	require.Contains(t, c.beneath(at(1, 0, waited), at(1, 0, 0)), "the first had to wait there, and the second could have gone on")
	require.Contains(t, c.beneath(at(1, 0, 0), at(1, 0, waited)), "the first could have gone on there, and the second had to wait")
	require.Contains(t, c.beneath(at(1, 0, 0), at(2, 0, 0)), "another object")
	require.Contains(t, c.beneath(at(1, 0, 0), at(1, 0, deviates)), "the choice there was another one")
	require.Empty(t, c.beneath(at(1, 0, 0), newStep(&Candidate{Thread: 0, Point: firstPoint + 1}, 0, 0)), "the words differ")
}
