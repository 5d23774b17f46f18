package storage

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A log that was closed opens without a scan; a seal that does not fit costs a scan and nothing else.

// sealedLog is a log of several files and more chunks than a view carries, which was closed.
func sealedLog(t *testing.T) (r *rig, held string) {
	t.Helper()
	r = indexed(t)
	held = r.all()
	require.NoError(t, r.store.Close(background))
	requireSealed(t, r)
	return r, held
}

func indexOn(t testing.TB, d Disk) []byte {
	t.Helper()
	return fileOn(t, d, theHandle+"/"+indexName)
}

func requireSealed(t *testing.T, r *rig) {
	t.Helper()
	_, _, whole := decodeSeal(indexOn(t, r.options.Disk))
	require.True(t, whole)
}

func requireUnsealed(t *testing.T, r *rig) {
	t.Helper()
	_, _, whole := decodeSeal(indexOn(t, r.options.Disk))
	require.False(t, whole)
}

// reads opens the log and counts how often that reads from a segment.
func (r *rig) reads() int {
	r.t.Helper()
	disk := &brokenDisk{Disk: memoryOf(r.options.Disk)}
	r.options.Disk = disk
	r.open()
	return disk.count("read", segmentSuffix)
}

func TestAClosedLogOpensWithoutAScan(t *testing.T) {
	t.Parallel()
	r, held := sealedLog(t)
	before, files := r.view.Load(), len(r.view.Load().segments)
	require.Greater(t, files, 3)
	require.Equal(t, files+1, r.reads(), "the headers, and the record that the seal names")
	now := r.view.Load()
	require.Equal(t, before.index.count, now.index.count)
	require.Equal(t, before.index.newest, now.index.newest)
	require.Equal(t, before.durable, now.durable)
	require.Equal(t, before.last, now.last)
	require.Equal(t, before.persisted, now.settled)
	require.Equal(t, before.durable, r.Visible(background))
	require.Equal(t, held, r.all())
	readsFromEverywhere(t, r)
}

func TestASealedLogGoesOnAsAfterAScan(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		if !h.Holds() {
			continue
		}
		o := small()
		o.Handover = h
		r := newRig(t, o)
		for i := range 20 {
			r.append(1 + i%3)
			r.flush()
			r.reopen()
		}
		require.Equal(t, scanBoundaries(t, r), indexFile(t, r), "%s: an opening with a seal ends no chunk", h.Name())
		held := r.all()
		require.NoError(t, r.store.Close(background))
		requireSealed(t, r)
		removeSeal(t, r.options.Disk)
		r.open()
		require.Equal(t, held, r.all())
		require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
	}
}

// removeSeal leaves a closed log as one that was not closed.
func removeSeal(t testing.TB, d Disk) {
	t.Helper()
	content := indexOn(t, d)
	_, _, whole := decodeSeal(content)
	require.True(t, whole)
	putFile(t, d, theHandle+"/"+indexName, content[:len(content)-sealBytes])
}

// opensByScan opens a log whose seal does not fit.
func opensByScan(t *testing.T, r *rig, held, why string) {
	t.Helper()
	require.Greater(t, r.reads(), len(r.view.Load().segments)+1, "%s: the frames were read", why)
	require.Equal(t, held, r.all(), why)
	require.Equal(t, scanBoundaries(t, r), indexFile(t, r), "%s: the index is right again", why)
	require.NoError(t, r.store.Close(background))
}

func TestATornSealIsIgnored(t *testing.T) {
	t.Parallel()
	r, held := sealedLog(t)
	whole := indexOn(t, r.options.Disk)
	disk := memoryOf(r.options.Disk)
	for n := range whole { // cut anywhere; any byte changed, in the entries too
		torn := append([]byte(nil), whole...)
		torn[n] ^= 1 << (n % 8)
		for name, content := range map[string][]byte{"cut": whole[:n], "changed": torn} {
			if n%7 != 0 && n < len(whole)-sealBytes-boundaryBytes {
				continue
			}
			r.options.Disk = cloneDisk(disk)
			putFile(t, r.options.Disk, theHandle+"/"+indexName, content)
			opensByScan(t, r, held, fmt.Sprintf("%s at byte %d", name, n))
		}
	}
}

