package storage

import (
	"bytes"
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sparseDisk is a disk whose files know where they hold zeros only, in blocks. It tells read what is read from a segment.
type sparseDisk struct {
	Disk
	block int64
	read  func(f File, at int64, bytes int)
}

func (d *sparseDisk) Open(name string) (File, error) {
	f, err := d.Disk.Open(name)
	return sparseFile{f, d}, err
}

type sparseFile struct {
	File
	disk *sparseDisk
}

func (f sparseFile) NextData(at int64) (from, to int64) {
	return nextData(contentOf(f.File), at, f.disk.block)
}

func (f sparseFile) ReadAt(p []byte, at int64) (int, error) {
	if f.disk.read != nil {
		f.disk.read(f.File, at, len(p))
	}
	return f.File.ReadAt(p, at)
}

// nextData is the first stretch of blocks at or past at that are not all zero.
func nextData(content []byte, at, block int64) (from, to int64) {
	holds := func(at int64) bool {
		begin := at / block * block
		return !allZero(content[begin:min(begin+block, int64(len(content)))])
	}
	size := int64(len(content))
	for from = at; from < size && !holds(from); from = (from/block + 1) * block {
	}
	if from >= size {
		return math.MaxInt64, math.MaxInt64
	}
	for to = from; to < size && holds(to); to = (to/block + 1) * block {
	}
	return from, min(to, size)
}

// spoiledContents are logs in one file with something wrong in them, and room past them.
func spoiledContents(t *testing.T) (all [][]byte) {
	content, _ := referenceStops(t)
	room := make([]byte, 3*minScanBytes)
	all = append(all, content, append(bytes.Clone(content), room...))
	for at := segmentHeaderBytes; at+200 < len(content); at += 56 {
		flipped, zeroed := append(bytes.Clone(content), room...), append(bytes.Clone(content), room...)
		flipped[at+5] ^= 1
		clear(zeroed[at : at+200])
		all = append(all, flipped, zeroed)
	}
	return all
}

func TestRecoveryFindsTheSameInAFileThatKnowsItsHoles(t *testing.T) {
	t.Parallel()
	contents := spoiledContents(t)
	kinds := map[bool]int{}
	for _, content := range contents {
		held, untouched, err := recoverSpoiled(t, content)
		kinds[errors.Is(err, ErrDamaged)]++
		for _, block := range []int64{8, 16, 40, 64, minScanBytes} {
			sparse, same, failed := recoverSpoiledOn(t, &sparseDisk{Disk: MemoryDisk(), block: block}, content)
			require.Equal(t, err, failed, "blocks of %d", block)
			require.Equal(t, held, sparse)
			require.Equal(t, untouched, same)
		}
	}
	require.Positive(t, kinds[true], "some were damaged")
	require.Positive(t, kinds[false], "some had a torn tail")
}

// The header of a frame of few bytes other than zero may end in a hole.
func TestAProofIsFoundAtTheEdgeOfAHole(t *testing.T) {
	t.Parallel()
	const block = 64
	for before := 2 * frameAlign; before <= block; before += frameAlign {
		const blocks = 2 * minScanBytes / block
		content := make([]byte, (blocks+4)*block)
		at := blocks*block - before
		position := uint64(at - segmentHeaderBytes)
		encodeFrame(content[at:at+2*block], &Record{Offset: Offset{Tx: 1}, Value: make([]byte, 2*block-frameHeaderBytes)}, false, 0, position)
		file := fileOf(t, &sparseDisk{Disk: MemoryDisk(), block: block}, content)
		_, hole := file.NextData(int64(at))
		require.Equal(t, int64(blocks*block), hole)
		proof, err := findProof(background, &segment{file: file}, 0, int64(len(content)))
		require.NoError(t, err)
		require.Equal(t, int64(at), proof, "%d bytes before the hole", before)
	}
}

func fileOf(t *testing.T, d *sparseDisk, content []byte) sparseFile {
	t.Helper()
	putFile(t, d, "file", content)
	f, err := d.Open("file")
	require.NoError(t, err)
	return f.(sparseFile)
}

// crashedSparse is a log with default options and megabytes of records, as a crash leaves it. chunkBytes is the size of its chunks.
func crashedSparse(t *testing.T, chunkBytes int64) (o Options, end int64) {
	t.Helper()
	o = roomy()
	o.ChunkBytes = chunkBytes
	r := newRig(t, o)
	for range 32 {
		for range 8 {
			_, err := r.Append(background, Record{Value: bytes.Repeat([]byte{1}, 4<<10)})
			require.NoError(t, err)
		}
		r.flush()
	}
	g := r.view.Load().segments[0]
	size, err := g.file.Size()
	require.NoError(t, err)
	end = g.at(r.view.Load().persisted)
	require.Greater(t, size, end+maxScanBytes, "there is room past the records")
	o.Disk = cloneDisk(r.options.Disk)
	return o, end
}

func TestRecoveryDoesNotReadRoomThatWasReserved(t *testing.T) {
	t.Parallel()
	o, end := crashedSparse(t, 0)
	var last atomic.Int64
	o.Disk = &sparseDisk{Disk: o.Disk, block: minScanBytes, read: func(_ File, at int64, n int) {
		for before := last.Load(); at+int64(n) > before && !last.CompareAndSwap(before, at+int64(n)); before = last.Load() {
		}
	}}
	newRig(t, o)
	require.GreaterOrEqual(t, last.Load(), end, "it read the records")
	require.Less(t, last.Load(), end+minScanBytes+frameHeaderBytes)
}

// Whatever the size of chunks is, recovery reads once what a frame calls durable.
func TestRecoveryReadsAgainOnlyWhatItWritesAgain(t *testing.T) {
	t.Parallel()
	o, end := crashedSparse(t, 1<<40)
	var total atomic.Int64
	o.Disk = &sparseDisk{Disk: o.Disk, block: minScanBytes, read: func(_ File, _ int64, n int) { total.Add(int64(n)) }}
	newRig(t, o)
	require.Greater(t, total.Load(), end, "it read everything")
	require.Less(t, total.Load(), end+end/4)
}
