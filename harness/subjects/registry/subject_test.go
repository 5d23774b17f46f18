package registry

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/shrink"
)

func TestACaseIsItsText(t *testing.T) {
	t.Parallel()
	parse(t, "v1 scenario=registry removal=filternil concurrent=true promise=Kept; setup: subscribe a, suspend a; "+
		"p0: publish a+b, publish a; m0: remove a, subscribe a; @ start>m0, p0@publish/routed#1>router, router@end>a.1, m0/a.2@end>p0/a.1#2")
	c, err := cases.Parse("v1 scenario=registry;setup:subscribe  a;p0:publish  a", cases.Only(Subject))
	require.NoError(t, err)
	require.Equal(t, "v1 scenario=registry removal=checked; setup: subscribe a; p0: publish a", c.String(), "the order is always named")
}

func TestWhatIsNoCaseIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{"removal=statusfirs; p0: publish a", `did you mean "statusfirst"?): use one of statusfirst, filternil, reorder, checked`},
		{"remov=checked; p0: publish a", `did you mean "removal"?): the registry has removal, concurrent, promise`},
		{"concurrent=yes; p0: publish a", "concurrent=yes: use one of false, true"},
		{"promise=delivery; p0: publish a", `did you mean "Delivery"?)`},
		{"; p0: publsh a", `did you mean "publish"?): write publish SHAPE+SHAPE`},
		{"; p0: publish", "write publish SHAPE+SHAPE"},
		{"; p0: publish a b", "write publish SHAPE+SHAPE"},
		{"; p0: publish A", "1 to 32 small letters and digits"},
		{"; p0: publish a+", "1 to 32 small letters and digits"},
		{"; setup: subscribe a, subscribe b; p0: remove a+b", "remove SHAPE"},
		{"; p0: remove a", "let setup, or the thread itself, 'subscribe a' before"},
		{"; p0: subscribe a; m0: suspend a", "let setup, or the thread itself, 'subscribe a' before"},
		{"; setup: subscribe a", "add one such as 'p0: publish a'"},
		{"; setup: subscribe a; p0:", "add one such as 'p0: publish a'"},
		{"; p0: publish a; setup: subscribe a", "write it first"},
		{"; setup: subscribe a; p0: publish a; @ setup@op#1>p0", "leave it out"},
		{"; setup: subscribe a; p0: publish a; ~ p0@op#1=1ms", "hold an interleaving open with switches (@)"},
		{"; setup: subscribe a; p0: publish a; ! disk write * #1 = EIO", "leave them out"},
		{"; setup: subscribe a; p0: publish a; crash any", "leave them out"},
		{"; router: publish a", "a thread called"},
		{"; p0: publish a; @ p0@op#1>rooter", `did you mean "router"?)`},
	} {
		_, err := cases.Parse("v1 scenario=registry "+c.text, cases.Only(Subject))
		require.ErrorIs(t, err, cases.ErrCase, c.text)
		require.ErrorContains(t, err, c.says, c.text)
	}
}

// Each drawn program is a well-formed case, and so is each case that is a step smaller.
func TestDrawnCasesAndSmallerOnesAreCases(t *testing.T) {
	t.Parallel()
	random, smaller := rand.New(rand.NewSource(1)), 0
	for range 300 {
		c, err := Subject.Draw(random, cases.Shape{Threads: 3, Operations: 3})
		require.NoError(t, err)
		require.NoError(t, c.Check(), "%v", c)
		require.Equal(t, c.String(), parse(t, c.String()).String())
		c.Settings = Settings{Options{Order: Reorder, Concurrent: true}, Kept.Name}
		for next := range shrink.Candidates(c) {
			parse(t, next.String())
			smaller++
		}
	}
	require.Greater(t, smaller, 300)
}
