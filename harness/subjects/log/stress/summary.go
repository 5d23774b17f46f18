package stress

import (
	"cmp"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// SummaryVersion must be raised when a field of the JSON summary changes its meaning or is removed.
const SummaryVersion = 1

// A Summary says everything that a run did. It is what --json writes; durations are in nanoseconds.
type Summary struct {
	Version  int               `json:"version"`
	Engine   string            `json:"engine"`
	Seed     uint64            `json:"seed"`
	Race     bool              `json:"race_detector"`
	Passed   bool              `json:"passed"`
	Failure  string            `json:"failure,omitempty"` // why a run without a violation did not pass
	Canary   string            `json:"canary,omitempty"`  // how the known bug was caught
	Elapsed  time.Duration     `json:"elapsed_ns"`
	Rounds   int               `json:"rounds"`
	Verdicts map[string]string `json:"verdicts"`
	// Reasons say why promises are unknown that should have been tested, NotJudged why such a run cannot test others.
	Reasons   map[string]string `json:"unknown_because,omitempty"`
	NotJudged map[string]string `json:"not_judged_because,omitempty"`
	// Planted are the defects that were planted over the engine, and what found them.
	Planted []Canary `json:"planted,omitempty"`

	Goroutines struct {
		Total    int `json:"total"`
		Writers  int `json:"writers"`
		Flushers int `json:"flushers"`
		Readers  int `json:"readers"`
	} `json:"goroutines"`
	PeakGoroutines int    `json:"peak_goroutines"`
	PeakMemory     uint64 `json:"peak_memory_bytes"`

	Operations     uint64            `json:"operations"`
	ByKind         map[string]uint64 `json:"operations_by_kind"`
	Failures       uint64            `json:"failed_operations"`
	PerGoroutine   Spread            `json:"operations_per_goroutine"`
	RecordsChecked uint64            `json:"records_checked"`
	RecordsScanned uint64            `json:"records_checked_in_final_scans"`
	Transactions   uint64            `json:"transactions_acknowledged"`
	Overlaps       uint64            `json:"reads_overlapping_a_flush"`
	DataRaces      int               `json:"data_races"` // reports of the race detector during the run
	Flushes        uint64            `json:"flushes"`
	Delays         uint64            `json:"delays"`
	Points         []PointHits       `json:"failpoints"`
	Reads          Latency           `json:"read_latency"`
	Appends        Latency           `json:"append_latency"`

	Violation *Finding `json:"violation,omitempty"`

	reads, appends *latencySum
	hits           map[*failpoints.Point]uint64
	shared, filled uint64
	racesBefore    int
	memoryRead     time.Time
	hung           bool
	proof          proof
	config         Config
}

// A Spread is the range of a number over all goroutines.
type Spread struct {
	Min    uint64 `json:"min"`
	Median uint64 `json:"median"`
	Max    uint64 `json:"max"`
}

// PointHits is how often a failpoint was passed.
type PointHits struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Hits uint64 `json:"hits"`
}

func newSummary(c Config) *Summary {
	s := &Summary{
		racesBefore: raceoff.Races(),
		Version:     SummaryVersion, Engine: c.Name, Seed: c.Seed, Race: RaceDetector,
		ByKind: map[string]uint64{}, Verdicts: map[string]string{},
		reads: newLatencySum(), appends: newLatencySum(), hits: map[*failpoints.Point]uint64{}, config: c,
	}
	s.Goroutines.Total, s.Goroutines.Writers, s.Goroutines.Flushers = c.Goroutines, c.Writers, c.Flushers
	s.Goroutines.Readers = c.Goroutines - c.Writers - c.Flushers
	s.PeakGoroutines = runtime.NumGoroutine()
	return s
}

// add adds the figures of a finished round.
func (s *Summary) add(r *round) {
	s.Rounds++
	counts := make([]uint64, 0, len(r.clients))
	for _, c := range r.clients {
		var own uint64
		for kind, n := range c.tally.operations {
			s.ByKind[harness.OperationKind(kind).String()] += n
			own += n
		}
		counts = append(counts, own)
		s.Operations += own
		s.Failures += c.tally.failures
		s.Overlaps += c.tally.overlaps
		s.RecordsChecked += c.Reader.Records
		s.shared += c.Reader.Shared
		s.filled += c.Reader.Filled
		s.reads.add(&c.tally.reads)
		s.appends.add(&c.tally.appends)
		s.addRecorder(c.recorder)
	}
	for _, task := range r.tasks.tasks {
		s.addRecorder(task)
	}
	s.proof.add(r.proof)
	slices.Sort(counts)
	if s.Rounds == 1 || counts[0] < s.PerGoroutine.Min {
		s.PerGoroutine.Min = counts[0]
	}
	s.PerGoroutine.Median = counts[len(counts)/2]
	s.PerGoroutine.Max = max(s.PerGoroutine.Max, counts[len(counts)-1])
	s.Transactions += r.board.Acknowledged() - r.uncounted.Load()
	s.RecordsScanned += r.scanned
	if r.violation != nil {
		s.Violation = newFinding(r)
	}
}

func (s *Summary) addRecorder(r *recorder) {
	s.Delays += r.delays.Count
	for id, n := range r.hits {
		if n > 0 {
			s.hits[r.run.points[id]] += uint64(n)
			if r.run.points[id] == r.run.closes {
				s.Flushes += uint64(n)
			}
		}
	}
}

// finish computes the figures that need the whole run. failed is why the run has no verdict, nil if it has one.
func (s *Summary) finish(failed error) {
	if failed != nil {
		s.Failure = failed.Error()
		s.hung = errors.As(failed, new(*HangError))
	}
	s.DataRaces = raceoff.Races() - s.racesBefore
	s.Reads, s.Appends = s.reads.latency(), s.appends.latency()
	s.Points = []PointHits{}
	atWork := map[string]bool{} // packages whose points were passed; without others, those of an engine that is linked but not tested would be listed
	for p := range s.hits {
		atWork[p.Package()] = true
	}
	for _, p := range failpoints.Points() {
		if s.hits[p] == 0 && !(p.Declared() && atWork[p.Package()]) {
			continue
		}
		s.Points = append(s.Points, PointHits{p.Name(), p.Kind().String(), s.hits[p]})
	}
	slices.SortStableFunc(s.Points, func(a, b PointHits) int { return cmp.Compare(a.Name, b.Name) })
	s.judge()
}
