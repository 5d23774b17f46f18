package cases

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestTheKindOfAFaultSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]string{
		"w0@flush/sync-error#2=EIO": "flush/sync-error EIO", "w0@flush/short-write#1=30": "flush/short-write",
		"disk write *.seg #3+ = ENOSPC/40": "disk write ENOSPC", "disk sync * = EIO": "disk sync EIO",
		"disk read * #2 = EIO at open": "disk read EIO at open",
	} {
		f, err := parseFault(text)
		require.NoError(t, err)
		require.Equal(t, kind, f.Kind())
		require.Equal(t, text, f.String())
		require.Equal(t, strings.HasSuffix(text, " at open"), f.AtOpen)
		require.Equal(t, strings.HasPrefix(text, "disk"), f.Rule() != nil, text)
	}
}

// A fault is delivered to its thread, at its point, at its pass, and nowhere else.
func TestAFaultIsDeliveredWhereTheCaseHasIt(t *testing.T) {
	t.Parallel()
	write, other := failpoints.Lookup("example.com/shelf", "shelf/write"), failpoints.Lookup("example.com/shelf", "shelf/read")
	c := ofShelf(t, "c0:; c1:; ! disk sync * = EIO, c0@shelf/write#2=ENOSPC, c1@shelf/write#1=7, sweeper@shelf/write#1=SHORT")
	for _, d := range []struct {
		thread string
		point  *failpoints.Point
		hit    int
		value  any
		index  int
	}{
		{"c0", write, 1, nil, -1},
		{"c0", write, 2, syscall.ENOSPC, 1},
		{"c0", write, 3, nil, -1},
		{"c0", other, 2, nil, -1},
		{"c1", write, 1, "7", 2},
		{"sweeper", write, 1, io.ErrShortWrite, 3},
		{"sweeper#2", write, 1, nil, -1},
	} {
		value, index := c.Deliver(d.thread, d.point, d.hit)
		require.Equal(t, d.value, value, "%s #%d", d.thread, d.hit)
		require.Equal(t, d.index, index, "%s #%d", d.thread, d.hit)
	}
}

func TestFaultsThatNeverCameAreNamed(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, "c0:; ! c0@a#1=EIO, c0@a#2=EIO, c0@b#1=7")
	counts := NewCrashes()
	require.Equal(t, c.Faults, counts.Missing(c))
	counts.FaultCame(0, 1)
	counts.FaultCame(1, 2)
	require.Equal(t, c.Faults[2:], counts.Missing(c))
	require.Equal(t, map[string]uint64{"a EIO": 3}, counts.Came(c))
	require.EqualValues(t, 3, counts.Faults.Load())
}

// A disk is judged once for what must be on it, and again on request.
func TestADiskIsDueOnceForEachExpectation(t *testing.T) {
	t.Parallel()
	counts := NewCrashes()
	one, other := Judgement{Disk: [32]byte{1}, Expected: 1}, Judgement{Disk: [32]byte{1}, Expected: 2}
	require.True(t, counts.Due(one))
	require.False(t, counts.Due(one))
	require.True(t, counts.Due(other))
	counts.Retry(one)
	require.True(t, counts.Due(one))
	require.Equal(t, 1, counts.Distinct())
}
