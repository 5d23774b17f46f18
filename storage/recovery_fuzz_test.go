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
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20+200*len(content)), "memory is bounded by the file")
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
		binary.LittleEndian.PutUint32(rest, crc32.Checksum(rest[4:frameLength(rest)], castagnoli))
		rest = rest[room:]
	}
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
