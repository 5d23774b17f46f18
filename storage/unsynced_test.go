package storage

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A log that does not sync makes files whose names vouch for nothing. A crash of the machine may leave any state of each.

// unsynced is a log of several files that did not sync, after a crash. From now on it is opened with syncs.
func unsynced(t *testing.T) (r *rig, disk *brokenDisk, names []string, all []string) {
	t.Helper()
	o := small()
	o.NoSync = true
	r = newRig(t, o)
	for range 40 {
		r.append(1)
		r.flush()
	}
	all = strings.Fields(r.all())
	disk = &brokenDisk{Disk: cloneDisk(r.options.Disk)}
	require.NoError(t, r.store.Close(background))
	names, err := listSegments(disk, theHandle)
	require.NoError(t, err)
	require.Greater(t, len(names), 3)
	r.options.NoSync, r.options.Disk = false, disk
	return r, disk, names, all
}

// requirePrefix opens the log and checks that it holds a prefix of all, then that it goes on. It returns how many records
// were left.
func (r *rig) requirePrefix(all []string) int {
	r.t.Helper()
	r.open()
	left := strings.Fields(r.all())
	require.Equal(r.t, all[:len(left)], left)
	r.append(1)
	r.flush()
	want := r.all()
	r.crash()
	require.Equal(r.t, want, r.all())
	require.NoError(r.t, r.store.Close(background))
	return len(left)
}

func TestALogWithoutSyncsDoesNotSyncAFullFile(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := small()
	o.NoSync, o.Disk = true, disk
	r := newRig(t, o)
	disk.fail(nil)
	for range 40 {
		r.append(1)
		r.flush()
	}
	require.Greater(t, disk.count("rename", ".unsynced.seg"), 3)
	require.Equal(t, disk.count("sync", ".tmp"), disk.count("sync", ""), "only the header of each new file")
}

func TestAWholeLogWithoutSyncsIsRecovered(t *testing.T) {
	t.Parallel()
	r, _, _, all := unsynced(t)
	require.Equal(t, len(all), r.requirePrefix(all))
}

func TestATornFileOfALogWithoutSyncsEndsIt(t *testing.T) {
	t.Parallel()
	r, disk, names, all := unsynced(t)
	for i, name := range names[:3] {
		whole := fileOn(t, disk, theHandle+"/"+name)
		shortest := len(all)
		for n := segmentHeaderBytes; n < len(whole); n += 8 {
			for how, content := range map[string][]byte{
				"cut":    whole[:n],
				"zeros":  append(append([]byte(nil), whole[:n]...), make([]byte, len(whole)-n)...),
				"middle": append(append(append([]byte(nil), whole[:n]...), make([]byte, 8)...), whole[n+8:]...),
			} {
				r.options.Disk = cloneDisk(disk)
				putFile(t, r.options.Disk, theHandle+"/"+name, content)
				left := r.requirePrefix(all)
				same := string(content) == string(whole) || how == "middle" // which may be padding
				require.True(t, left < len(all) || same, "file %d, byte %d, %s", i, n, how)
				shortest = min(shortest, left)
			}
		}
		require.Equal(t, i == 0, shortest == 0, "file %d", i)
	}
}

func TestAMissingFileOfALogWithoutSyncsEndsIt(t *testing.T) {
	t.Parallel()
	r, disk, names, all := unsynced(t)
	for i := 1; i < len(names); i++ {
		r.options.Disk = cloneDisk(disk)
		require.NoError(t, r.options.Disk.Remove(theHandle+"/"+names[i]))
		left := r.requirePrefix(all)
		require.True(t, left > 0 && left < len(all), "without file %d: %d", i, left)
	}
}

// The room that was cut from a full file may come back, because the cut was not synced.
func TestRoomThatComesBackInAFileWithoutSyncsIsCutAgain(t *testing.T) {
	t.Parallel()
	r, disk, names, all := unsynced(t)
	path := theHandle + "/" + names[1]
	whole := fileOn(t, disk, path)
	putFile(t, disk, path, append(append([]byte(nil), whole...), make([]byte, 200)...))
	require.Equal(t, len(all), r.requirePrefix(all))
	require.Len(t, fileOn(t, r.options.Disk, path), len(whole))
}

// When the log syncs again, it begins a file that vouches for what recovery has made durable.
func TestAfterALogSyncsAgainATornFileIsDamage(t *testing.T) {
	t.Parallel()
	r, _, names, _ := unsynced(t)
	r.open()
	r.append(1)
	r.flush()
	r.options.Disk = cloneDisk(r.options.Disk) // as a crash leaves it: without a seal
	require.NoError(t, r.store.Close(background))
	for _, name := range names {
		content := fileOn(t, r.options.Disk, theHandle+"/"+name)
		putFile(t, r.options.Disk, theHandle+"/"+name, content[:len(content)-8])
		require.ErrorIs(t, r.openError(), ErrDamaged, name)
		putFile(t, r.options.Disk, theHandle+"/"+name, content)
	}
	r.open()
}

// Recovery makes each file durable, whatever fails on the way: a log that has opened is on the disk, and one that has not
// loses nothing.
func TestAFailureWhileUnsyncedFilesAreMadeDurableKeepsTheLogClosed(t *testing.T) {
	t.Parallel()
	torn := func(t *testing.T) (*rig, *brokenDisk, []string, []string) {
		r, disk, names, all := unsynced(t)
		path := theHandle + "/" + names[2]
		content := fileOn(t, disk, path)
		putFile(t, disk, path, content[:len(content)-8])
		return r, disk, names, all
	}
	r, disk, names, all := torn(t)
	disk.fail(nil)
	r.open()
	left := strings.Fields(r.all())
	require.NoError(t, r.store.Close(background))
	for i, name := range names[:3] {
		require.Equal(t, 1, disk.count("sync", name), "file %d is synced", i)
		require.Equal(t, 1, disk.count("write", name), "file %d is written again", i)
	}
	for operation, name := range map[string]string{"size": names[1], "truncate": names[1], "write": names[0], "sync": names[1], "remove": names[3], "close": names[4]} {
		t.Run(fmt.Sprintf("%s %s", operation, name), func(t *testing.T) {
			t.Parallel()
			r, disk, _, _ := torn(t)
			n := 1
			if operation == "size" {
				n = 2 // the scan asks first
			}
			disk.failNth(operation, name, n, diskFault{err: syscall.EIO})
			require.ErrorIs(t, r.openError(), syscall.EIO)
			require.Zero(t, disk.opened.Load(), "no file is left open")
			disk.fail(nil)
			require.Equal(t, len(left), r.requirePrefix(all))
		})
	}
}

// The last file may be left without records. The next file that vouches may have to start where it does.
func TestAnEmptyLastFileOfALogWithoutSyncsIsRemoved(t *testing.T) {
	t.Parallel()
	r, disk, names, all := unsynced(t)
	last := names[len(names)-1]
	putFile(t, disk, theHandle+"/"+last, fileOn(t, disk, theHandle+"/"+last)[:segmentHeaderBytes])
	disk.failNext("close", last, diskFault{err: syscall.EIO})
	require.ErrorIs(t, r.openError(), syscall.EIO)
	require.Zero(t, disk.opened.Load(), "no file is left open")
	disk.fail(nil)
	left := r.requirePrefix(all)
	require.True(t, left > 0 && left < len(all), "%d", left)
	after, err := listSegments(r.options.Disk, theHandle)
	require.NoError(t, err)
	require.NotContains(t, after, last)
}
