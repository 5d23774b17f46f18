package soak

import "github.com/prometheus/client_golang/prometheus"

// A collector makes the Prometheus metrics of a campaign each time they are requested.
type collector struct{ live func() Live }

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("racewindow_soak_"+name, help, labels, nil)
}

// The metrics. Users rely on their names and labels.
var (
	metricLeft     = described("seconds_left", "Time left of the campaign.")
	metricElapsed  = described("elapsed_seconds_total", "Time that rounds and checks have taken, over all processes of the campaign.")
	metricEnded    = described("ended", "1 when the campaign has ended.")
	metricPassed   = described("passed", "1 when the campaign has ended as a pass.")
	metricRounds   = described("rounds_total", "Finished rounds.", "kind")
	metricNone     = described("rounds_without_verdict_total", "Finished rounds that have no verdict.", "kind")
	metricTook     = described("round_seconds_total", "Time of finished rounds.", "kind")
	metricCount    = described("done_total", "What rounds did, by what is counted.", "kind", "what")
	metricHandover = described("handover_rounds_total", "Finished rounds by hand-over.", "handover")
	metricPoints   = described("failpoints_passed", "Failpoints that were passed at all.")
	metricPoint    = described("failpoint_hits_total", "How often a failpoint was passed.", "failpoint")
	metricPairs    = described("failpoint_pairs", "Pairs of failpoints that were seen.")
	metricSeen     = described("behaviours", "Everything that counts as behaviour and was seen.")
	metricOpen     = described("findings", "Findings that count.")
	metricFinding  = described("finding_sightings_total", "How often a finding was seen.", "fingerprint", "class")
	metricLost     = described("rounds_lost_total", "Rounds in progress when their process ended.")
	metricResident = described("resident_bytes", "Memory of the process after the newest round.")
	metricHeap     = described("heap_bytes", "Heap of the process after the newest round, after a collection.")
	metricThreads  = described("goroutines", "Goroutines after the newest round.")
	metricDisk     = described("disk_bytes", "Size of the campaign's folder after the newest round.")
	metricFiles    = described("open_files", "Open files after the newest round.")
)

// Describe sends the descriptions of all metrics.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		metricLeft, metricElapsed, metricEnded, metricPassed, metricRounds, metricNone, metricTook, metricCount, metricHandover, metricPoints, metricPoint,
		metricPairs, metricSeen, metricOpen, metricFinding, metricLost, metricResident, metricHeap, metricThreads, metricFiles, metricDisk,
	} {
		to <- d
	}
}

// Collect sends the current figures.
func (c collector) Collect(to chan<- prometheus.Metric) {
	l := c.live()
	s, n := l.State, l.newest()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(metricLeft, l.Left.Seconds())
	counter(metricElapsed, s.Elapsed.Seconds())
	gauge(metricEnded, truth(l.Ended))
	gauge(metricPassed, truth(l.Passed))
	for kind, t := range s.Kinds {
		counter(metricRounds, float64(t.Rounds), kind)
		counter(metricNone, float64(t.Inconclusive), kind)
		counter(metricTook, t.Took.Seconds(), kind)
		for what, count := range t.Counts {
			counter(metricCount, float64(count), kind, what)
		}
	}
	for handover, t := range s.Handovers {
		counter(metricHandover, float64(t.Rounds), handover)
	}
	for point, hits := range s.Points {
		counter(metricPoint, float64(hits), point)
	}
	gauge(metricPoints, float64(l.Passes))
	gauge(metricPairs, float64(l.Pairs))
	gauge(metricSeen, float64(l.Seen))
	gauge(metricOpen, float64(len(s.Open())))
	for print, f := range s.Findings {
		counter(metricFinding, float64(f.Count), print, f.Class)
	}
	counter(metricLost, float64(s.Lost))
	gauge(metricResident, float64(n.Resident))
	gauge(metricHeap, float64(n.Heap))
	gauge(metricThreads, float64(n.Goroutines))
	gauge(metricFiles, float64(n.Files))
	gauge(metricDisk, float64(n.Disk))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
