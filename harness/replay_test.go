package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplayExecutesOneCaseUnderTheNameOfItsTest(t *testing.T) {
	t.Parallel()
	executed := 0
	t.Run("of a subtest", func(t *testing.T) {
		Replay(t, func(t *testing.T) {
			t.Run("other", func(t *testing.T) { Check(t, balances(true)) }) // is not searched
			t.Run("full", func(t *testing.T) {
				r, name := replayOf(t.Name())
				require.Equal(t, "TestBalance/full", name)
				require.NotNil(t, r)
				executed++
				Check(t, balances(false))
			})
		}, "v1 test=TestBalance/full; c0: add(1); c1: get()")
	})
	require.Equal(t, 1, executed)
	r, name := replayOf(t.Name() + "/of_a_subtest/full")
	require.Nil(t, r, "it is over")
	require.Equal(t, t.Name()+"/of_a_subtest/full", name)
}

func TestTheCallersPackageIsKnown(t *testing.T) {
	t.Parallel()
	name, path := callingPackage()
	require.Equal(t, "harness", name)
	require.Equal(t, thisPackage, path)
}
