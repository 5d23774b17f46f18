package storage

import (
	"bytes"
	"encoding/binary"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A close that cannot flush would drop the records that are in memory alone.
func TestAFullDiskKeepsAClosingLogOpen(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := roomy()
	o.Disk = disk
	r := newRig(t, o)
	r.append(3)
	disk.failNext("write", segmentSuffix, diskFault{err: syscall.ENOSPC})
	require.ErrorIs(t, r.Log.Close(background), ErrNoSpace)
	require.Equal(t, "1.0 1.1 1.2", r.all())
	r.append(1)
	disk.failNext("write", segmentSuffix, diskFault{err: syscall.ENOSPC})
	require.ErrorIs(t, r.store.Close(background), ErrNoSpace)
	r.append(1)
	want := r.all()
	r.reopen()
	require.Equal(t, want, r.all(), "there was room again")
}

// Writers that passed a check before the lock must not all append after it.
func TestManyWaitingWritersKeepTheTailWithinItsBound(t *testing.T) {
	t.Parallel()
	o := roomy()
	o.TailBytes = 64 << 10
	r := newRig(t, o)
	r.mu.Lock()
	var writers sync.WaitGroup
	for range 100 {
		writers.Add(1)
		go func() {
			defer writers.Done()
			_, err := r.Append(background, Record{Value: make([]byte, 32<<10)})
			require.NoError(t, err)
			r.mu.Lock()
			defer r.mu.Unlock()
			require.Less(t, r.end-r.view.Load().persisted, uint64(o.TailBytes+33<<10))
		}()
	}
	r.mu.Unlock()
	writers.Wait()
}

// A log may hold a copy of a log. Its frames must not speak for the log in which they lie.
func TestFramesInAValueProveNothing(t *testing.T) {
	t.Parallel()
	o := roomy()
	inner := newRig(t, o)
	for range 20 {
		inner.append(1)
		inner.flush()
	}
	copied := fileOn(t, inner.options.Disk, theHandle+"/"+segmentName(0))[segmentHeaderBytes:]

	outer := newRig(t, o)
	outer.append(1)
	outer.flush()
	_, err := outer.Append(background, Record{Value: bytes.Repeat([]byte{1}, 400)})
	require.NoError(t, err)
	_, err = outer.Append(background, Record{Value: copied})
	require.NoError(t, err)
	torn := outer.end - uint64(frameBytes(0, len(copied))) - 8
	outer.flush()
	disk := cloneDisk(outer.options.Disk)
	f, err := disk.Open(theHandle + "/" + segmentName(0))
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xff}, int64(torn)+segmentHeaderBytes)
	require.NoError(t, err)
	o.Disk = disk
	again := newRig(t, o)
	require.Equal(t, "1.0", again.all(), "a torn tail, cut")
}

// A header that claims more bytes than the file has is no candidate, so it must not use up what the search for a proof may
// checksum: the damage would be taken for a torn tail, and cut away.
func TestCandidatesLongerThanTheFileDoNotUseUpTheSearchForAProof(t *testing.T) {
	t.Parallel()
	claim := make([]byte, frameHeaderBytes)
	binary.LittleEndian.PutUint32(claim[4:], maxFrameBytes)
	binary.LittleEndian.PutUint64(claim[8:], 9) // Tx
	claim[27] = flagLast
	binary.LittleEndian.PutUint32(claim[28:], 1) // since: durable up to the place right before it
	o := roomy()
	r := newRig(t, o)
	_, err := r.Append(background, Record{Value: bytes.Repeat(claim, 40)})
	require.NoError(t, err)
	r.flush()
	r.append(1) // proves that the first transaction had been synced
	r.flush()
	disk := cloneDisk(r.options.Disk)
	f, err := disk.Open(theHandle + "/" + segmentName(0))
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{0xff}, segmentHeaderBytes)
	require.NoError(t, err)
	o.Disk = disk
	store, err := Open(background, "memory", o)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(background)) }()
	_, err = store.Log(background, theHandle)
	var damage *DamageError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, int64(segmentHeaderBytes), damage.Byte)
}