func TestAPartOfASealOverAnOlderOneIsIgnored(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	r.append(3)
	require.NoError(t, r.store.Close(background))
	older := indexOn(t, r.options.Disk)
	r.open()
	r.append(2)
	held := r.all()
	require.NoError(t, r.store.Close(background))
	newer := indexOn(t, r.options.Disk)
	require.Len(t, newer, len(older), "in the same place, since no chunk has ended")
	disk := memoryOf(r.options.Disk)
	for n := boundaryBytes; n <= len(newer); n++ {
		for _, mixed := range []string{string(newer[:n]) + string(older[n:]), string(older[:n]) + string(newer[n:])} {
			if mixed == string(newer) {
				continue
			}
			r.options.Disk = cloneDisk(disk)
			putFile(t, r.options.Disk, theHandle+"/"+indexName, []byte(mixed))
			opensByScan(t, r, held, fmt.Sprintf("the first %d bytes of the one, the rest of the other", n))
		}
	}
}

func TestASealThatTheFilesDoNotEndWithIsIgnored(t *testing.T) {
	t.Parallel()
	r, short := sealedLog(t)
	stale := indexOn(t, r.options.Disk)
	r.open()
	for range 12 {
		r.append(2)
		r.flush()
	}
	long := r.all()
	require.NoError(t, r.store.Close(background))
	last := theHandle + "/" + r.view.Load().segments[len(r.view.Load().segments)-1].name
	disk := memoryOf(r.options.Disk)
	for name, spoil := range map[string]func(d Disk) string{
		"an earlier close's seal": func(d Disk) string {
			putFile(t, d, theHandle+"/"+indexName, stale)
			return long
		},
		"room was reserved past the end": func(d Disk) string {
			putFile(t, d, last, append(fileOn(t, d, last), make([]byte, 64)...))
			return long
		},
		"the last record is gone": func(d Disk) string {
			content := fileOn(t, d, last)
			putFile(t, d, last, content[:len(content)-8])
			return strings.TrimSuffix(long, " 72.0 72.1")
		},
		"the last record is spoiled": func(d Disk) string {
			content := fileOn(t, d, last)
			content[len(content)-16] ^= 1
			putFile(t, d, last, content)
			return strings.TrimSuffix(long, " 72.0 72.1")
		},
	} {
		r.options.Disk = cloneDisk(disk)
		opensByScan(t, r, spoil(r.options.Disk), name)
	}
	require.True(t, strings.HasPrefix(long, short))
	require.True(t, strings.HasSuffix(long, " 72.0 72.1"))
}

func TestASealOfAnotherLogOfTheSameLengthIsIgnored(t *testing.T) {
	t.Parallel()
	var logs [2]*rig
	var held [2]string
	for i := range logs {
		logs[i] = newRig(t, roomy())
		first := Record{Offset: Offset{uint64(5 + i), 0}, Value: []byte("the same length")}
		require.NoError(t, logs[i].AppendAt(background, first))
		held[i] = first.Offset.String()
		require.NoError(t, logs[i].store.Close(background))
	}
	putFile(t, logs[0].options.Disk, theHandle+"/"+indexName, indexOn(t, logs[1].options.Disk))
	logs[0].open()
	require.Equal(t, Offset{5, 0}, logs[0].Visible(background))
	require.Equal(t, scanBoundaries(t, logs[0]), indexFile(t, logs[0]))
}

func TestAMissingFileIsDamageBesideASeal(t *testing.T) {
	t.Parallel()
	r, _ := sealedLog(t)
	segments := r.view.Load().segments
	require.NoError(t, r.options.Disk.Remove(theHandle+"/"+segments[1].name))
	store, err := Open(background, "memory", r.options)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(background)) }()
	_, err = store.Log(background, theHandle)
	require.ErrorIs(t, err, ErrDamaged)
}

func TestDamageInASealedLogIsReportedByTheReadThatMeetsIt(t *testing.T) {
	t.Parallel()
	r, held := sealedLog(t)
	g := r.view.Load().segments[1]
	name := theHandle + "/" + g.name
	content := fileOn(t, r.options.Disk, name)
	content[segmentHeaderBytes+frameHeaderBytes] ^= 1 // in its first record
	putFile(t, r.options.Disk, name, content)
	r.open()
	before, err := readAll(r.Log, Offset{}, End)
	var damage *DamageError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, name, damage.File)
	require.Equal(t, int64(segmentHeaderBytes), damage.Byte)
	require.NotEmpty(t, before)
	require.True(t, strings.HasPrefix(held, before[0].Offset.String()))
	after := frameOffset(content[segmentHeaderBytes:])
	got, err := readAll(r.Log, Offset{after.Tx + 20, 0}, End)
	require.NoError(t, err, "what lies past that chunk can be read")
	require.NotEmpty(t, got)
}

