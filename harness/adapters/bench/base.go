package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// base is bare file I/O, which the table compares with the engine. It frames records with length and CRC-32C, collects
// them in a buffer and writes that with plain file writes; it reads with pread and checks the CRC. It has no offsets, no
// transactions, no recovery of a torn tail and no reads of what is not written yet, so it shows a limit and is no
// competitor.
type base struct {
	file    *os.File
	value   []byte
	buffer  []byte
	written atomic.Int64 // bytes in the file
	mu      sync.Mutex   // for appendDurable
}

const (
	baseHeader = 8 // length, CRC-32C
	baseBuffer = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func openBase(_ context.Context, folder string, w work, _ mode) (subject, error) {
	file, err := os.OpenFile(filepath.Join(folder, "records"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	b := &base{file: file, value: make([]byte, w.value), buffer: make([]byte, 0, baseBuffer)}
	// Opening includes finding the end of the intact records, as it does for the engine.
	if _, err := b.scan(context.Background()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	b.written.Store(info.Size())
	return b, nil
}

func (b *base) append(_ context.Context, records int) error {
	for range records {
		if len(b.buffer)+baseHeader+len(b.value) > cap(b.buffer) {
			if err := b.write(); err != nil {
				return err
			}
		}
		b.put()
	}
	return nil
}

// put encodes one record into the buffer, which must have room for it.
func (b *base) put() {
	at := len(b.buffer)
	b.buffer = b.buffer[:at+baseHeader+len(b.value)]
	frame := b.buffer[at:]
	binary.LittleEndian.PutUint32(frame, uint32(len(b.value)))
	copy(frame[baseHeader:], b.value)
	binary.LittleEndian.PutUint32(frame[4:], crc32.Update(0, castagnoli, frame[baseHeader:]))
}

func (b *base) write() error {
	n, err := b.file.WriteAt(b.buffer, b.written.Load())
	b.written.Add(int64(n))
	b.buffer = b.buffer[:0]
	return err
}

func (b *base) appendBatch(ctx context.Context, records int) error { return b.append(ctx, records) }

func (b *base) flush(context.Context) error {
	if err := b.write(); err != nil {
		return err
	}
	return syncData(b.file)
}

// appendDurable syncs each record on its own: it does not group them.
func (b *base) appendDurable(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put()
	return b.flush(ctx)
}

// newReader reads the newest record that is in the file.
func (b *base) newReader() func(ctx context.Context, times int) error {
	frame := make([]byte, baseHeader+len(b.value))
	return func(_ context.Context, times int) error {
		for range times {
			if _, err := b.file.ReadAt(frame, b.written.Load()-int64(len(frame))); err != nil {
				return err
			}
			if !baseIntact(frame) {
				return errors.New("base: the newest record is not intact")
			}
		}
		return nil
	}
}

func baseIntact(frame []byte) bool {
	return crc32.Update(0, castagnoli, frame[baseHeader:]) == binary.LittleEndian.Uint32(frame[4:])
}

func (b *base) scan(context.Context) (records int, err error) {
	buffer := make([]byte, baseBuffer)
	for at, kept := int64(0), 0; ; {
		n, err := b.file.ReadAt(buffer[kept:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return records, err
		}
		found, used := baseFrames(buffer[:kept+n])
		if records += found; errors.Is(err, io.EOF) {
			if used != kept+n {
				return records, fmt.Errorf("base: damage after record %d", records)
			}
			return records, nil
		}
		at += int64(n)
		kept = copy(buffer, buffer[used:kept+n])
	}
}

// baseFrames counts the intact frames at the start of bytes, and how many bytes they take.
func baseFrames(bytes []byte) (records, used int) {
	for used+baseHeader <= len(bytes) {
		end := used + baseHeader + int(binary.LittleEndian.Uint32(bytes[used:]))
		if end > len(bytes) || !baseIntact(bytes[used:end]) {
			break
		}
		records, used = records+1, end
	}
	return records, used
}

func (b *base) close(context.Context) error { return errors.Join(b.write(), b.file.Close()) }
