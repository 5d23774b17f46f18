package disks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneSeedIsOneDiskByteForByte(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		distinct := map[[hashBytes]byte]bool{}
		for seed := range uint64(200) {
			var hashes [20][hashBytes]byte
			for k := range hashes { // Go's maps have another order each time
				d := New()
				runScript(d, seed%10, 40)
				hashes[k] = d.Sample(m, NewTape(seed)).Hash()
				require.Equal(t, hashes[0], hashes[k], "seed %d", seed)
			}
			distinct[hashes[0]] = true
		}
		require.Greater(t, len(distinct), 20, "and different seeds are different disks")
	})
}

func TestARecordedTapeReplaysToTheSameDisk(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		for seed := range uint64(100) {
			d := New()
			runScript(d, seed, 40)
			tape := NewTape(seed)
			image := d.Sample(m, tape)
			require.Equal(t, image.Hash(), d.Sample(m, Replay(tape.Drawn())).Hash())
		}
	})
}

func TestAMomentStaysWhatItIsWhileTheDiskGoesOn(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		for seed := range uint64(100) {
			d := New()
			runScript(d, seed, 30)
			moment := d.At(m)
			before := d.Sample(m, NewTape(seed)).Hash()
			runScript(d, seed+1000, 30)
			require.Equal(t, before, moment.Sample(NewTape(seed)).Hash())
		}
	})
}

func TestSamplingReachesEveryEnumeratedImage(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		reached, disks := 0, 0
		for seed := range uint64(60) {
			d := New()
			runScript(d, seed, 12)
			moment := d.At(m)
			missing := map[[hashBytes]byte]bool{}
			for _, image := range moment.Enumerate(40) {
				missing[image.Hash()] = true
			}
			if len(missing) == 0 {
				continue // too many
			}
			reached, disks = reached+len(missing), disks+1
			tape := NewTape(seed)
			for draws := 0; len(missing) > 0; draws++ {
				require.Less(t, draws, 100_000, "seed %d: %d images were never drawn", seed, len(missing))
				delete(missing, moment.Sample(tape).Hash())
			}
		}
		require.Greater(t, disks, 10)
		require.Greater(t, reached, 100)
	})
}

func TestSamplingInventsNothing(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		drawn := 0
		for seed := range uint64(60) {
			d := New()
			runScript(d, seed, 14)
			moment := d.At(m)
			legal := map[[hashBytes]byte]bool{}
			for _, image := range moment.Enumerate(500) {
				legal[image.Hash()] = true
			}
			if len(legal) == 0 {
				continue
			}
			for k := range uint64(50) {
				require.True(t, legal[moment.Sample(NewTape(k)).Hash()], "seed %d, tape %d", seed, k)
				drawn++
			}
		}
		require.Greater(t, drawn, 1000)
	})
}

func TestEveryOrderedImageIsAWeakOne(t *testing.T) {
	t.Parallel()
	images := 0
	for seed := range uint64(150) {
		d := New()
		runScript(d, seed, 14)
		weak := map[[hashBytes]byte]bool{}
		for _, image := range d.Enumerate(Weak, 3000) {
			weak[image.Hash()] = true
		}
		if len(weak) == 0 {
			continue
		}
		for _, image := range d.Enumerate(Ordered, 3000) {
			require.True(t, weak[image.Hash()], "seed %d: %s", seed, text(image))
			images++
		}
	}
	require.Greater(t, images, 500)
}

func TestTheNumberOfImagesIsABoundWhereItIsNotExact(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		inexact := 0
		for seed := range uint64(100) {
			d := New()
			runScript(d, seed, 100)
			moment := d.At(m)
			count, exact := moment.Images()
			all := moment.Enumerate(2000)
			if exact && all != nil {
				require.EqualValues(t, len(all), count, "seed %d", seed)
			}
			if !exact {
				inexact++
				require.Greater(t, count, uint64(len(all)), "seed %d", seed)
			}
		}
		require.Positive(t, inexact)
	})
}

func TestAHugeNumberOfImagesIsNoTrouble(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 1<<20)
		write(t, f, 'a', 1<<20, 0)
		count, exact := d.Images(m)
		require.False(t, exact)
		require.EqualValues(t, uint64(math.MaxUint64), count)
		require.Nil(t, d.Enumerate(m, 1000))
		require.NotNil(t, d.Sample(m, NewTape(1)))
	})
}

func TestTheModelsNamesAreTheirs(t *testing.T) {
	t.Parallel()
	for _, m := range Models {
		found, err := ModelByName(m.String())
		require.NoError(t, err)
		require.Equal(t, m, found)
	}
	_, err := ModelByName("posix")
	require.ErrorIs(t, err, ErrModel)
}
