package harness

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/disks"
)

// A finding says what the loss of power has left, but not more than a line of it.
func TestAFindingListsSomeOfWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	d := disks.New()
	now := func() string { return contents(d.Enumerate(disks.Ordered, 1)[0]) }
	require.Equal(t, "nothing", now())
	require.NoError(t, d.Mkdir("old"))
	for n := range 4 {
		f, err := d.Create(fmt.Sprintf("log%d", n))
		require.NoError(t, err)
		_, err = f.WriteAt(make([]byte, n), 0)
		require.NoError(t, err)
		require.NoError(t, f.Sync())
	}
	require.NoError(t, d.SyncDir("."))
	require.Equal(t, "log0 (0 bytes), log1 (1 byte), log2 (2 bytes), log3 (3 bytes), old/", now())
	for n := range 3 {
		_, err := d.Create(fmt.Sprintf("new%d", n))
		require.NoError(t, err)
	}
	require.NoError(t, d.SyncDir("."))
	require.Equal(t, "log0 (0 bytes), log1 (1 byte), log2 (2 bytes), log3 (3 bytes), new0 (0 bytes), new1 (0 bytes) and 2 more", now())
}
