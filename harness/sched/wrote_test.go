package sched

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNewestOfWhatThreadsWriteIsKept(t *testing.T) {
	t.Parallel()
	var c Chooser
	for i := range 10*mostWritten + 7 {
		c.Wrote(i%3, fmt.Sprint(i))
		require.LessOrEqual(t, len(c.wrote), 2*mostWritten)
	}
	require.GreaterOrEqual(t, len(c.wrote), mostWritten)
	for i, w := range c.wrote {
		n := 10*mostWritten + 7 - len(c.wrote) + i
		require.Equal(t, written{0, n % 3, fmt.Sprint(n)}, w)
	}
}