// What a seal says must be on the disk before it is written; these logs cannot say that.
func TestALogThatIsNotDurableToItsEndIsNotSealed(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, r *rig, disk *brokenDisk){
		"it is empty": func(*testing.T, *rig, *brokenDisk) {},
		"it ends with flushed fragments": func(t *testing.T, r *rig, _ *brokenDisk) {
			r.append(1)
			tx, err := r.Begin(background)
			require.NoError(t, err)
			require.NoError(t, tx.Add(background, transaction(2, 3)...))
			r.flushFragments()
		},
		"it was poisoned": func(t *testing.T, r *rig, disk *brokenDisk) {
			r.append(1)
			r.flush()
			r.append(1)
			disk.failNext("sync", segmentSuffix, diskFault{err: syscall.EIO})
			require.ErrorIs(t, r.Flush(background), ErrPoisoned)
			disk.fail(nil)
		},
		"its index has no room": func(t *testing.T, r *rig, disk *brokenDisk) {
			disk.fail(fullForTheIndex)
			r.append(1)
			r.flush()
		},
		"the cut of its last file failed": func(t *testing.T, r *rig, disk *brokenDisk) {
			r.append(1)
			r.flush()
			disk.failNext("truncate", segmentSuffix, diskFault{err: syscall.EIO})
		},
		"its index cannot be read": func(t *testing.T, r *rig, disk *brokenDisk) {
			r.append(1)
			r.flush()
			disk.failNext("read", indexName, diskFault{err: syscall.EIO})
		},
		"the seal cannot be written": func(t *testing.T, r *rig, disk *brokenDisk) {
			r.append(1)
			r.flush()
			disk.failNext("write", indexName, diskFault{err: syscall.EIO, keep: 20})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newBrokenDisk()
			o := roomy()
			o.Disk = disk
			r := newRig(t, o)
			leave(t, r, disk)
			held := r.all()
			_ = r.store.Close(background)
			requireUnsealed(t, r)
			disk.fail(nil)
			r.open()
			require.True(t, strings.HasPrefix(held, r.all()))
		})
	}
	o := roomy()
	o.NoSync = true
	r := newRig(t, o)
	r.append(1)
	require.NoError(t, r.store.Close(background))
	requireUnsealed(t, r)
}

// An earlier recovery may have cut the file to the length that the seal names, and then have failed to sync the cut.
func TestASealedLogIsCutAndSyncedBeforeItGoesOn(t *testing.T) {
	t.Parallel()
	r, _ := sealedLog(t)
	disk := &brokenDisk{Disk: memoryOf(r.options.Disk)}
	r.options.Disk = disk
	r.open()
	last := r.view.Load().segments[len(r.view.Load().segments)-1].name
	require.Equal(t, 2, disk.count("truncate", last), "the length changes, so that the sync writes it")
	require.Equal(t, 1, disk.count("sync", last))
	require.Equal(t, 2, disk.count("syncdir", ""), "the names of the files and of the folder")
}

func TestAnAbortedTransactionLeavesTheSealOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	r.append(2)
	tx, err := r.Begin(background)
	require.NoError(t, err)
	require.NoError(t, tx.Add(background, transaction(2, 3)...))
	r.flushFragments()
	require.NoError(t, tx.Abort(background))
	require.NoError(t, r.store.Close(background))
	requireSealed(t, r)
	require.Equal(t, 2, r.reads())
	require.Equal(t, "1.0 1.1", r.all())
}

func TestAnIndexOfAnySizeIsNotReadIntoMemory(t *testing.T) {
	t.Parallel()
	r := newRig(t, roomy())
	r.append(1)
	held := r.all()
	require.NoError(t, r.store.Close(background))
	f, err := r.options.Disk.Open(theHandle + "/" + indexName)
	require.NoError(t, err)
	const size = 1<<20*boundaryBytes + sealBytes
	require.NoError(t, f.Truncate(size))
	_, _, fits := readSeal(unreadable{f}, size, r.end)
	require.False(t, fits)
	require.NoError(t, f.Close())
	r.open()
	require.Equal(t, held, r.all())
}

// An unreadable file must not be read.
type unreadable struct{ File }

func (unreadable) ReadAt([]byte, int64) (int, error) { panic("read") }

func FuzzSeal(f *testing.F) {
	s := seal{entries: 1, last: Offset{1, 0}, end: 64}
	entries := encodeBoundaries([]boundary{{Offset{1, 0}, 0}})
	f.Add(append(entries, s.encode(entries)...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		s, entries, whole := decodeSeal(content)
		if whole {
			require.Equal(t, content[len(entries):], s.encode(entries), "what is believed is what was written")
		}
	})
}
