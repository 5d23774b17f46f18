package stress

import (
	"testing"
	"time"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// BenchmarkLoad is a round of ten seconds with 10,000 clients and the command's defaults. With -cpuprofile it says where the processor's
// time goes, "MiB" is what the process had resident at most:
//
//	racewindow test -race -run '^$' -bench Load -benchtime 1x -cpuprofile cpu.prof ./harness/subjects/log/stress
func BenchmarkLoad(b *testing.B) {
	open := func(int) (harness.Factory, error) {
		return harness.StorageFactory("memory", storage.Options{Disk: storage.MemoryDisk()}, "log"), nil
	}
	operations, began := 0, time.Now()
	for range b.N {
		s, err := Run(b.Context(), Config{
			Name: "bench", Open: open, Rounds: 1, Duration: 10 * time.Second, Delays: delays, Seed: 1, MinOverlaps: -1, NoCanaries: true,
			NotJudged: map[string]string{"Durability": "it is in memory", "ReadErrors": "it has no disk that fails"},
		})
		if err != nil {
			b.Fatal(err)
		}
		if s.Violation != nil {
			b.Fatal(s.Violation)
		}
		operations += int(s.Operations)
		b.ReportMetric(float64(s.PeakMemory)/(1<<20), "MiB")
	}
	b.ReportMetric(float64(operations)/time.Since(began).Seconds(), "operations/s")
}
