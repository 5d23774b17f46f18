package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// reference is a small log of one file: transactions of one to three records, flushed in three steps.
func reference(t testing.TB) *rig {
	t.Helper()
	r := newRig(t, roomy())
	for i := range 6 {
		r.append(1 + i%3)
		if i%2 == 1 {
			r.flush()
		}
	}
	return r
}

var referenceSegment = theHandle + "/" + segmentName(0)

// recoverSpoiled opens a log whose only file is content. It returns what it holds, or why it cannot be opened, and whether
// the file is as it was.
func recoverSpoiled(t testing.TB, content []byte) (held string, untouched bool, err error) {
	t.Helper()
	return recoverSpoiledOn(t, MemoryDisk(), content)
}

// recoverSpoiledOn does that on an empty disk.
func recoverSpoiledOn(t testing.TB, disk Disk, content []byte) (held string, untouched bool, err error) {
	t.Helper()
	require.NoError(t, disk.Mkdir(theHandle))
	putFile(t, disk, referenceSegment, content)
	o := roomy()
	o.Disk = disk
	store, err := Open(background, "memory", o)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(background)) }()
	l, err := store.Log(background, theHandle)
	untouched = string(fileOn(t, disk, referenceSegment)) == string(content)
	if err != nil {
		return "", untouched, err
	}
	r := &rig{t: t, options: o, store: store, Log: l}
	held = r.all()
	last, err := r.Append(background, Record{})
	require.NoError(t, err, "append after recovery works")
	r.flush()
	got, err := readAll(l, Offset{}, End)
	require.NoError(t, err)
	require.Equal(t, last, got[len(got)-1].Offset)
	return held, untouched, nil
}

// requireDamage checks that an error names the file and a byte of it.
func requireDamage(t testing.TB, err error, size int, untouched bool) {
	t.Helper()
	var damage *DamageError
	require.True(t, errors.As(err, &damage), "%v", err)
	require.Equal(t, referenceSegment, damage.File)
	require.True(t, damage.Byte >= 0 && damage.Byte <= int64(size), "byte %d of %d", damage.Byte, size)
	require.NotEmpty(t, damage.Reason)
	require.True(t, untouched, "damage is reported, and nothing changed")
}

// referenceStops is a log in one file, and the positions after each of its three flushes.
func referenceStops(t *testing.T) (content []byte, stops []uint64) {
	r := newRig(t, roomy())
	for i := range 3 {
		r.append(1 + i)
		r.append(2)
		r.flush()
		stops = append(stops, r.view.Load().persisted)
	}
	return contentOf(r.view.Load().segments[0].file)[:segmentHeaderBytes+stops[2]], stops
}

func TestABadByteBelowAWatermarkIsDamage(t *testing.T) {
	t.Parallel()
	content, stops := referenceStops(t)
	// Frames of the second flush say that the first was durable, those of the third that the second was.
	for at := uint64(4); at < stops[1]; at += 16 {
		spoiled := append([]byte(nil), content...)
		spoiled[segmentHeaderBytes+at] ^= 1
		held, untouched, err := recoverSpoiled(t, spoiled)
		if err == nil { // padding, which holds nothing
			require.Len(t, strings.Fields(held), 12)
			continue
		}
		requireDamage(t, err, len(content), untouched)
		require.ErrorContains(t, err, "had been synced")
	}
}

func TestABadByteAfterEveryWatermarkIsATornTail(t *testing.T) {
	t.Parallel()
	content, stops := referenceStops(t)
	for at := stops[1]; at < stops[2]; at += 8 {
		spoiled := append([]byte(nil), content...)
		spoiled[segmentHeaderBytes+at+3] ^= 1
		held, _, err := recoverSpoiled(t, spoiled)
		require.NoError(t, err, "nothing proves that byte %d had been synced", at)
		require.Contains(t, []int{7, 10, 12}, len(strings.Fields(held)), "%q", held)
	}
}

func TestALogThatDidNotSyncHasNoProofOfDamage(t *testing.T) {
	t.Parallel()
	o := roomy()
	o.NoSync = true
	r := newRig(t, o)
	for range 4 {
		r.append(2)
		r.flush()
	}
	content := contentOf(r.view.Load().segments[0].file)[:segmentHeaderBytes+r.view.Load().persisted]
	content[segmentHeaderBytes+8] ^= 1
	held, _, err := recoverSpoiled(t, content)
	require.NoError(t, err)
	require.Equal(t, "", held)
}

