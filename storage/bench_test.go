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
	"fmt"
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

func readOne(b *testing.B, log *storage.Log, tx uint64) {
	for r, err := range log.Read(context.Background(), storage.Offset{Tx: tx - 1}, storage.End) {
		if err != nil || r.Offset.Tx != tx {
			b.Fatal(r.Offset, err)
		}
		return
	}
	b.Fatal("nothing read")
}

// BenchmarkScan reads a flushed log; the figures are those of one record.
func BenchmarkScan(b *testing.B) {
	for _, bytes := range []int{128, 1024} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			log := benchmarkLog(b, storage.Options{})
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
