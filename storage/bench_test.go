package storage_test

// Times and allocations of single calls, without syncs:
//
//	go test ./storage -run '^$' -bench . -benchmem
//
// Beside bare file I/O, and with real syncs: make bench-quick. Where the time goes:
//
//	go test ./storage -run '^$' -bench ReadTail -cpuprofile cpu.prof && go tool pprof -top cpu.prof

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/racewindow/racewindow/storage"
)

// benchmarkLog opens a log that flushes only when it is asked to.
func benchmarkLog(b *testing.B, options storage.Options) *storage.Log {
	b.Helper()
	options.Create, options.NoSync, options.FlushInterval = true, true, -1
	store, err := storage.Open(b.Context(), b.TempDir(), options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	log, err := store.Log(b.Context(), "log")
	if err != nil {
		b.Fatal(err)
	}
	return log
}

// appendAll appends that many transactions of one record.
func appendAll(b *testing.B, log *storage.Log, transactions, valueBytes int) {
	b.Helper()
	record := storage.Record{Value: make([]byte, valueBytes)}
	ctx := context.Background()
	for range transactions {
		if _, err := log.Append(ctx, record); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is one record a call, flushes in the background included. What it allocates are arenas.
func BenchmarkAppend(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			log := benchmarkLog(b, storage.Options{})
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			b.ResetTimer()
			appendAll(b, log, b.N, bytes)
		})
	}
}

// BenchmarkAppendBatch is 64 KiB a call; the figures are those of one record.
func BenchmarkAppendBatch(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			log := benchmarkLog(b, storage.Options{})
			batch := make([]storage.Record, (64<<10)/bytes)
			for i := range batch {
				batch[i].Value = make([]byte, bytes)
			}
			ctx := context.Background()
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += len(batch) {
				if _, err := log.Append(ctx, batch...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadTail reads one record: the newest, or one further up in a tail of 1000 records.
func BenchmarkReadTail(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		for name, tx := range map[string]uint64{"newest": 1000, "middle": 500} {
			b.Run(fmt.Sprintf("%s/%dB", name, bytes), func(b *testing.B) {
				log := benchmarkLog(b, storage.Options{FlushBytes: 64 << 20, ChunkBytes: 64 << 20})
				appendAll(b, log, 1000, bytes)
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					readOne(b, log, tx)
				}
			})
		}
	}
}

// BenchmarkReadFlushed reads one record somewhere in the files, when memory holds none.
func BenchmarkReadFlushed(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			log := benchmarkLog(b, storage.Options{CacheBytes: -1})
			const records = 20_000
			appendAll(b, log, records, bytes)
			if err := log.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				readOne(b, log, 1+uint64(n*7919)%records)
			}
		})
	}
}

func readOne(b *testing.B, log *storage.Log, tx uint64) {
	for r, err := range log.Read(context.Background(), storage.Offset{Tx: tx - 1}, storage.End) {
		if err != nil || r.Offset.Tx != tx {
			b.Fatal(r.Offset, err)
		}
		return
	}
	b.Fatal("nothing read")
}

// BenchmarkScan reads a flushed log from its files; the figures are those of one record.
func BenchmarkScan(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			log := benchmarkLog(b, storage.Options{CacheBytes: -1})
			const records = 50_000
			appendAll(b, log, records, bytes)
			if err := log.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += records {
				for _, err := range log.Read(b.Context(), storage.Offset{}, storage.End) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkReopen opens a log of 64 MiB that was closed, and one whose files were copied while it was open, as a crash
// leaves them.
func BenchmarkReopen(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("closed/%dB", bytes), func(b *testing.B) { benchmarkReopen(b, bytes, false) })
		b.Run(fmt.Sprintf("crashed/%dB", bytes), func(b *testing.B) { benchmarkReopen(b, bytes, true) })
	}
}

func benchmarkReopen(b *testing.B, valueBytes int, crashed bool) {
	const logBytes = 64 << 20
	folder := b.TempDir()
	store, err := storage.Open(b.Context(), folder, storage.Options{SegmentBytes: 2 * logBytes})
	if err != nil {
		b.Fatal(err)
	}
	log, err := store.Log(b.Context(), "log")
	if err != nil {
		b.Fatal(err)
	}
	appendAll(b, log, logBytes/valueBytes, valueBytes)
	if err := log.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	left := filepath.Join(b.TempDir(), "left")
	if crashed {
		copyFolder(b, left, folder)
	}
	if err := store.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if !crashed {
		left = folder
	}
	b.SetBytes(logBytes)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		again := filepath.Join(b.TempDir(), "again")
		copyFolder(b, again, left)
		b.StartTimer()
		store, err := storage.Open(b.Context(), again, storage.Options{})
		if err == nil {
			_, err = store.Log(b.Context(), "log")
		}
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := errors.Join(store.Close(b.Context()), os.RemoveAll(again)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// copyFolder copies files and syncs them, so that recovery does not have to write what the copy left to the kernel.
func copyFolder(b *testing.B, to, from string) {
	b.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		b.Fatal(err)
	}
	err := filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
	if err != nil {
		b.Fatal(err)
	}
}
