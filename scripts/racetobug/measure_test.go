package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASeedThatFoundNothingCountsAsAll(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]measured{
		"none in 9":       {nil, 3, 9},
		"2, 7":            {[]int{7, 1, 2}, 3, 9},
		"2 (2 of 3)":      {[]int{2, 1}, 3, 9},
		"over 9 (1 of 3)": {[]int{1}, 3, 9},
		"4":               {[]int{4}, 1, 9},
	} {
		require.Equal(t, want, m.String())
	}
	require.Equal(t, 9, measured{[]int{1}, 3, 9}.median())
	require.InDelta(t, 2, geometricMean([]float64{1, 2, 4}), 1e-9)
}

// If each thread runs to its end before the next one begins, the bug does not show. Otherwise it would not depend on the schedule.
func TestAStudyHoldsOneThreadAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, s := range studies {
		require.False(t, runFreely(func(w world) { s.program(inOrder{w}) }, false, seeded(0)), s.name)
	}
	all, err := rows("_100")
	require.NoError(t, err)
	require.Len(t, all, 3)
	_, err = rows("nothing like it")
	require.ErrorContains(t, err, `no program has "nothing like it" in its name`)
}

// inOrder runs each thread to its end before the next one begins.
type inOrder struct{ world }

func (w inOrder) Go(_ string, body func(pass func(string)) error) {
	err := body(func(string) {})
	w.Finally(func() error { return err })
}
