package storage

import (
	"fmt"
	"time"
)

// Options of a store. Zero fields mean the documented defaults.
type Options struct {
	// Create makes the folder if it is missing.
	Create bool
	// Handover says how flushed records pass from memory to the file; default Snapshot.
	Handover Handover
	// Disk replaces the file system, for tests and simulations; default is the real one below the store's folder.
	Disk Disk
	// ArenaBytes is the size of the blocks that hold the tail, 64 bytes to 64 MiB; default 64 KiB. In a store of few logs, a
	// log that has appended 256 KiB takes several at a time, and may so keep 4 MiB more in memory than it uses.
	ArenaBytes int
	// FlushBytes is how many bytes of unflushed records start a flush; default 64 KiB.
	FlushBytes int64
	// FlushInterval is how long a record may stay unflushed before the log asks the store's flusher for a flush; default
	// 1 s. The flusher takes one log after another, so many logs on a slow disk wait longer. Negative: no flush by time.
	FlushInterval time.Duration
	// TailBytes bounds the memory that unflushed records take: an append that finds it used up waits for a flush; default
	// 8 MiB. A larger tail takes a longer burst without waiting, and costs more for each record: it never fits in a
	// processor's cache.
	TailBytes int64
	// CacheBytes is how many bytes of flushed records stay in memory for readers, those of all logs of the store together;
	// default 8 MiB, negative: none. At each flush a log keeps its newest records up to an equal share, in whole arenas
	// and at most 256 of them. A read of these does not touch the disk. Only the default hand-over has this cache.
	CacheBytes int64
	// ChunkBytes is the distance between two entries of the chunk index; default 64 KiB.
	ChunkBytes int64
	// SegmentBytes is the size at which a log continues in a new file, checked at each flush; default 64 MiB.
	SegmentBytes int64
	// MaxValueBytes bounds the value of a record; default and maximum 16 MiB.
	MaxValueBytes int
	// NoSync makes flushes write without syncing. The kernel then decides what survives a crash of the machine: some prefix of
	// whole transactions, which holds at least what the log held when it was opened. What comes after the first damage in
	// what was written since is cut off, as a torn tail is. The next opening makes all of it durable, which takes as
	// long as writing it again.
	NoSync bool
}

const (
	maxValueBytes = 16 << 20
	minArenaBytes = 64
	maxArenaBytes = 64 << 20
)

func (o Options) withDefaults() Options {
	if o.Handover.make == nil {
		o.Handover = defaultHandover()
	}
	setDefault(&o.ArenaBytes, 64<<10)
	setDefault(&o.FlushBytes, 64<<10)
	setDefault(&o.FlushInterval, time.Second)
	setDefault(&o.TailBytes, 8<<20)
	setDefault(&o.CacheBytes, 8<<20)
	setDefault(&o.ChunkBytes, 64<<10)
	setDefault(&o.SegmentBytes, 64<<20)
	setDefault(&o.MaxValueBytes, maxValueBytes)
	return o
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// check reports the first option out of bounds, defaults applied.
func (o Options) check() error {
	for _, b := range []struct {
		name           string
		value, low, up int64
	}{
		{"ArenaBytes", int64(o.ArenaBytes), minArenaBytes, maxArenaBytes},
		{"FlushBytes", o.FlushBytes, 1, 1 << 40},
		{"TailBytes", o.TailBytes, 1, 1 << 40},
		{"CacheBytes", max(o.CacheBytes, 0), 0, 1 << 40},
		{"ChunkBytes", o.ChunkBytes, 1, 1 << 40},
		{"SegmentBytes", o.SegmentBytes, 1, 1 << 40},
		{"MaxValueBytes", int64(o.MaxValueBytes), 1, maxValueBytes},
	} {
		if b.value < b.low || b.value > b.up {
			return fmt.Errorf("%w: %s is %d: must lie between %d and %d", ErrOptions, b.name, b.value, b.low, b.up)
		}
	}
	return nil
}
