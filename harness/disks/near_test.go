package disks

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearDisksAreLegalAndDifferInOneSector(t *testing.T) {
	t.Parallel()
	listed := 0
	for seed := range uint64(200) {
		d := New()
		f, err := d.Create("f")
		require.NoError(t, err)
		require.NoError(t, d.SyncDir("."))
		bruteFile(f, rand.New(rand.NewPCG(seed, 1)), 4)
		for _, model := range Models {
			m := d.At(model)
			legal := map[[hashBytes]byte]bool{}
			for _, i := range m.Enumerate(1 << 12) {
				legal[i.Hash()] = true
			}
			if len(legal) == 0 {
				continue
			}
			seen := map[[hashBytes]byte]bool{}
			for _, i := range m.Near(1 << 12) {
				require.True(t, legal[i.Hash()], "seed %d, %v", seed, model)
				require.False(t, seen[i.Hash()], "each once")
				seen[i.Hash()] = true
				listed++
			}
			require.LessOrEqual(t, len(m.Near(2)), 2)
		}
	}
	require.Greater(t, listed, 1000)
}

// The disk that loses a truncation but keeps later writes is rare among many, and Near lists it because it lies at an edge.
func TestANearDiskHasASectorThatWasWrittenBeforeACut(t *testing.T) {
	t.Parallel()
	d := New()
	f, err := d.Create("f")
	require.NoError(t, err)
	require.NoError(t, d.SyncDir("."))
	write := func(b byte, at, sectors int) {
		p := make([]byte, sectors*SectorBytes)
		for i := range p {
			p[i] = b
		}
		_, err := f.WriteAt(p, int64(at)*SectorBytes)
		require.NoError(t, err)
	}
	write('a', 0, 8)
	require.NoError(t, f.Sync())
	require.NoError(t, f.Truncate(0))
	write('b', 0, 8)
	m := d.At(Weak)
	require.Nil(t, m.Enumerate(48))
	found := false
	for _, i := range m.Near(24) {
		bytes, _ := i.Bytes("f")
		found = found || len(bytes) == 8*SectorBytes && bytes[0] == 'a' && bytes[SectorBytes] == 'b' && bytes[7*SectorBytes] == 'b'
	}
	require.True(t, found)
}
