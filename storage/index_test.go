package storage

import (
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// scanBoundaries is what a scan of the log's files finds, chunk by chunk.
func scanBoundaries(t testing.TB, r *rig) []boundary {
	t.Helper()
	found := &recovered{segments: r.view.Load().segments}
	for i, g := range found.segments {
		require.Equal(t, found.stop, g.start)
		require.NoError(t, r.store.scanSegment(background, found, i))
	}
	return found.boundaries
}

// indexFile is what the index file holds.
func indexFile(t testing.TB, r *rig) (bs []boundary) {
	t.Helper()
	content := fileOn(t, r.options.Disk, theHandle+"/"+indexName)
	for ; len(content) >= boundaryBytes; content = content[boundaryBytes:] {
		b, ok := decodeBoundary(content)
		require.True(t, ok)
		bs = append(bs, b)
	}
	return bs
}

// indexed is a log with more boundaries than a view carries, all flushed.
func indexed(t testing.TB) *rig {
	r := newRig(t, small())
	for i := range 60 {
		r.append(1 + i%4)
		if i%3 == 0 {
			r.flush()
		}
	}
	r.flush()
	require.Greater(t, r.view.Load().index.count, 3*cachedBoundaries, "more than a view carries")
	return r
}

func TestTheIndexHoldsTheBoundariesThatAScanFinds(t *testing.T) {
	t.Parallel()
	r := indexed(t)
	want := scanBoundaries(t, r)
	require.Equal(t, want, indexFile(t, r))
	index := r.view.Load().index
	require.Equal(t, len(want), index.count)
	require.Equal(t, want[len(want)-cachedBoundaries:], index.newest)
	r.reopen()
	require.Equal(t, want, indexFile(t, r))
	for range 30 {
		r.append(2)
		r.flush()
	}
	require.Equal(t, scanBoundaries(t, r), indexFile(t, r), "also what is added after a recovery")
}

func TestTheIndexLeadsToAPlaceBeforeTheRecord(t *testing.T) {
	t.Parallel()
	r := indexed(t)
	index := r.view.Load().index
	bs := scanBoundaries(t, r)
	require.Zero(t, index.seek(background, Offset{}))
	require.Equal(t, bs[len(bs)-1].position, index.seek(background, End))
	for i, b := range bs {
		require.Equal(t, b.position, index.seek(background, b.offset), "boundary %d", i)
		if i > 0 {
			require.Equal(t, bs[i-1].position, index.seek(background, before(b.offset)), "just before boundary %d", i)
		}
	}
}

// before is the largest offset before o.
func before(o Offset) Offset {
	if o.Op > 0 {
		return Offset{o.Tx, o.Op - 1}
	}
	return Offset{o.Tx - 1, math.MaxUint64}
}

// readsFromEverywhere checks a read from every offset of a log against the whole.
func readsFromEverywhere(t *testing.T, r *rig) {
	t.Helper()
	whole, err := readAll(r.Log, Offset{}, End)
	require.NoError(t, err)
	for i, record := range whole {
		got, err := readAll(r.Log, record.Offset, End)
		require.NoError(t, err)
		require.Len(t, got, len(whole)-i-1, "from %v", record.Offset)
		if len(got) > 0 {
			require.Equal(t, whole[i+1:], got)
		}
	}
}

func TestASpoiledIndexCostsNoRecord(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, f File){
		"damaged first entry": func(t *testing.T, f File) { writeOver(t, f, 0, 40) },
		"damaged entries": func(t *testing.T, f File) {
			size, _ := f.Size()
			for at := int64(5); at < size; at += 100 {
				writeOver(t, f, at, 3)
			}
		},
		"truncated in an entry": func(t *testing.T, f File) { require.NoError(t, f.Truncate(3*boundaryBytes+7)) },
		"emptied":               func(t *testing.T, f File) { require.NoError(t, f.Truncate(0)) },
		"zeroed":                func(t *testing.T, f File) { writeOver(t, f, 0, 4096) },
		"ahead of the log": func(t *testing.T, f File) {
			size, _ := f.Size()
			ahead := encodeBoundaries([]boundary{{Offset{9999, 0}, 1 << 40}, {Offset{10000, 0}, 1 << 41}})
			_, err := f.WriteAt(ahead, size)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := indexed(t)
			want := scanBoundaries(t, r)
			f, err := r.options.Disk.Open(theHandle + "/" + indexName)
			require.NoError(t, err)
			spoil(t, f)
			readsFromEverywhere(t, r)
			r.reopen()
			require.Equal(t, want, indexFile(t, r), "recovery makes it whole")
			readsFromEverywhere(t, r)
		})
	}
}

// writeOver puts zeros over n bytes of a file.
func writeOver(t *testing.T, f File, at int64, n int) {
	t.Helper()
	_, err := f.WriteAt(make([]byte, n), at)
	require.NoError(t, err)
}

func TestAMissingIndexIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := indexed(t)
	want := indexFile(t, r)
	require.NoError(t, r.store.Close(background))
	require.NoError(t, r.options.Disk.Remove(theHandle+"/"+indexName))
	r.open()
	require.Equal(t, want, indexFile(t, r))
	readsFromEverywhere(t, r)
}

func TestAnAbortTakesItsBoundariesBack(t *testing.T) {
	t.Parallel()
	for _, spoiled := range []bool{false, true} {
		r := newRig(t, small())
		for range 3 {
			r.append(2)
		}
		r.flush()
		want := indexFile(t, r)
		tx, err := r.Begin(background)
		require.NoError(t, err)
		for i := range 80 { // many more boundaries than a view carries
			require.NoError(t, tx.Add(background, recordAt(Offset{tx.Tx(), uint64(i)})))
			if i%7 == 0 {
				r.flushFragments()
			}
		}
		r.flushFragments()
		require.Greater(t, r.view.Load().index.count, len(want)+2*cachedBoundaries)
		if spoiled {
			f, err := r.options.Disk.Open(theHandle + "/" + indexName)
			require.NoError(t, err)
			var encoded [boundaryBytes]byte
			for i := range r.view.Load().index.count { // entries that lead into the middle of a frame
				b := boundary{Offset{1, 0}, 12}
				b.encode(encoded[:])
				_, err := f.WriteAt(encoded[:24], int64(i)*boundaryBytes)
				require.NoError(t, err)
			}
		}
		require.NoError(t, tx.Abort(background))
		for range 40 {
			r.append(3)
			r.flush()
		}
		readsFromEverywhere(t, r)
		if !spoiled {
			require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
		}
		r.reopen()
		require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte{}, uint64(0), uint64(0))
	f.Add(encodeBoundaries([]boundary{{Offset{1, 0}, 0}}), uint64(1), uint64(0))
	f.Add(encodeBoundaries([]boundary{{Offset{1, 0}, 0}, {Offset{5, 2}, 400}, {Offset{9, 0}, 900}}), uint64(5), uint64(3))
	f.Add(make([]byte, 100), uint64(7), uint64(0))
	f.Fuzz(func(t *testing.T, content []byte, tx, op uint64) {
		disk := MemoryDisk()
		putFile(t, disk, "index", content)
		file, err := disk.Open("index")
		require.NoError(t, err)
		x := chunkIndex{file: file, count: len(content) / boundaryBytes}
		after := Offset{tx, op}
		position := x.seek(background, after)
		if position == 0 {
			return
		}
		for at := 0; at+boundaryBytes <= len(content); at += boundaryBytes {
			if b, ok := decodeBoundary(content[at:]); ok && b.position == position && !after.Before(b.offset) {
				return
			}
		}
		t.Fatalf("seek(%v) = %d, which no intact entry at or before it says", after, position)
	})
}

// fullForTheIndex has the disk no room for the index, as it had none while the log was written.
func fullForTheIndex(c diskCall) *diskFault {
	if strings.HasSuffix(c.name, indexName) && (c.operation == "write" || c.operation == "create") {
		return &diskFault{err: syscall.ENOSPC, keep: 40}
	}
	return nil
}

// The index is derived: a disk that has no room for it must not keep a log closed that is whole.
func TestAFullDiskKeepsNoLogClosed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, d Disk, path string){
		"as it was left": func(*testing.T, Disk, string) {},
		"missing":        func(t *testing.T, d Disk, path string) { require.NoError(t, d.Remove(path)) },
		"spoiled":        func(t *testing.T, d Disk, path string) { putFile(t, d, path, make([]byte, 4096)) },
		"cut":            func(t *testing.T, d Disk, path string) { putFile(t, d, path, fileOn(t, d, path)[:3*boundaryBytes+7]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newBrokenDisk()
			o := small()
			o.Disk = disk
			r := newRig(t, o)
			for i := range 40 {
				if i == 20 {
					disk.fail(fullForTheIndex)
				}
				r.append(1 + i%4)
				r.flush()
			}
			want := r.all()
			disk = &brokenDisk{Disk: cloneDisk(disk)}
			require.NoError(t, r.store.Close(background))
			spoil(t, disk, theHandle+"/"+indexName)
			disk.fail(fullForTheIndex)
			r.options.Disk = disk
			r.open()
			require.Equal(t, want, r.all())
			readsFromEverywhere(t, r)
			tx := r.begin()
			r.add(tx, 9)
			r.flushFragments()
			require.NoError(t, tx.Abort(background))
			for range 10 {
				r.append(2)
				r.flush()
			}
			readsFromEverywhere(t, r)
			disk.fail(nil) // there is room again
			r.append(1)
			r.flush()
			readsFromEverywhere(t, r)
			if name != "missing" {
				require.Equal(t, scanBoundaries(t, r), indexFile(t, r), "what waited came with a flush")
			}
			r.reopen()
			require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
			readsFromEverywhere(t, r)
		})
	}
}
