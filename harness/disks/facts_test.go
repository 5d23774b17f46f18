package disks

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The facts of reliability.md, by name.

func TestSyncOfAFileDoesNotPersistItsName(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := create(t, d, "f")
		write(t, f, 'a', 3, 0)
		require.NoError(t, f.Sync())
		require.Equal(t, []string{"", "f=a3"}, texts(t, d, m))
		require.NoError(t, d.SyncDir("."))
		require.Equal(t, []string{"f=a3"}, texts(t, d, m))
		require.Zero(t, d.Unsynced())
	})
}

func TestSyncOfAFolderDoesNotPersistBytes(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		write(t, create(t, d, "f"), 'a', 3, 0)
		require.NoError(t, d.SyncDir("."))
		require.Equal(t, []string{"f=", "f=.3", "f=a3"}, texts(t, d, m), "zeros where the length came and the bytes did not")
	})
}

func TestSyncOfAFolderDoesNotPersistThatFoldersName(t *testing.T) {
	t.Parallel()
	d := New()
	require.NoError(t, d.Mkdir("log"))
	require.NoError(t, create(t, d, "log/f").Sync())
	require.NoError(t, d.SyncDir("log"))
	require.Equal(t, []string{"", "log/ log/f="}, texts(t, d, Weak))
	require.Equal(t, []string{"log/ log/f="}, texts(t, d, Ordered), "the journal holds the folder's name before its content")
	require.NoError(t, d.SyncDir("."))
	require.Equal(t, []string{"log/ log/f="}, texts(t, d, Weak))
}

func TestSyncPersistsAChangedLength(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		for _, grow := range []func(d *Disk) error{
			func(d *Disk) error { return open(t, d, "f").Allocate(1000) },
			func(d *Disk) error { return open(t, d, "f").Truncate(1000) },
		} {
			d := New()
			f := durableFile(t, d, "f", 'a', 1)
			require.NoError(t, grow(d))
			require.Equal(t, []string{"f=a1", "f=a1.999"}, texts(t, d, m), "a length that no sync made durable may be lost")
			require.NoError(t, f.Sync())
			require.Equal(t, []string{"f=a1.999"}, texts(t, d, m))
		}
	})
}

func TestAFullDiskTakesAPartOfAWriteAndLeavesTheFileGrown(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "f")
	faults, err := Parse("write f #1 = ENOSPC/4096")
	require.NoError(t, err)
	d.Inject(faults)
	n, err := f.WriteAt(make([]byte, 10240), 0)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, 4096, n)
	size, err := f.Size()
	require.NoError(t, err)
	require.EqualValues(t, 4096, size)
	require.NoError(t, f.Truncate(0), "and it can be cut back")
	require.NoError(t, f.Sync())
}

func TestUnsyncedWritesReachTheDiskInAnyOrder(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		durableFile(t, d, "f", 'x', 3*SectorBytes)
		f, other := open(t, d, "f"), durableFile(t, d, "g", 'y', SectorBytes)
		write(t, f, 'a', SectorBytes, 0)
		write(t, f, 'b', SectorBytes, 2*SectorBytes)
		write(t, other, 'c', SectorBytes, 0)
		all := texts(t, d, m)
		require.Len(t, all, 8)
		require.Contains(t, all, "f=x1024b512 g=y512", "the second without the first")
		require.Contains(t, all, "f=x1536 g=c512", "another file before either")
	})
}

func TestOneWriteTearsAtEverySector(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 3*SectorBytes)
		write(t, f, 'a', SectorBytes+2, SectorBytes-1)
		all := texts(t, d, m)
		require.Len(t, all, 8)
		for _, want := range []string{"f=x511a1x1024", "f=x512a512x512", "f=x1024a1x511", "f=x511a1x512a1x511", "f=x511a514x511", "f=x1536"} {
			require.Contains(t, all, want)
		}
	})
}

func TestAWriteThatGrowsAFileMayArriveInPart(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 10)
		write(t, f, 'a', SectorBytes, 10)
		require.Equal(t, []string{
			"f=x10", "f=x10.502", "f=x10.502a10", "f=x10.512", "f=x10a502", "f=x10a502.10", "f=x10a512",
		}, texts(t, d, m), "lost length, a tail of zeros, a torn tail")
	})
}

