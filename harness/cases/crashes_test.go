package cases

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatALossOfPowerTookIsToldInPart(t *testing.T) {
	t.Parallel()
	e := &CrashError{}
	require.Empty(t, e.Words())
	e.Taken = []string{"a", "b"}
	require.Equal(t, "the loss of power at that step took a, b", e.Words())
	e.Taken = []string{"a", "b", "c", "d", "e", "f"}
	require.Equal(t, "the loss of power at that step took a, b, c, d, and 2 more", e.Words())
}
