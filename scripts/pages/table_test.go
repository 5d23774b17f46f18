package pages

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const counted = "Words.\n\n| bug | found | time |\n|---|---|---|\n| a | yes | 3 s |\n| b \\| c | no | 4 s |\n\n| other | table |\n|---|---|\n| d | e |\n"

func TestTheRowsOfThePageAreThoseOfItsFirstTable(t *testing.T) {
	t.Parallel()
	rows, err := Rows(pageOf(t, counted), "make something")
	require.NoError(t, err)
	require.Equal(t, []string{"a", `b \| c`}, rows)
	rows, err = Rows(pageOf(t, "no table"), "make something")
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = Rows(pageOf(t, counted), "make something else")
	require.ErrorContains(t, err, "has no lines")
}

func TestARowThatSaysSomethingElseIsStale(t *testing.T) {
	t.Parallel()
	path := pageOf(t, counted)
	head := "| bug | found | time |\n|---|---|---|\n"
	require.NoError(t, Agree(path, "make something", head+"| b \\| c | no | 9 s |\n", "found"), "another time is no other verdict")
	require.NoError(t, Agree(path, "make something", counted, "found", "time"))
	err := Agree(path, "make something", head+"| a | no | 3 s |\n", "found")
	require.ErrorIs(t, err, ErrStale)
	require.ErrorContains(t, err, `row "a", column "found" is "yes", and 'make something' makes "no" now; write it there with -readme `+path)
	require.ErrorContains(t, Agree(path, "make something", head+"| new | no | 3 s |\n", "found"), `no row "new"`)
	require.ErrorIs(t, Agree(path, "make something", "| bug | lost |\n|---|---|\n| a | yes |\n", "lost"), ErrStale)
	require.ErrorContains(t, Agree(path, "make something", "no table", "found"), "nothing was held against")
	require.ErrorContains(t, Agree(path, "make something", counted), "nothing was held against")
}
