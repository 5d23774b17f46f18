package stress

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

func TestBoundsAreCountedAnewInASmallProgram(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at    harness.Offset
		base  uint64
		lower bool
		want  string
	}{
		{harness.Offset{}, 7, true, "-"},
		{harness.Offset{Tx: 7, Op: 2}, 7, true, "-"},
		{harness.Offset{Tx: 8, Op: 2}, 7, true, "1.+"},
		{harness.Offset{Tx: 8, Op: math.MaxUint64}, 7, true, "1.+"},
		{storage.End, 7, false, "end"},
		{harness.Offset{Tx: 9, Op: math.MaxUint64}, 7, false, "2.+"},
		{harness.Offset{Tx: 9, Op: 3}, 7, false, "2.3"},
		{harness.Offset{Tx: 900, Op: 3}, 7, false, "end"},
	} {
		require.Equal(t, c.want, renumbered(c.at, c.base, c.lower), "%v", c)
	}
}