// several is a log of several files, as recovery scans it: without a seal.
func several(t *testing.T) (r *rig, names []string) {
	t.Helper()
	r = newRig(t, small())
	for range 40 {
		r.append(1)
		r.flush()
	}
	require.NoError(t, r.store.Close(background))
	removeSeal(t, r.options.Disk)
	names, err := listSegments(r.options.Disk, theHandle)
	require.NoError(t, err)
	require.Greater(t, len(names), 3)
	return r, names
}

// openError opens the log and returns why that fails.
func (r *rig) openError() error {
	r.t.Helper()
	store, err := Open(background, "memory", r.options)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, store.Close(background)) }()
	_, err = store.Log(background, theHandle)
	require.Error(r.t, err)
	return err
}

func TestAMissingFileIsDamage(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		r, names := several(t)
		require.NoError(t, r.options.Disk.Remove(theHandle+"/"+names[i]))
		err := r.openError()
		var damage *DamageError
		require.True(t, errors.As(err, &damage), "%v", err)
		require.Equal(t, theHandle+"/"+names[i+1], damage.File, "the file past the gap")
		require.ErrorContains(t, err, "one is missing or cut")
		require.ErrorContains(t, err, "open log log")
	}
}

func TestACutFileBeforeTheLastIsDamage(t *testing.T) {
	t.Parallel()
	r, names := several(t)
	whole := fileOn(t, r.options.Disk, theHandle+"/"+names[1])
	for n := segmentHeaderBytes; n < len(whole); n += 8 {
		putFile(t, r.options.Disk, theHandle+"/"+names[1], whole[:n])
		err := r.openError()
		var damage *DamageError
		require.True(t, errors.As(err, &damage), "%d bytes: %v", n, err)
		if damage.File == theHandle+"/"+names[1] {
			require.ErrorContains(t, err, "a later segment proves")
		} else { // cut between two transactions: only the next file shows it
			require.Equal(t, theHandle+"/"+names[2], damage.File)
			require.ErrorContains(t, err, "one is missing or cut")
		}
	}
	putFile(t, r.options.Disk, theHandle+"/"+names[1], whole)
	r.open()
}

func TestAFileWhoseNameLiesIsDamage(t *testing.T) {
	t.Parallel()
	r, names := several(t)
	last := names[len(names)-1]
	require.NoError(t, r.options.Disk.Rename(theHandle+"/"+last, theHandle+"/"+segmentName(1<<20)))
	require.ErrorIs(t, r.openError(), ErrDamaged)
}

func TestAForeignFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		segmentName(0): "#!/bin/sh\necho this is somebody's script, with a name like ours\n" + strings.Repeat("#", 64),
		"notes.txt":    "hello",
		"x.seg":        "RACEWLOG",
		"0.seg":        "",
	} {
		r := newRig(t, small())
		require.NoError(t, r.store.Close(background))
		putFile(t, r.options.Disk, theHandle+"/"+name, []byte(content))
		err := r.openError()
		require.ErrorIs(t, err, ErrForeign, name)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "move it out of")
		require.Equal(t, content, string(fileOn(t, r.options.Disk, theHandle+"/"+name)), "it is left alone")
	}
}

func TestAFolderThatIsNoStoreIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	disk := MemoryDisk()
	putFile(t, disk, "holiday.jpg", []byte("jpeg"))
	_, err := Open(background, "memory", Options{Disk: disk})
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "holiday.jpg")
	require.ErrorContains(t, err, "choose another folder")
}

func TestAFileOfALaterVersionIsRefused(t *testing.T) {
	t.Parallel()
	r := reference(t)
	require.NoError(t, r.store.Close(background))
	content := fileOn(t, r.options.Disk, referenceSegment)
	binary.LittleEndian.PutUint32(content[8:], segmentVersion+1)
	binary.LittleEndian.PutUint32(content[24:], crc32.Checksum(content[:24], castagnoli))
	putFile(t, r.options.Disk, referenceSegment, content)
	err := r.openError()
	require.ErrorIs(t, err, ErrNewerFormat)
	for _, text := range []string{referenceSegment, "format 2", "knows up to 1", "use that version"} {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, content, fileOn(t, r.options.Disk, referenceSegment))
}

func TestRecoveringTwiceEqualsRecoveringOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	for i := range 20 {
		r.append(1 + i%3)
		if i%4 == 0 {
			r.flush()
		}
	}
	tx := r.begin()
	r.add(tx, 9)
	r.flushFragments()
	r.crash()
	once, held := diskText(r.options.Disk), r.all()
	r.crash()
	require.Equal(t, once, diskText(r.options.Disk))
	require.Equal(t, held, r.all())
}

