package spelling

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNamesMostAlikeComeFirst(t *testing.T) {
	t.Parallel()
	known := []string{"rounds", "schedules", "operations", "failpoints", "pairs", "corpus"}
	require.Equal(t, "schedules", Near("schedulse", known, 3)[0])
	require.Equal(t, "operations", Near("Operation", known, 1)[0])
	require.Len(t, Near("x", known, 3), 3)
	require.Empty(t, Near("x", nil, 3))
	require.Equal(t, []string{"a"}, Near("a", []string{"a", "a"}, 3), "no name twice")
}

func TestTheDistanceCountsLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		require.Equal(t, c.want, distance([]rune(c.a), []rune(c.b)), "%s %s", c.a, c.b)
	}
}
