package storage

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What mutation testing showed that no test noticed: racewindow test --weaken. Each test makes one call of the disk fail, at
// the places where that mattered to no other test.

// brokenRig is a log whose disk can fail, with two durable transactions.
func brokenRig(t *testing.T, o Options) (*rig, *brokenDisk) {
	t.Helper()
	disk := newBrokenDisk()
	o.Disk = disk
	r := newRig(t, o)
	r.append(1)
	r.append(1)
	r.flush()
	return r, disk
}

// reopened closes a log, makes a call of the disk fail, and opens the log again.
func reopened(t *testing.T, r *rig, disk *brokenDisk, operation, part string, nth int, f diskFault) error {
	t.Helper()
	disk.fail(nil)
	_ = r.store.Close(background) // it may be closed already
	store, err := Open(background, "memory", r.options)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(background)) }()
	disk.failNth(operation, part, nth, f)
	_, err = store.Log(background, theHandle)
	return err
}

func TestACutThatIsNotDurablePoisonsTheLog(t *testing.T) {
	t.Parallel()
	r, disk := brokenRig(t, roomy())
	r.append(1)
	r.append(2)
	disk.fail(func(c diskCall) *diskFault {
		switch c.operation {
		case "write":
			return &diskFault{err: syscall.ENOSPC, keep: 20}
		case "sync":
			return &diskFault{err: syscall.EIO}
		}
		return nil
	})
	err := r.Flush(background)
	require.ErrorIs(t, err, syscall.EIO)
	checkPoisoned(t, r, disk, syscall.EIO)
}

func TestAnIndexThatCannotBeWrittenPoisonsTheLog(t *testing.T) {
	t.Parallel()
	r, disk := brokenRig(t, small())
	for range 8 {
		r.append(2)
	}
	disk.failNext("write", indexName, diskFault{err: syscall.EIO})
	require.ErrorIs(t, r.Flush(background), syscall.EIO)
	require.Equal(t, 1, disk.count("write", indexName))
	require.ErrorIs(t, r.Flush(background), syscall.EIO, "still")
}

func TestAnIndexThatCannotBeRepairedKeepsTheLogClosed(t *testing.T) {
	t.Parallel()
	for operation, says := range map[string]string{"write": "rebuild log/index", "truncate": "truncate log/index"} {
		r := indexed(t)
		disk := &brokenDisk{Disk: memoryOf(r.options.Disk)}
		r.options.Disk = disk
		require.NoError(t, r.store.Close(background))
		require.NoError(t, disk.Disk.Remove(theHandle+"/"+indexName))
		store, err := Open(background, "memory", r.options)
		require.NoError(t, err)
		disk.failNext(operation, indexName, diskFault{err: syscall.EIO})
		_, err = store.Log(background, theHandle)
		require.ErrorIs(t, err, syscall.EIO)
		require.ErrorContains(t, err, says)
		require.NoError(t, store.Close(background))
		r.open()
		readsFromEverywhere(t, r)
	}
}

// tear adds bytes to the log's file that are no frame.
func tear(t *testing.T, disk *brokenDisk) {
	t.Helper()
	f, err := disk.Disk.Open(theHandle + "/" + segmentName(0))
	require.NoError(t, err)
	size, err := f.Size()
	require.NoError(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("torn", 64)), size)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// With a torn tail, recovery also looks for a proof that the torn bytes were durable, cuts them, and writes frames again.
func TestEveryCallOfARecoveryThatFailsKeepsTheLogClosedAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, torn := range []bool{false, true} {
		r, disk := brokenRig(t, roomy())
		want := r.all()
		for _, operation := range []string{"mkdir", "open", "read", "truncate", "write", "sync", "syncdir"} {
			part, tried := "", 0
			if operation == "read" || operation == "write" || operation == "truncate" {
				part = segmentSuffix // the index is derived, and what cannot be read of it is written again
			}
			for nth := 1; ; nth++ {
				if torn {
					tear(t, disk)
				}
				fail := diskFault{err: syscall.EIO}
				err := reopened(t, r, disk, operation, part, nth, fail)
				if disk.count(operation, part) < nth {
					require.NoError(t, err)
					break
				}
				tried++
				require.ErrorIs(t, err, syscall.EIO, "%s %d, torn %v", operation, nth, torn)
			}
			if operation != "write" || torn {
				require.Positive(t, tried, "%s, torn %v", operation, torn)
			}
		}
		disk.fail(nil)
		r.open()
		require.Equal(t, want, r.all())
	}
}

