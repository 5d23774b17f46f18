package disks

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage/disk"
)

// unsettled is a disk with unsynced effects of every kind.
func unsettled(t *testing.T) *Disk {
	t.Helper()
	d := New()
	durableFile(t, d, "old", 'o', 700)
	lost := durableFile(t, d, "lost", 'l', 10)
	write(t, lost, 'm', 10, 5)
	faults, err := Parse("sync lost #1 = EIO")
	require.NoError(t, err)
	d.Inject(faults)
	require.ErrorIs(t, lost.Sync(), syscall.EIO)
	d.Inject(nil)
	write(t, lost, 'n', 3, 600)
	require.NoError(t, open(t, d, "old").Truncate(20))
	write(t, create(t, d, "new"), 'n', 30, 0)
	require.NoError(t, d.Rename("new", "newer"))
	return d
}

func TestAForkMayBecomeWhatItsOriginMay(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := unsettled(t)
		before := texts(t, d, m)
		f := d.Fork()
		require.Equal(t, d.Fingerprint(), f.Fingerprint())
		require.Equal(t, d.Unsynced(), f.Unsynced())
		require.Equal(t, before, texts(t, f, m))
		require.Greater(t, len(before), 10)

		file := open(t, f, "newer")
		write(t, file, 'x', 1, 0)
		require.NoError(t, file.Sync())
		require.NoError(t, f.SyncDir("."))
		require.NoError(t, open(t, f, "lost").Sync())
		require.Equal(t, before, texts(t, d, m), "the origin knows nothing of what becomes of its fork")
		require.NotEqual(t, d.Fingerprint(), f.Fingerprint())
	})
}

func TestAForkIsWhatTheNextProcessFinds(t *testing.T) {
	t.Parallel()
	d := New()
	lock, err := d.Lock("lock")
	require.NoError(t, err)
	write(t, create(t, d, "f"), 'a', 3, 0)
	f := d.Fork()
	require.Equal(t, "f=a3", text(f.Sample(Ordered, Replay(nil))), "nothing is lost")
	_, err = f.Lock("lock")
	require.NoError(t, err, "the lock is free")
	_, err = d.Lock("lock")
	require.ErrorIs(t, err, disk.ErrLocked)
	require.NoError(t, lock.Close())
}

// A fingerprint includes what a later sync would do: a disk with a failed sync differs from one without.
func TestFingerprintTellsDisksApartThatHoldTheSame(t *testing.T) {
	t.Parallel()
	seen := map[[hashBytes]byte]string{}
	for _, kind := range []string{"synced", "unsynced", "failed", "name"} {
		d := New()
		f := durableFile(t, d, "f", 'a', 1)
		if kind == "name" {
			write(t, create(t, d, "g"), 'b', 1, 0)
			require.NoError(t, d.Rename("g", "f"))
		} else {
			write(t, f, 'b', 1, 0)
		}
		switch kind {
		case "synced":
			require.NoError(t, f.Sync())
		case "failed":
			faults, err := Parse("sync f #1 = EIO")
			require.NoError(t, err)
			d.Inject(faults)
			require.Error(t, f.Sync())
		}
		require.Equal(t, "f=b1", text(d.Sample(Ordered, Replay(nil))))
		require.Empty(t, seen[d.Fingerprint()], kind)
		seen[d.Fingerprint()] = kind
		require.Equal(t, d.Fingerprint(), d.Fingerprint())
	}
}

func TestFlipChangesOneBit(t *testing.T) {
	t.Parallel()
	d := New()
	durableFile(t, d, "f", 'a', 600)
	image := d.Sample(Ordered, Replay(nil))
	for _, bit := range []int64{0, 9, 511*8 + 7, 512 * 8, 600*8 - 1} {
		whole, _ := image.Bytes("f")
		flipped, ok := image.Flip("f", bit).Bytes("f")
		require.True(t, ok)
		whole[bit/8] ^= 1 << (bit % 8)
		require.Equal(t, whole, flipped)
		require.NotEqual(t, image.Hash(), image.Flip("f", bit).Hash())
		require.Equal(t, image.Hash(), image.Flip("f", bit).Flip("f", bit).Hash())
	}
	require.Equal(t, image.Hash(), image.Flip("no such file", 3).Hash())
	require.Equal(t, image.Hash(), image.Flip("f", 600*8).Hash())
}