func TestASectorIsNeverAMixtureOfTwoWrites(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 6)
		write(t, f, 'a', 2, 0)
		write(t, f, 'b', 2, 4)
		require.Equal(t, []string{"f=a2x2b2", "f=a2x4", "f=x6"}, texts(t, d, m))
	})
}

func TestAFailedSyncDropsThePagesAndALaterOneDoesNotBringThemBack(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 2*SectorBytes)
		write(t, f, 'a', SectorBytes, 0)
		faults, err := Parse("sync f #1 = EIO")
		require.NoError(t, err)
		d.Inject(faults)
		require.ErrorIs(t, f.Sync(), syscall.EIO)
		before := []string{"f=a512x512", "f=x1024"}
		require.Equal(t, before, texts(t, d, m), "the page may have reached the disk or not")
		read := make([]byte, SectorBytes)
		_, err = f.ReadAt(read, 0)
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("a", SectorBytes), string(read), "the cache shows the new bytes")
		require.NoError(t, f.Sync())
		require.Equal(t, before, texts(t, d, m), "a sync that finds only clean pages does nothing")
		write(t, f, 'b', SectorBytes, SectorBytes)
		require.NoError(t, f.Sync())
		require.Equal(t, []string{"f=a512b512", "f=x512b512"}, texts(t, d, m), "a sync of other pages does not bring it back")
		d.Kill()
		f = open(t, d, "f")
		_, err = f.ReadAt(read, 0)
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("a", SectorBytes), string(read), "nor does the death of the process take it")
		write(t, f, 'a', SectorBytes, 0)
		require.NoError(t, f.Sync())
		require.Equal(t, []string{"f=a512b512"}, texts(t, d, m), "written again and synced it is durable")
	})
}

func TestAFailedSyncOfAGrownFileMayLeaveZeros(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', SectorBytes)
		write(t, f, 'a', SectorBytes, SectorBytes)
		d.Inject(Nth(1, On(Sync, "f", Fault{Err: syscall.EIO})))
		require.Error(t, f.Sync())
		require.Equal(t, []string{"f=x512", "f=x512.512", "f=x512a512"}, texts(t, d, m))
		write(t, f, 'b', SectorBytes, 2*SectorBytes)
		require.NoError(t, f.Sync())
		require.Equal(t, []string{"f=x512.512b512", "f=x512a512b512"}, texts(t, d, m), "the length is metadata, and survives with the next sync")
		require.NoError(t, f.Truncate(SectorBytes))
		require.NoError(t, f.Truncate(3*SectorBytes))
		require.NoError(t, f.Sync())
		require.Equal(t, []string{"f=x512.1024"}, texts(t, d, m), "a truncation ends what was undecided")
	})
}

func TestAFailedSyncOfAFolderSettlesNothing(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		create(t, d, "f")
		d.Inject(Nth(1, On(SyncDir, ".", Fault{Err: syscall.EIO})))
		require.ErrorIs(t, d.SyncDir("."), syscall.EIO)
		require.Equal(t, []string{"", "f="}, texts(t, d, m))
		require.NoError(t, d.SyncDir("."))
		require.Equal(t, []string{"f="}, texts(t, d, m))
	})
}

func TestTheJournalOfNamesSurvivesAsAPrefix(t *testing.T) {
	t.Parallel()
	d := New()
	create(t, d, "a")
	create(t, d, "b")
	require.NoError(t, d.Rename("b", "c"))
	require.NoError(t, d.Remove("a"))
	require.Equal(t, []string{"", "a=", "a= b=", "a= c=", "c="}, texts(t, d, Ordered))
	weak := texts(t, d, Weak)
	require.Subset(t, weak, texts(t, d, Ordered))
	require.Contains(t, weak, "b=", "the second creation alone")
	require.Contains(t, weak, "b= c=", "a rename of which one half has arrived")
	require.Len(t, weak, 8)
}