// diskText is everything on a disk in memory.
func diskText(d Disk) string {
	var text strings.Builder
	eachName(d, func(name string, file File) {
		fmt.Fprintf(&text, "%s ", name)
		if file != nil {
			fmt.Fprintf(&text, "%x\n", contentOf(file))
		}
	})
	return text.String()
}

func TestAnUnfinishedFileIsRemoved(t *testing.T) {
	t.Parallel()
	r := reference(t)
	want := r.all()
	require.NoError(t, r.store.Close(background))
	unfinished := theHandle + "/" + segmentName(4096) + unfinishedSuffix
	putFile(t, r.options.Disk, unfinished, []byte("RACE"))
	r.open()
	require.Equal(t, want, r.all())
	_, err := r.options.Disk.Open(unfinished)
	require.Error(t, err)
}

func TestADiskThatRefusesToCutKeepsTheLogClosed(t *testing.T) {
	t.Parallel()
	for _, call := range []diskCall{{"truncate", ".seg"}, {"write", ".seg"}, {"sync", ".seg"}, {"syncdir", theHandle}, {"syncdir", "."}} {
		t.Run(call.operation+call.name, func(t *testing.T) {
			t.Parallel()
			disk := newBrokenDisk()
			o := roomy()
			o.Disk = disk
			r := newRig(t, o)
			r.append(2)
			r.flush()
			r.options.Disk = &brokenDisk{Disk: cloneDisk(disk)}
			require.NoError(t, r.store.Close(background))
			disk = r.options.Disk.(*brokenDisk)
			disk.failNext(call.operation, call.name, diskFault{err: syscall.EIO})
			err := r.openError()
			require.ErrorIs(t, err, syscall.EIO)
			require.ErrorContains(t, err, "the log stays closed until the disk allows it")
			disk.fail(nil)
			r.open()
			require.Equal(t, "1.0 1.1", r.all())
		})
	}
}

func TestADiskThatCannotReadIsNoTornTail(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	r.append(2)
	r.flush()
	require.NoError(t, r.store.Close(background))
	before := diskText(disk)
	for n := 1; n <= 2; n++ { // the header, the frames
		disk.failNth("read", ".seg", n, diskFault{err: syscall.EIO})
		require.ErrorIs(t, r.openError(), syscall.EIO)
		require.Equal(t, before, diskText(disk))
	}
	disk.fail(nil)
	r.open()
	require.Equal(t, "1.0 1.1", r.all())
}

// A crash may come between the rename of a file and the sync of its name. What is acknowledged as durable after the next
// start must not hang on a name that was never synced.
func TestRecoveryMakesTheNamesDurable(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	r.append(1)
	require.NoError(t, r.store.Close(background))
	disk.fail(nil)
	r.open()
	require.Positive(t, disk.count("syncdir", theHandle))
	require.Positive(t, disk.count("syncdir", "."))
}

// After a sync that failed, the kernel may hold the bytes, call them clean and lose them with the power. Recovery writes
// what is not known to be durable once more.
func TestRecoveryWritesAgainWhatNothingProvesDurable(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	r.append(1)
	r.flush()
	r.append(2)
	disk.failNext("sync", ".seg", diskFault{err: syscall.EIO})
	require.ErrorIs(t, r.Flush(background), ErrPoisoned)
	disk.fail(nil)
	require.ErrorIs(t, r.store.Close(background), ErrPoisoned)
	disk.fail(nil)
	r.open()
	require.Equal(t, "1.0 2.0 2.1", r.all())
	require.Equal(t, 1, disk.count("write", ".seg"))
	require.Equal(t, 1, disk.count("sync", ".seg"))
}

func TestAFailedOpenLeavesNoFileOpen(t *testing.T) {
	t.Parallel()
	for n := 1; n < 60; n++ {
		disk := newBrokenDisk()
		o := small()
		o.Disk = disk
		r := newRig(t, o)
		for range 12 {
			r.append(1)
			r.flush()
		}
		require.NoError(t, r.store.Close(background))
		calls := 0
		disk.fail(func(c diskCall) *diskFault {
			if calls++; calls == n && c.operation != "close" {
				return &diskFault{err: syscall.EIO}
			}
			return nil
		})
		store, err := Open(background, "memory", o)
		require.NoError(t, err)
		_, err = store.Log(background, theHandle)
		_ = store.Close(background)
		require.Zero(t, disk.opened.Load(), "call %d failed with %v: %v", n, err, disk.calls)
	}
}
