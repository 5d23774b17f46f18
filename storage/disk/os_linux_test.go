package disk

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a file calls a hole is zero, whatever was written, cut and reserved. (How much it calls a hole is up to the file system.)
func TestAFileHoldsNothingButZerosInItsHoles(t *testing.T) {
	t.Parallel()
	d := OS(t.TempDir())
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f, err := d.Create("file")
		require.NoError(t, err)
		for range 12 {
			at := random.Int64N(1 << 20)
			switch random.IntN(4) {
			case 0:
				require.NoError(t, f.Truncate(at))
			case 1:
				require.NoError(t, f.Allocate(at))
			default:
				_, err := f.WriteAt([]byte("something"), at)
				require.NoError(t, err)
			}
			requireZeroHoles(t, f)
		}
		require.NoError(t, f.Close())
	}
}

func requireZeroHoles(t *testing.T, f File) {
	t.Helper()
	content := contentOf(f)
	size := int64(len(content))
	for at := int64(0); at < size; {
		from, to := f.(SparseFile).NextData(at)
		require.GreaterOrEqual(t, from, at)
		hole := content[at:min(from, size)]
		require.True(t, bytes.Equal(hole, make([]byte, len(hole))))
		require.True(t, to > from || from == math.MaxInt64)
		at = to
	}
}

func TestAClosedFileKnowsOfNoHoles(t *testing.T) {
	t.Parallel()
	f, err := OS(t.TempDir()).Create("file")
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<20))
	require.NoError(t, f.Close())
	from, to := f.(SparseFile).NextData(8)
	require.Equal(t, []int64{8, math.MaxInt64}, []int64{from, to})
}

// A little room is written, where that makes a sync cheaper; what the file holds already is not touched.
func TestRoomIsZerosPastWhatTheFileHolds(t *testing.T) {
	t.Parallel()
	f, err := OS(t.TempDir()).Create("file")
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("records"), 0)
	require.NoError(t, err)
	for _, size := range []int64{3, 7, 8, 100_000, 1 << 20, 8 << 20} {
		require.NoError(t, f.Allocate(size))
		content := contentOf(f)
		require.Equal(t, "records", string(content[:7]))
		require.True(t, bytes.Equal(content[7:], make([]byte, len(content)-7)))
		if f.(osFile).overwrites() && size == 1<<20 {
			from, to := f.(SparseFile).NextData(0)
			require.Equal(t, []int64{0, size}, []int64{from, to}, "none of it is a hole")
		}
	}
	require.NoError(t, f.Close())
	require.Error(t, f.Allocate(9<<20))
}
