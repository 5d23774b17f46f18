package registry

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProgramIsItsText(t *testing.T) {
	t.Parallel()
	program(t, "setup: subscribe a, suspend a; p0: publish a+b, publish a; m0: remove a, subscribe a")
	for _, bad := range []string{
		"", "p0", "p0:", "p0: publish", "p0: publish a b", "p0: read a", "p0: remove a+b", "p0: publish A", "p0: publish a+",
		"p0: publish a; p0: publish a", "P: publish a",
	} {
		_, err := ParseProgram(bad)
		require.ErrorIs(t, err, ErrProgram, "%q", bad)
	}
}

func TestShrinkingLeavesNothingThatCanGo(t *testing.T) {
	t.Parallel()
	p := program(t, "setup: subscribe a, subscribe b; p0: publish a+b, publish b; m0: subscribe b, remove a; p1: publish a")
	removesAndPublishes := func(p Program) bool {
		return strings.Contains(p.String(), "remove a") && strings.Contains(p.String(), "publish")
	}
	small := Shrink(p, removesAndPublishes)
	require.Len(t, small, 2, "%v", small)
	require.Equal(t, "setup: subscribe a", Program(small[:1]).String())
	require.Len(t, small[1].Operations, 2, "%v", small)
	for _, q := range small.smaller() {
		require.False(t, q.runs() && removesAndPublishes(q), "%v is smaller", q)
	}
	require.Equal(t, "setup: subscribe a, subscribe b; p0: publish a+b, publish b; m0: subscribe b, remove a; p1: publish a", p.String(),
		"shrinking does not change what it is given")
}
