// Package rosedb adapts github.com/rosedblabs/wal v1.3.8, the log of rosedb and lotusdb.
//
// What it promises, in our words:
//
//   - Visible: a record can be read at the position that Write returns, and a reader iterates all segments and reads all their data. All
//     functions may be called at once. (https://pkg.go.dev/github.com/rosedblabs/wal@v1.3.8#WAL.NewReader,
//     https://github.com/rosedblabs/wal/tree/v1.3.8#key-features)
//   - Durable: with Options.Sync when Write has returned, because each write is followed by an fsync; otherwise when Sync has returned.
//     WriteAll never syncs. Close does not say that it syncs.
//     (https://pkg.go.dev/github.com/rosedblabs/wal@v1.3.8#Options, and #WAL.Sync, #WAL.WriteAll)
//   - After an error: nothing is said. ErrInvalidCRC says that data may be corrupted; what a torn write leaves, and what to do then, is not
//     said. (https://pkg.go.dev/github.com/rosedblabs/wal@v1.3.8#pkg-variables)
package rosedb

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/rosedblabs/wal"

	"github.com/racewindow/racewindow/harness/adapters"
)

// Options say how a log is opened. The last two are what a caller can do about what findings/rosedb.md describes.
type Options struct {
	Durable bool  // what Append appends is durable when it returns
	Segment int64 // so many bytes a segment has at most; 0 is the engine's default, 1 GiB
	Named   bool  // the folder is synced after a segment was made
	Next    bool  // after a torn write, appending goes on in a new segment
}

// A Log is a log of rosedb/wal. The engine finds records by position, so the log keeps the positions of all records in memory.
type Log struct {
	Engine *wal.WAL

	folder    string
	options   Options
	mu        sync.Mutex // from writing a record until its position is known
	positions []*wal.ChunkPosition
}

var _ adapters.Log = (*Log)(nil)

// Open opens the log in a folder. What a loss of power has torn ends what can be read.
func Open(folder string, o Options) (*Log, error) {
	options := wal.DefaultOptions
	options.DirPath, options.Sync = folder, o.Durable
	if o.Segment > 0 {
		options.SegmentSize = o.Segment
	}
	engine, err := wal.Open(options)
	if err != nil {
		return nil, err
	}
	l := &Log{Engine: engine, folder: folder, options: o}
	if err = l.recover(); err == nil && o.Named {
		err = adapters.SyncFolder(folder)
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return l, nil
}

// recover reads the positions of all records, as rosedb does when it starts: into blocks that no other log has used. What is read into the
// others, which all logs of a process share, may go on after the end of a segment with bytes that are left there.
func (l *Log) recover() error {
	l.Engine.SetIsStartupTraversal(true)
	defer l.Engine.SetIsStartupTraversal(false)
	reader, last := l.Engine.NewReader(), l.Engine.ActiveSegmentID()
	for {
		_, position, err := reader.Next()
		switch {
		case err == nil:
			l.positions = append(l.positions, position)
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, wal.ErrInvalidCRC):
			return err
		case !l.options.Next:
			return nil
		case reader.CurrentSegmentId() == last:
			return l.Engine.OpenNewActiveSegment()
		default:
			reader.SkipCurrentSegment()
		}
	}
}

// Append is adapters.Log's.
func (l *Log) Append(values ...[]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	segment := l.Engine.ActiveSegmentID()
	positions, err := l.write(values)
	if err == nil && l.options.Named && l.Engine.ActiveSegmentID() != segment {
		err = adapters.SyncFolder(l.folder)
	}
	if err == nil {
		l.positions = append(l.positions, positions...)
	}
	return err
}

func (l *Log) write(values [][]byte) ([]*wal.ChunkPosition, error) {
	if len(values) == 1 {
		position, err := l.Engine.Write(values[0])
		return []*wal.ChunkPosition{position}, err
	}
	for _, value := range values {
		l.Engine.PendingWrites(value)
	}
	positions, err := l.Engine.WriteAll()
	if err == nil && l.options.Durable {
		err = l.Engine.Sync()
	}
	return positions, err
}

// Sync is adapters.Log's.
func (l *Log) Sync() error { return l.Engine.Sync() }

// Last is adapters.Log's.
func (l *Log) Last() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.positions)), nil
}

// Read is adapters.Log's.
func (l *Log) Read(number uint64) ([]byte, error) {
	position := l.position(number)
	if position == nil {
		return nil, fmt.Errorf("read %d: %w", number, adapters.ErrMissing)
	}
	return l.Engine.Read(position)
}

// position is where a record is, nil for none.
func (l *Log) position(number uint64) *wal.ChunkPosition {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number == 0 || number > uint64(len(l.positions)) {
		return nil
	}
	return l.positions[number-1]
}

// Scan is adapters.Log's. It uses the engine's own reader.
func (l *Log) Scan(visit func(value []byte) error) error {
	for reader := l.Engine.NewReader(); ; {
		value, _, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(value)
		}
		if err != nil {
			return err
		}
	}
}

// Close is adapters.Log's.
func (l *Log) Close() error { return l.Engine.Close() }
