package disks

// The cost of a crash:
//
//	go test ./harness/disks -run '^$' -bench . -benchmem -cpu 1

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

func BenchmarkOpenWriteSync(b *testing.B) {
	d := New()
	durable := durableFile(b, d, "f", 'x', 64<<10)
	p := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		f, _ := d.Open("f")
		_, _ = f.WriteAt(p, 1000)
		_ = f.Sync()
		_ = f.Close()
	}
	require.NoError(b, durable.Close())
}

// torn64 is a disk with 64 KiB that are durable, and then all overwritten and not synced.
func torn64(b *testing.B) *Disk {
	b.Helper()
	d := New()
	write(b, durableFile(b, d, "f", 'x', 64<<10), 'a', 64<<10, 0)
	return d
}

func BenchmarkSampleImageOf64KiB(b *testing.B) {
	d, tape := torn64(b), NewTape(1)
	b.ReportAllocs()
	for b.Loop() {
		tape.drawn = tape.drawn[:0]
		_ = Crash(d.Sample(Ordered, tape))
	}
}

func BenchmarkHashImageOf64KiB(b *testing.B) {
	image := torn64(b).Sample(Ordered, NewTape(1))
	for b.Loop() {
		_ = image.Hash()
	}
}

func BenchmarkEnumerate256Images(b *testing.B) {
	d := New()
	write(b, durableFile(b, d, "f", 'x', 4<<10), 'a', 4<<10, 0)
	for b.Loop() {
		if all := d.Enumerate(Ordered, 256); len(all) != 256 {
			b.Fatal(len(all))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/image")
}

// BenchmarkCrashRecoverCycle is the reference case: open a log that a crash left, check that what was acknowledged is there,
// append three transactions, one of them durable, crash with something unsynced. The bar is 2,000 cycles a second.
func BenchmarkCrashRecoverCycle(b *testing.B) {
	ctx := context.Background()
	disk, tape := New(), NewTape(1)
	acknowledged, unsynced := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		s, err := openSession(onRequest(storage.Options{}, disk))
		if err != nil {
			b.Fatal(err)
		}
		held, err := s.held()
		if err != nil || held < acknowledged {
			b.Fatalf("%d held, %d acknowledged: %v", held, acknowledged, err)
		}
		if held > 30 { // a log that grows without end would be another case in each cycle
			_ = s.close()
			disk, acknowledged = New(), 0
			continue
		}
		if _, err := s.log.AppendDurable(ctx, recordsOf(held+1)...); err != nil {
			b.Fatal(err)
		}
		acknowledged = held + 1
		for tx := held + 2; tx <= held+3; tx++ {
			if _, err := s.log.Append(ctx, recordsOf(tx)...); err != nil {
				b.Fatal(err)
			}
		}
		var during *Image
		disk.After(func(o Operation) {
			if o.Kind == Write && during == nil { // before the sync
				tape.drawn = tape.drawn[:0]
				during = disk.Sample(Ordered, tape)
				unsynced += min(1, disk.Unsynced())
			}
		})
		if err := s.log.Flush(ctx); err != nil {
			b.Fatal(err)
		}
		disk.After(nil)
		_ = s.close()
		disk = Crash(during)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cycles/s")
	b.ReportMetric(float64(unsynced)/float64(b.N), "unsynced/cycle")
}
