package disks

import (
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// holding is a disk with a file in a folder in a folder, all of it durable.
func holding(t *testing.T) *Disk {
	t.Helper()
	d := New()
	require.NoError(t, d.Mkdir("outer"))
	require.NoError(t, d.Mkdir("outer/inner"))
	f, err := d.Create("outer/inner/file")
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("bytes"), 0)
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	for _, folder := range []string{".", "outer", "outer/inner"} {
		require.NoError(t, d.SyncDir(folder))
	}
	return d
}

// paths returns the paths of each disk that a crash may leave.
func paths(d *Disk, m Model) (all [][]string) {
	for _, image := range d.Enumerate(m, 100) {
		all = append(all, image.Paths())
	}
	return all
}

func TestFoldersInFoldersSurviveACrash(t *testing.T) {
	t.Parallel()
	for _, m := range Models {
		images := holding(t).Enumerate(m, 10)
		require.Len(t, images, 1)
		again := Crash(images[0])
		require.Equal(t, images[0].Hash(), again.Enumerate(m, 10)[0].Hash())
		bytes, is := images[0].Bytes("outer/inner/file")
		require.True(t, is)
		require.Equal(t, "bytes", string(bytes))
	}
}

func TestAFolderThatWasNotSyncedTakesWithItWhatLiesInIt(t *testing.T) {
	t.Parallel()
	d := New()
	require.NoError(t, d.Mkdir("outer"))
	_, err := d.Create("outer/file")
	require.NoError(t, err)
	require.NoError(t, d.SyncDir("outer")) // and its own name is not durable
	require.Contains(t, paths(d, Weak), []string(nil))
	require.Contains(t, paths(d, Weak), []string{"outer/", "outer/file"})
}

func TestAFolderIsRenamedWithWhatLiesInIt(t *testing.T) {
	t.Parallel()
	d := holding(t)
	require.NoError(t, d.Rename("outer/inner", "moved"))
	require.Equal(t, [][]string{{"outer/", "outer/inner/", "outer/inner/file"}, {"moved/", "moved/file", "outer/"}}, paths(d, Ordered))
	for _, left := range paths(d, Weak) {
		require.LessOrEqual(t, len(left), 3, "%q: no folder has two names", left)
	}
}

func TestWhatCannotBeRenamedIsRefused(t *testing.T) {
	t.Parallel()
	d := holding(t)
	_, err := d.Create("file")
	require.NoError(t, err)
	require.ErrorIs(t, d.Rename("outer", "outer/inner/outer"), syscall.EINVAL)
	require.ErrorIs(t, d.Rename("outer", "outer/outer"), syscall.EINVAL)
	require.ErrorIs(t, d.Rename("outer", "file"), fs.ErrExist)
	require.ErrorIs(t, d.Rename("file", "outer"), fs.ErrExist)
	require.NoError(t, d.Mkdir("empty"))
	require.NoError(t, d.Rename("outer", "empty"), "an empty folder gives way to a folder")
	require.ErrorIs(t, d.Rename("empty", "nowhere/empty"), fs.ErrNotExist)
	require.NoError(t, d.Rename("empty", "empty"))
}

func TestAFileOfTwoNamesIsOneFile(t *testing.T) {
	t.Parallel()
	d := New()
	f, err := d.Create("a")
	require.NoError(t, err)
	require.NoError(t, d.SyncDir("."))
	require.NoError(t, d.Link("a", "b"))
	_, err = f.WriteAt([]byte("x"), 0)
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.Equal(t, [][]string{{"a"}, {"a", "b"}}, paths(d, Ordered))
	for _, image := range d.Enumerate(Ordered, 10) {
		if bytes, is := image.Bytes("b"); is {
			require.Equal(t, "x", string(bytes))
		}
	}
	require.ErrorIs(t, d.Link("a", "b"), fs.ErrExist)
	require.ErrorIs(t, d.Link("c", "d"), fs.ErrNotExist)
	require.NoError(t, d.Mkdir("folder"))
	require.ErrorIs(t, d.Link("folder", "other"), syscall.EPERM)
}

func TestPresentIsWhatTheProcessSees(t *testing.T) {
	t.Parallel()
	d := holding(t)
	require.NoError(t, d.Link("outer/inner/file", "second"))
	before := d.Operations()
	all := d.Present()
	require.Equal(t, before, d.Operations(), "to look is no operation")
	var names []string
	for _, p := range all {
		names = append(names, p.Path)
	}
	require.Equal(t, []string{"outer", "outer/inner", "outer/inner/file", "second"}, names)
	require.Equal(t, 2, all[3].First, "both names are of one file")
	require.EqualValues(t, 5, all[3].Bytes)
	require.NoError(t, all[2].Parts(func(at int64, bytes []byte) error {
		require.Zero(t, at)
		require.Equal(t, "bytes", string(bytes))
		return nil
	}))
	require.NoError(t, d.Remove("second"))
	_, err := all[2].File.WriteAt([]byte("B"), 0)
	require.NoError(t, err)
	require.True(t, d.Names("outer/inner/file", all[2].File))
	require.False(t, d.Names("second", all[2].File))
}

func TestWhatWasDecidedBecomesOfTheNextOperation(t *testing.T) {
	t.Parallel()
	d := New()
	f, err := d.Create("f")
	require.NoError(t, err)
	d.Inject(Any(Nth(1, On(Write, "*", Fault{Err: syscall.EIO, Keep: 2})), Nth(2, On(Write, "*", Fault{Err: syscall.ENOSPC}))))
	decided := d.Decide(Operation{Kind: Write, Name: "f", Bytes: 4})
	require.Equal(t, Fault{Err: syscall.EIO, Keep: 2}, decided)
	n, err := f.WriteAt([]byte("abcd"), 0)
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, 2, n)

	require.ErrorIs(t, d.Decide(Operation{Kind: Write, Name: "f", Bytes: 4}).Err, syscall.ENOSPC)
	d.Undecided()
	size, err := f.Size()
	require.NoError(t, err, "what was taken back is of no other operation")
	require.EqualValues(t, 2, size)
	_, err = f.WriteAt([]byte("abcd"), 0)
	require.NoError(t, err, "each operation is asked for once")
}

func TestALostSyncMakesNothingDurable(t *testing.T) {
	t.Parallel()
	d := New()
	d.LoseSyncs()
	f, err := d.Create("f")
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1))
	require.NoError(t, f.Sync())
	require.NoError(t, d.SyncDir("."))
	require.Equal(t, 2, d.Unsynced())
}
