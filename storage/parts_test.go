package storage

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// scanned is what a scan of a log in one file finds in parts that begin past these bytes. inParts is where the joined parts end.
func scanned(t *testing.T, content []byte, chunkBytes uint64, starts ...int64) (found recovered, inParts int64) {
	t.Helper()
	file := fileOf(t, &sparseDisk{Disk: MemoryDisk(), block: 64}, content)
	g := &segment{file: file}
	scan := newSparseScanner(file, segmentHeaderBytes, int64(len(content)), 0)
	require.NoError(t, found.scanParts(background, scan, g, starts, chunkBytes))
	inParts = scan.at
	require.NoError(t, found.scanFrames(background, scan, chunkBytes))
	return found, inParts
}

// requireSame says that both scans found the same; the boundaries of chunks may differ.
func requireSame(t *testing.T, one, parts recovered, starts []int64) {
	t.Helper()
	one.boundaries, parts.boundaries = nil, nil
	g := &segment{}
	require.LessOrEqual(t, parts.frameBefore(g, parts.durable), parts.durable)
	one.marks, parts.marks = nil, nil
	require.Equal(t, one, parts, "parts from %v", starts)
}

// copiedContent is a log of which a record holds a copy of the log before it.
func copiedContent(t *testing.T) []byte {
	r := reference(t)
	copied := contentOf(r.view.Load().segments[0].file)[segmentHeaderBytes:][:r.view.Load().persisted]
	for range 2 {
		_, err := r.Append(background, Record{Value: copied}, Record{Key: []byte("last")})
		require.NoError(t, err)
		r.flush()
	}
	return contentOf(r.view.Load().segments[0].file)[:segmentHeaderBytes+r.view.Load().persisted]
}

func TestPartsFindWhatOneScanFinds(t *testing.T) {
	t.Parallel()
	joined := 0
	for _, content := range append(spoiledContents(t), copiedContent(t)) {
		one, _ := scanned(t, content, 1<<40)
		for at := int64(segmentHeaderBytes); at < int64(len(content)) && at < 2000; at += 5 * frameAlign {
			for _, starts := range [][]int64{{at}, {at, at + 120}, {at, at + 120, at + 400}} {
				if starts[len(starts)-1] >= int64(len(content)) {
					continue
				}
				parts, inParts := scanned(t, content, 1<<40, starts...)
				requireSame(t, one, parts, starts)
				if inParts > starts[len(starts)-1] {
					joined++
				}
			}
		}
	}
	require.Positive(t, joined)
}

func TestAllPartsOfAnIntactLogAreJoined(t *testing.T) {
	t.Parallel()
	content := referenceContent(t)
	for at := int64(segmentHeaderBytes + frameAlign); at < int64(len(content))/2; at += frameAlign {
		found, inParts := scanned(t, content, 1<<40, at, at+200)
		require.Equal(t, int64(len(content)), inParts)
		require.Equal(t, uint64(len(content)-segmentHeaderBytes), found.end)
	}
}

// Where two parts are joined a chunk may be longer, up to twice as long.
func TestChunksOfJoinedPartsBeginWithFrames(t *testing.T) {
	t.Parallel()
	const chunk = 160
	content := referenceContent(t)
	frames, _ := scanned(t, content, 1)
	for at := int64(segmentHeaderBytes + frameAlign); at < int64(len(content))/2; at += frameAlign {
		found, _ := scanned(t, content, chunk, at, at+200)
		for k, b := range found.boundaries {
			require.Contains(t, frames.boundaries, b)
			require.True(t, k == 0 || b.position >= found.boundaries[k-1].position+chunk)
		}
		ends := slices.Sorted(slices.Values(append(positions(found.boundaries), found.end)))
		for k := 1; k < len(ends); k++ {
			require.Less(t, ends[k]-ends[k-1], uint64(2*chunk+200))
		}
	}
}

func positions(bs []boundary) (all []uint64) {
	for _, b := range bs {
		all = append(all, b.position)
	}
	return all
}

// A part that cannot be read is no torn tail: either the disk's error is reported, or another reading gives all records.
func TestAPartThatCannotBeReadIsNoTornTail(t *testing.T) {
	t.Parallel()
	o, _ := crashedSparse(t, 0)
	failed := 0
	for n := 1; n < 20; n++ {
		disk := &brokenDisk{Disk: cloneDisk(o.Disk)}
		disk.failNth("read", ".seg", n, diskFault{err: syscall.EIO})
		o.Disk = disk
		r := &rig{t: t, options: o}
		store, err := Open(background, "memory", o)
		require.NoError(t, err)
		if r.Log, err = store.Log(background, theHandle); err != nil {
			require.ErrorIs(t, err, syscall.EIO)
			failed++
		} else {
			require.Equal(t, Offset{256, 0}, r.last, "read %d", n)
		}
		disk.fail(nil)
		require.NoError(t, store.Close(background))
	}
	require.Positive(t, failed)
}

func TestOnlyALargeFileIsReadInParts(t *testing.T) {
	t.Parallel()
	require.Empty(t, partStarts(background, segmentHeaderBytes, 2*leastPartBytes))
	require.Empty(t, partStarts(background, segmentHeaderBytes, segmentHeaderBytes))
	starts := partStarts(background, segmentHeaderBytes, 100*leastPartBytes)
	require.LessOrEqual(t, len(starts), mostParts-1)
	for k, at := range starts {
		require.Zero(t, at%frameAlign)
		require.True(t, k == 0 || at >= starts[k-1]+leastPartBytes)
	}
	require.Empty(t, partStarts(failpoints.With(background, failpoints.NewDelayer(failpoints.Delays{}, 1, 1)), segmentHeaderBytes, 100*leastPartBytes))
}

// Headers that claim much must not hold up the search for a frame, and are no frames.
func TestTheSearchForAFrameChecksABoundedNumberOfBytes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	content := make([]byte, searchBytes)
	for at := 0; at < len(content); at += frameHeaderBytes {
		encodeFrame(content[at:at+frameHeaderBytes], &Record{Offset: Offset{random.Uint64(), 0}}, true, 0, 0)
		content[at+6] = 1 // 64 KiB more
	}
	scan := newScanner(bytes.NewReader(content), 0, int64(len(content)), 0)
	require.NoError(t, scan.fill(background, searchBytes))
	require.False(t, scan.seekFrame())
	require.Equal(t, int64(0), scan.at, "it stays where it was")
}