func TestEveryCallOfANewLogThatFailsKeepsItClosed(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"mkdir", "create", "write", "sync", "rename", "syncdir"} {
		for nth := 1; ; nth++ {
			disk := newBrokenDisk()
			o := roomy()
			o.Disk = disk
			store, err := Open(background, "memory", o)
			require.NoError(t, err)
			disk.failNth(operation, "", nth, diskFault{err: syscall.EIO})
			_, err = store.Log(background, theHandle)
			done := disk.count(operation, "") < nth
			if !done {
				require.ErrorIs(t, err, syscall.EIO, "%s %d", operation, nth)
				disk.fail(nil)
				_, err = store.Log(background, theHandle)
			}
			require.NoError(t, err, "%s %d, healed", operation, nth)
			require.NoError(t, store.Close(background))
			if done {
				require.Greater(t, nth, 1, operation)
				if operation == "syncdir" {
					require.Equal(t, 1, disk.count("syncdir", "."), "the name of the log's folder is durable")
				}
				break
			}
		}
	}
}

func TestAnUnfinishedFileThatCannotBeRemovedKeepsTheLogClosed(t *testing.T) {
	t.Parallel()
	r, disk := brokenRig(t, roomy())
	name := theHandle + "/" + segmentName(4096) + unfinishedSuffix
	putFile(t, disk.Disk, name, []byte("unfinished"))
	err := reopened(t, r, disk, "remove", unfinishedSuffix, 1, diskFault{err: syscall.EIO})
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorContains(t, err, "remove unfinished "+name)
	err = reopened(t, r, disk, "remove", unfinishedSuffix, 1, diskFault{err: fs.ErrNotExist})
	require.NoError(t, err, "somebody else removed it")
}

func TestRoomThatTheDiskRefusesIsAskedForAgain(t *testing.T) {
	t.Parallel()
	r, disk := brokenRig(t, Options{FlushBytes: onRequest, FlushInterval: -1, SegmentBytes: 1 << 30})
	require.NoError(t, r.store.Close(background))
	r.open() // no room is reserved yet
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "allocate" {
			return &diskFault{err: syscall.ENOSPC}
		}
		return nil
	})
	for n := 1; n <= 3; n++ {
		r.append(1)
		r.flush()
		require.Equal(t, n, disk.count("allocate", ""))
	}
}

func TestFragmentsForWhichThereIsNoRoomAreRefused(t *testing.T) {
	t.Parallel()
	r, disk := brokenRig(t, Options{FlushBytes: onRequest, FlushInterval: -1, TailBytes: 512})
	disk.fail(func(c diskCall) *diskFault {
		if c.operation == "write" {
			return &diskFault{err: syscall.ENOSPC}
		}
		return nil
	})
	open, err := r.Begin(background)
	require.NoError(t, err)
	added := 0
	for ; added < 100 && err == nil; added++ {
		err = open.Add(background, transaction(1, 1)...)
	}
	require.ErrorIs(t, err, ErrNoSpace)
	require.Less(t, added, 100)
}

// The system refuses to sync what is below /proc, which shows that it was asked.
func TestFoldersWhoseNamesCannotBeSyncedAreNotMade(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/comm"); err != nil {
		t.Skip("there is no /proc")
	}
	require.ErrorIs(t, makeFolder("/proc/self"), syscall.EINVAL, "the name of the folder is not durable")
	var failed *fs.PathError
	require.True(t, errors.As(makeFolder("/proc/nothing/at/all"), &failed))
	require.Equal(t, "/proc/nothing", failed.Path, "the parents come first")
}
