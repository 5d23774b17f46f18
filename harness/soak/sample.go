package soak

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Sample says what the process holds after a round, and how fast the round was.
type Sample struct {
	Round   uint64      `json:"round"` // how many rounds were finished
	Start   int         `json:"start"` // the number of the process, from 1
	Elapsed Nanoseconds `json:"elapsed_ns"`
	// Resident is the process's memory as the system counts it, Heap the Go heap after a collection, Child the peak memory of
	// the round's child process.
	Resident   uint64  `json:"resident_bytes"`
	Heap       uint64  `json:"heap_bytes"`
	Child      uint64  `json:"child_peak_bytes,omitempty"`
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"open_files"`
	Disk       uint64  `json:"disk_bytes"` // of the campaign's folder
	Schedules  float64 `json:"schedules_per_second"`
	Operations float64 `json:"operations_per_second"`
	Points     int     `json:"failpoints"`
	Pairs      int     `json:"failpoint_pairs"`
	Behaviour  int     `json:"behaviour"`
}

// measure samples this process. A figure that the system does not give is 0.
func measure() Sample {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := Sample{Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine(), Resident: resident()}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.Files = len(files) - 1 // without the one that reads the folder
	}
	return s
}

// diskOf adds up the sizes of the files below a folder, without files that disappear meanwhile.
func diskOf(folder string) (bytes uint64) {
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if info, err := entry.Info(); err == nil {
				bytes += uint64(info.Size())
			}
		}
		return nil
	})
	return bytes
}

func resident() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// A Trend is how one figure moved over the later half of a process's samples.
type Trend struct {
	What string `json:"what"`
	// Growth is the robust slope (Theil and Sen: the median of the slopes of all pairs) times the span. Bound is the most that
	// is allowed.
	Growth  float64     `json:"growth"`
	Bound   float64     `json:"bound"`
	Median  float64     `json:"median"`
	Samples int         `json:"samples"`
	Span    Nanoseconds `json:"span_ns"`
	// Leak says that the growth exceeds the bound and is steady, TooFew that there are too few samples to say anything.
	Leak   bool `json:"leak"`
	TooFew bool `json:"too_few_samples,omitempty"`
}

const (
	// minTrendSamples is the fewest samples in the later half that say anything.
	minTrendSamples = 20
	maxTrendSamples = 300 // the most samples of which all pairs are formed
	// steady is the part of the bound by which each half of these samples must grow too. A leak grows by half of the bound in
	// both halves; a figure that jumped once grows in one of them at most. The median alone does not recognise a jump in the
	// middle of the samples, and since trends are computed every minute, a jump will be in the middle at some time.
	steady = 0.25
)

// watched are the figures that must not grow by more than least, or by more than part of their median, whichever is more.
var watched = []struct {
	what  string
	least float64
	part  float64
	of    func(Sample) float64
}{
	{"resident memory", 64 << 20, 0.25, func(s Sample) float64 { return float64(s.Resident) }},
	{"heap", 32 << 20, 0.25, func(s Sample) float64 { return float64(s.Heap) }},
	{"goroutines", 20, 0.25, func(s Sample) float64 { return float64(s.Goroutines) }},
	{"disk space", 512 << 20, 0.25, func(s Sample) float64 { return float64(s.Disk) }},
	{"open files", 20, 0.25, func(s Sample) float64 { return float64(s.Files) }},
}

// Trends computes the trends of the newest process that has samples. Samples of different processes cannot be compared.
func Trends(all []Sample) (trends []Trend) {
	if len(all) == 0 {
		return nil
	}
	newest := all[len(all)-1].Start
	from := slices.IndexFunc(all, func(s Sample) bool { return s.Start == newest })
	own := all[from:]
	half := own[len(own)/2:]
	for _, w := range watched {
		trends = append(trends, trendOf(w.what, half, w.of, w.least, w.part))
	}
	return trends
}

func trendOf(what string, half []Sample, of func(Sample) float64, least, part float64) Trend {
	t := Trend{What: what, Samples: len(half), Bound: least, TooFew: len(half) < minTrendSamples}
	if len(half) < 2 {
		return t
	}
	var values []float64
	for _, s := range thinned(half) {
		values = append(values, of(s))
	}
	t.Median = median(values)
	t.Bound = max(least, part*t.Median)
	t.Span = half[len(half)-1].Elapsed - half[0].Elapsed
	t.Growth = growth(half, of)
	middle := len(half) / 2
	t.Leak = !t.TooFew && t.Growth > t.Bound && min(growth(half[:middle+1], of), growth(half[middle:], of)) > steady*t.Bound
	return t
}

// thinned leaves at most maxTrendSamples samples, evenly spread.
func thinned(all []Sample) (thin []Sample) {
	step := (len(all) + maxTrendSamples - 1) / maxTrendSamples
	for i := 0; i < len(all); i += step {
		thin = append(thin, all[i])
	}
	return thin
}

// growth is the robust slope times the span.
func growth(all []Sample, of func(Sample) float64) float64 {
	thin := thinned(all)
	var slopes []float64
	for i := range thin {
		for j := i + 1; j < len(thin); j++ {
			if d := thin[j].Elapsed - thin[i].Elapsed; d > 0 {
				slopes = append(slopes, (of(thin[j])-of(thin[i]))/d.Seconds())
			}
		}
	}
	return median(slopes) * (all[len(all)-1].Elapsed - all[0].Elapsed).Seconds()
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String is one line for a person.
func (t Trend) String() string {
	amount := func(v float64) string { return fmt.Sprintf("%.0f", v) }
	if t.Bound >= 1<<20 { // bytes
		amount = func(v float64) string { return fmt.Sprintf("%.1f MiB", v/(1<<20)) }
	}
	verdict := "flat"
	switch {
	case t.Leak:
		verdict = "GROWS"
	case t.TooFew:
		verdict = fmt.Sprintf("too few samples to say (%d, at least %d)", t.Samples, minTrendSamples)
	}
	return fmt.Sprintf("%s: %s; median %s, moved by %s in %v, at most %s", t.What, verdict, amount(t.Median), amount(t.Growth), t.Span.Round(time.Second), amount(t.Bound))
}

// leaks makes findings of the trends that are leaks.
func leaks(trends []Trend) (found []Found) {
	for _, t := range trends {
		if t.Leak {
			found = append(found, Found{Class: "leak", Shape: t.What, Detail: t.String(), Count: 1})
		}
	}
	return found
}

// judgeLeaks makes findings of what grows in the process of a start, if that is the newest one with samples. The findings belong
// to no round. It runs again and again, because a leak may end the process before its end; a known leak is only counted again.
func (s *Soak) judgeLeaks(start int) error {
	n := len(s.state.Samples)
	if n == 0 || s.state.Samples[n-1].Start != start {
		return nil
	}
	found, err := s.keepAll(leaks(Trends(s.state.Samples)), RoundSpec{Kind: "soak", Variant: "process", For: s.config.For})
	if err != nil || len(found) == 0 {
		return err
	}
	return s.append(Entry{Type: entryFound, Findings: found})
}
