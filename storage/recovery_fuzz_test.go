package storage

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzRecovery(f *testing.F) {
	r := newRig(f, Options{FlushBytes: onRequest, FlushInterval: -1, ArenaBytes: 64})
	for i := range 3 {
		r.append(1 + i)
		r.flush()
	}
	content := contentOf(r.view.Load().segments[0].file)[:segmentHeaderBytes+r.view.Load().persisted]
	flipped := append([]byte(nil), content...)
	flipped[segmentHeaderBytes+40] ^= 4
	hostile := append([]byte(nil), content...)
	binary.LittleEndian.PutUint32(hostile[segmentHeaderBytes+4:], math.MaxUint32)
	for _, seed := range [][]byte{
		{}, segmentHeader(0), content, content[:len(content)-20], flipped, hostile, append(segmentHeader(0), make([]byte, 4096)...),
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, content []byte, mend bool) {
		if mend {
			mendSums(content)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		held, untouched, err := recoverAnything(t, content)
		runtime.ReadMemStats(&after)
		// Two recoveries and two reads take 6 KiB, and for each frame of 32 bytes some 500: its record, cloned, in growing
		// slices. A header may claim 16 MiB.
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<10+64*len(content)), "memory is bounded by the file")
		if err != nil {
			require.True(t, untouched)
			require.True(t, errors.Is(err, ErrDamaged) || errors.Is(err, ErrForeign) || errors.Is(err, ErrNewerFormat), "%v", err)
			return
		}
		for i, record := range held {
			if i > 0 {
				require.True(t, held[i-1].Offset.Before(record.Offset))
			}
		}
	})
}

// mendSums makes the checksums right, so that a fuzzer gets past them.
func mendSums(content []byte) {
	if len(content) < segmentHeaderBytes {
		return
	}
	copy(content, segmentHeader(0))
	for rest := content[segmentHeaderBytes:]; len(rest) >= frameHeaderBytes; {
		room := frameRoom(rest)
		if frameLength(rest) < frameHeaderBytes || room > len(rest) {
			rest = rest[frameAlign:]
			continue
		}
		position := uint64(len(content) - segmentHeaderBytes - len(rest))
		binary.LittleEndian.PutUint32(rest, crc32.Update(frameSeed(position), castagnoli, rest[4:frameLength(rest)]))
		rest = rest[room:]
	}
}

// Were the sums of an intact log not right as they are, a fuzzer that mends them would never get past the first frame.
func TestMendingAnIntactLogChangesNothing(t *testing.T) {
	t.Parallel()
	content := referenceContent(t)
	mended := append([]byte(nil), content...)
	mendSums(mended)
	require.Equal(t, content, mended)
	for at := segmentHeaderBytes; at < len(mended); at += frameRoom(mended[at:]) {
		mended[at] ^= 1
	}
	mendSums(mended)
	require.Equal(t, content, mended)
}

// recoverAnything is recoverSpoiled for bytes that may hold any records; it opens twice and expects the same.
func recoverAnything(t testing.TB, content []byte) (held []Record, untouched bool, err error) {
	t.Helper()
	disk := MemoryDisk()
	require.NoError(t, disk.Mkdir(theHandle))
	putFile(t, disk, referenceSegment, content)
	for again := range 2 {
		o := roomy()
		o.Disk = disk
		store, err := Open(background, "memory", o)
		require.NoError(t, err)
		l, err := store.Log(background, theHandle)
		if err != nil {
			require.Zero(t, again, "a log that opened once opens twice")
			untouched = string(fileOn(t, disk, referenceSegment)) == string(content)
			require.NoError(t, store.Close(background))
			return nil, untouched, err
		}
		records, err := readAll(l, Offset{}, End)
		require.NoError(t, err)
		if again > 0 {
			require.Equal(t, held, records)
		}
		held = records
		require.NoError(t, store.Close(background))
	}
	return held, true, nil
}