func TestARenameReplacesInOneStep(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		durableFile(t, d, "f", 'x', 1)
		durableFile(t, d, "f.tmp", 'a', 1)
		require.NoError(t, d.Rename("f.tmp", "f"))
		require.Equal(t, []string{"a1", "x1"}, contents(t, d, m, "f"), "there is always a file of that name")
		require.NoError(t, d.SyncDir("."))
		require.Equal(t, []string{"f=a1"}, texts(t, d, m))
	})
}

func TestARenameWithoutSyncsMayLeaveAnEmptyFile(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		durableFile(t, d, "f", 'x', 1)
		write(t, create(t, d, "f.tmp"), 'a', 1, 0)
		require.NoError(t, d.Rename("f.tmp", "f"))
		require.Equal(t, []string{"", ".1", "a1", "x1"}, contents(t, d, m, "f"), "as the analysed system renames its metadata")
	})
}

func TestATruncationThatSurvivesHidesWhatItCut(t *testing.T) {
	t.Parallel()
	d := New()
	f := durableFile(t, d, "f", 'x', 2*SectorBytes)
	require.NoError(t, f.Truncate(10))
	require.NoError(t, f.Allocate(SectorBytes))
	require.Equal(t, []string{
		"f=x10", "f=x10.502", "f=x10.502x512", "f=x1024",
	}, texts(t, d, Ordered), "old bytes only with the old length")
	require.Contains(t, texts(t, d, Weak), "f=x512")
	require.NoError(t, f.Sync())
	bothModels(t, func(t *testing.T, m Model) {
		require.Equal(t, []string{"f=x10.502"}, texts(t, d, m))
	})
}

func TestAFileThatWasRemovedMayComeBack(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		d := New()
		f := durableFile(t, d, "f", 'x', 1)
		require.NoError(t, d.Remove("f"))
		write(t, f, 'a', 1, 0)
		require.Equal(t, []string{"", "f=a1", "f=x1"}, texts(t, d, m), "who has it open goes on")
		again := create(t, d, "f")
		write(t, again, 'b', 1, 0)
		require.NoError(t, again.Sync())
		require.Subset(t, texts(t, d, m), []string{"", "f=a1", "f=x1", "f=b1"})
	})
}

func TestACrashReleasesTheLockAndLeavesTheDiskAlone(t *testing.T) {
	t.Parallel()
	d := New()
	durableFile(t, d, "f", 'x', 1)
	lock, err := d.Lock("LOCK")
	require.NoError(t, err)
	after := Crash(d.Enumerate(Ordered, 1)[0])
	again, err := after.Lock("LOCK")
	require.NoError(t, err)
	_, err = d.Lock("LOCK")
	require.Error(t, err, "the old disk is as it was")
	write(t, open(t, after, "f"), 'a', 1, 0)
	require.Equal(t, []string{"f=x1"}, texts(t, d, Ordered))
	require.Equal(t, []string{"f=a1", "f=x1"}, texts(t, after, Ordered), "it can crash again")
	require.NoError(t, lock.Close())
	require.NoError(t, again.Close())
}

func TestTheDeathOfAProcessLosesNothing(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "f")
	write(t, f, 'a', 1, 0)
	lock, err := d.Lock("LOCK")
	require.NoError(t, err)
	require.Equal(t, 1, d.OpenFiles())
	d.Kill()
	require.Zero(t, d.OpenFiles())
	_, err = f.WriteAt([]byte("b"), 0)
	require.ErrorIs(t, err, fs.ErrClosed)
	require.ErrorIs(t, f.Sync(), fs.ErrClosed)
	require.ErrorIs(t, f.Close(), fs.ErrClosed)
	again, err := d.Lock("LOCK")
	require.NoError(t, err)
	require.NoError(t, lock.Close(), "the dead process's lock is nobody's")
	_, err = d.Lock("LOCK")
	require.Error(t, err)
	require.NoError(t, again.Close())
	read := make([]byte, 1)
	_, err = open(t, d, "f").ReadAt(read, 0)
	require.NoError(t, err)
	require.Equal(t, "a", string(read))
	require.Equal(t, []string{"", "f=", "f=.1", "f=a1"}, texts(t, d, Ordered), "and what was unsynced still is")
}
