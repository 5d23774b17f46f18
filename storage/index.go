package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sort"
	"syscall"

	"github.com/pingcap/failpoint"
)

// A boundary is one entry of the chunk index: the frame at position starts a chunk and holds offset. On disk it is
// boundaryBytes long, CRC-32C last.
type boundary struct {
	offset   Offset
	position uint64
}

const (
	boundaryBytes = 32 // Tx, Op, position, CRC of those, 0
	indexName     = "index"
	// cachedBoundaries is how many of the newest boundaries a view holds. A read that starts past the oldest of them finds
	// its position without reading the index file.
	cachedBoundaries = 8
)

// A chunkIndex maps offsets to positions, one entry per chunk. Recovery rebuilds it from the log, so it needs no sync. An
// entry is written only after the records that it points to are durable.
type chunkIndex struct {
	file   File
	count  int        // entries in the file
	newest []boundary // the last of these entries, at most cachedBoundaries
}

func (b boundary) encode(dst []byte) {
	binary.LittleEndian.PutUint64(dst, b.offset.Tx)
	binary.LittleEndian.PutUint64(dst[8:], b.offset.Op)
	binary.LittleEndian.PutUint64(dst[16:], b.position)
	binary.LittleEndian.PutUint32(dst[24:], crc32.Checksum(dst[:24], castagnoli))
	binary.LittleEndian.PutUint32(dst[28:], 0)
}

func decodeBoundary(src []byte) (boundary, bool) {
	b := boundary{
		offset:   Offset{Tx: binary.LittleEndian.Uint64(src), Op: binary.LittleEndian.Uint64(src[8:])},
		position: binary.LittleEndian.Uint64(src[16:]),
	}
	return b, crc32.Checksum(src[:24], castagnoli) == binary.LittleEndian.Uint32(src[24:])
}

// seek returns a position at or before the first record past after. If it cannot read the index, it returns 0, which is
// always right, and no error: an unreadable index costs time, not records.
func (x *chunkIndex) seek(ctx context.Context, after Offset) uint64 {
	behind := func(b boundary) bool { return after.Before(b.offset) }
	if k := sort.Search(len(x.newest), func(k int) bool { return behind(x.newest[k]) }); k > 0 {
		return x.newest[k-1].position
	}
	older, intact := x.count-len(x.newest), true
	entry := func(k int) (b boundary) {
		var buf [boundaryBytes]byte
		failpoint.InjectCall("index/before-read", ctx)
		_, err := x.file.ReadAt(buf[:], int64(k)*boundaryBytes)
		b, ok := decodeBoundary(buf[:])
		intact = intact && ok && (err == nil || errors.Is(err, io.EOF))
		return b
	}
	k := sort.Search(older, func(k int) bool { return behind(entry(k)) })
	if k == 0 {
		return 0
	}
	if b := entry(k - 1); intact {
		return b.position
	}
	return 0
}

// add returns the index with more boundaries. Their entries are in the file already.
func (x chunkIndex) add(more []boundary) chunkIndex {
	if len(more) == 0 {
		return x
	}
	all := append(append([]boundary(nil), x.newest...), more...)
	x.count += len(more)
	x.newest = all[max(0, len(all)-cachedBoundaries):]
	return x
}

// before returns the index without the boundaries at position or past it. The file keeps their bytes; nobody reads them
// before later entries overwrite them.
//
// If it cannot read an entry, it returns an empty index, and reads start their scan at position 0.
//
//racewindow:atomic because only the leader of a round writes the index, and that is the caller
func (x chunkIndex) before(position uint64) chunkIndex {
	for x.count > 0 {
		if len(x.newest) == 0 {
			var buf [boundaryBytes]byte
			_, err := x.file.ReadAt(buf[:], int64(x.count-1)*boundaryBytes)
			b, intact := decodeBoundary(buf[:])
			if err != nil || !intact {
				return chunkIndex{file: x.file}
			}
			x.newest = []boundary{b}
		}
		if x.newest[len(x.newest)-1].position < position {
			return x
		}
		x.newest = x.newest[: len(x.newest)-1 : len(x.newest)-1]
		x.count--
	}
	return x
}

func encodeBoundaries(bs []boundary) []byte {
	buf := make([]byte, len(bs)*boundaryBytes)
	for i, b := range bs {
		b.encode(buf[i*boundaryBytes:])
	}
	return buf
}

// repairIndex makes the index file hold exactly the boundaries that a scan of the log found, and returns the index. A full
// disk must not keep an intact log closed, so there the index holds only the boundaries at the start of found that the
// file held before, perhaps none, and waiting lists the others.
//
//racewindow:atomic because the log is not open yet: nobody else has its files
func repairIndex(disk Disk, folder string, found []boundary) (index chunkIndex, waiting []boundary, err error) {
	path := folder + "/" + indexName
	f, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = disk.Create(path)
	}
	if errors.Is(err, syscall.ENOSPC) {
		return chunkIndex{file: noIndexFile{}}, found, nil
	}
	if err != nil {
		return chunkIndex{}, nil, fmt.Errorf("open %s: %w", path, err)
	}
	want := encodeBoundaries(found)
	have := make([]byte, len(want))
	if _, err := f.ReadAt(have, 0); err != nil && !errors.Is(err, io.EOF) {
		clear(have)
	}
	if string(have) != string(want) {
		_, err := f.WriteAt(want, 0)
		if errors.Is(err, syscall.ENOSPC) {
			kept := sameEntries(have, want)
			found, waiting = found[:kept], found[kept:]
		} else if err != nil {
			return chunkIndex{}, nil, errors.Join(fmt.Errorf("rebuild %s: %w", path, err), f.Close())
		}
	}
	if err := f.Truncate(int64(len(found)) * boundaryBytes); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return chunkIndex{}, nil, errors.Join(fmt.Errorf("truncate %s: %w", path, err), f.Close())
	}
	return chunkIndex{file: f}.add(found), waiting, nil
}

// sameEntries counts the entries at the start of two encoded lists that are equal.
func sameEntries(have, want []byte) (n int) {
	for (n+1)*boundaryBytes <= len(want) && string(have[n*boundaryBytes:(n+1)*boundaryBytes]) == string(want[n*boundaryBytes:(n+1)*boundaryBytes]) {
		n++
	}
	return n
}

// A noIndexFile stands for an index file that a full disk had no room to create. It never holds a boundary, so reads start
// at the log's start. The next recovery makes a real one.
type noIndexFile struct{}

func (noIndexFile) ReadAt([]byte, int64) (int, error)  { return 0, io.EOF }
func (noIndexFile) WriteAt([]byte, int64) (int, error) { return 0, syscall.ENOSPC }
func (noIndexFile) Truncate(int64) error               { return nil }
func (noIndexFile) Allocate(int64) error               { return nil }
func (noIndexFile) Sync() error                        { return nil }
func (noIndexFile) Size() (int64, error)               { return 0, nil }
func (noIndexFile) Close() error                       { return nil }
