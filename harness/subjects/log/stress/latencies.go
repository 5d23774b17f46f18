package stress

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latencies counts durations in buckets of an eighth of an octave. It is small, so that each of ten thousand goroutines can have
// its own: a shared one would add happens-before edges between them. They are merged into one histogram after the run.
type latencies struct {
	buckets [latencyBuckets]uint32
	longest time.Duration
}

const (
	latencyParts   = 8 // buckets in an octave
	latencyOctaves = 36
	latencyBuckets = latencyParts * latencyOctaves
)

func (l *latencies) add(d time.Duration) {
	l.buckets[latencyBucket(d)]++
	l.longest = max(l.longest, d)
}

func latencyBucket(d time.Duration) int {
	n := uint64(max(d, 1))
	octave := bits.Len64(n) - 1
	part := uint64(0)
	if octave >= 3 {
		part = n >> (octave - 3) & (latencyParts - 1)
	}
	return min(octave*latencyParts+int(part), latencyBuckets-1)
}

// latencyOf is the middle of a bucket.
func latencyOf(bucket int) time.Duration {
	octave, part := bucket/latencyParts, bucket%latencyParts
	low := uint64(1)<<octave + uint64(part)<<octave/latencyParts
	return time.Duration(low + uint64(1)<<octave/(2*latencyParts))
}

// A Latency sums up how long operations of one kind took. The quantiles are within 7 % of the truth, Max is exact.
type Latency struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// A latencySum collects many latencies.
type latencySum struct {
	histogram *hdrhistogram.Histogram
	longest   time.Duration
}

func newLatencySum() *latencySum {
	return &latencySum{histogram: hdrhistogram.New(1, int64(time.Hour), 3)}
}

func (s *latencySum) add(l *latencies) {
	for bucket, n := range l.buckets {
		if n > 0 {
			// A duration over an hour cannot be recorded here, but Max has it.
			_ = s.histogram.RecordValues(int64(latencyOf(bucket)), int64(n))
		}
	}
	s.longest = max(s.longest, l.longest)
}

func (s *latencySum) latency() Latency {
	return Latency{
		Count: uint64(s.histogram.TotalCount()),
		P50:   min(time.Duration(s.histogram.ValueAtQuantile(50)), s.longest),
		P99:   min(time.Duration(s.histogram.ValueAtQuantile(99)), s.longest),
		Max:   s.longest,
	}
}
