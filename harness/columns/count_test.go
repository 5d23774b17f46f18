package columns

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANumberStandsWithWhatItCounts(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"1 schedule": Count(1, "schedule"), "0 schedules": Count(0, "schedule"), "2 switches": Count(uint64(2), "switch"),
		"3 crashes": Count(3, "crash"), "1 switch": Count(1, "switch"), "2 diskless": Count(2, "diskless"),
	} {
		require.Equal(t, want, got)
	}
}
