package stress

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/check"
)

// WriteText writes the closing summary of a run: what was done, in at most 100 columns.
func (s *Summary) WriteText(w io.Writer, p Palette) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	race := "without the race detector"
	if s.Race {
		race = "under the race detector"
	}
	fmt.Fprintf(&b, "stress of %s: %s, %d rounds, seed %d, %s\n", s.Engine, short(s.Elapsed), s.Rounds, s.Seed, race)
	line("goroutines", "%d (%d write, %d flush, %d read), peak %d; memory %d MiB", s.Goroutines.Total, s.Goroutines.Writers, s.Goroutines.Flushers,
		s.Goroutines.Readers, s.PeakGoroutines, s.PeakMemory>>20)
	line("operations", "%d: %s; each goroutine %d to %d, median %d", s.Operations, kinds(s.ByKind), s.PerGoroutine.Min, s.PerGoroutine.Max, s.PerGoroutine.Median)
	line("checked", "%d records in reads, %d in final scans, %d transactions acknowledged, %d failures", s.RecordsChecked, s.RecordsScanned, s.Transactions, s.Failures)
	line("windows", "%d flushes, %d reads overlapped one between write and trim, %d delays", s.Flushes, s.Overlaps, s.Delays)
	line("reads", "%v", s.Reads)
	line("appends", "%v", s.Appends)
	never := s.writePoints(&b)
	if len(never) > 0 {
		for i, l := range wrap(strings.Join(never, " "), 84, "") {
			line(map[bool]string{true: "never hit"}[i == 0], "%s", l)
		}
	}
	if s.Canary != "" {
		line("canary", "%s", s.Canary)
	}
	s.writeVerdict(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// writePoints writes the hits of each failpoint, three in a line, and returns the names of those without any.
func (s *Summary) writePoints(b *strings.Builder) (never []string) {
	var cells []string
	for _, h := range s.Points {
		if h.Hits == 0 {
			never = append(never, h.Name)
			continue
		}
		cells = append(cells, fmt.Sprintf("%-25s%10d", h.Name, h.Hits))
	}
	for i := 0; i < len(cells); i += 2 {
		name := ""
		if i == 0 {
			name = "failpoints"
		}
		fmt.Fprintf(b, "  %-12s %s\n", name, strings.Join(cells[i:min(i+2, len(cells))], "    "))
	}
	return never
}

func (s *Summary) writeVerdict(b *strings.Builder, p Palette) {
	var satisfied, unknown []string
	for _, promise := range check.Promises() {
		switch s.Verdicts[promise.Name] {
		case check.Satisfied.String():
			satisfied = append(satisfied, promise.Name)
		case check.Unknown.String():
			unknown = append(unknown, promise.Name)
		}
	}
	if len(satisfied) > 0 {
		for i, l := range wrap(strings.Join(satisfied, " "), 84, "") {
			fmt.Fprintf(b, "  %-12s %s\n", map[bool]string{true: "held"}[i == 0], l)
		}
	}
	if len(unknown) > 0 {
		fmt.Fprintf(b, "  %-12s %s\n", "unknown", strings.Join(unknown, " "))
	}
	switch {
	case s.Violation != nil:
		fmt.Fprintf(b, "%s%s was violated.%s\n", p.Bad, s.Violation.Promise, p.Off)
	case s.Failure != "":
		fmt.Fprintf(b, "%sNo verdict: %s%s\n", p.Bad, s.Failure, p.Off)
	default:
		fmt.Fprintf(b, "%sNo promise violated.%s\n", p.Good, p.Off)
	}
}

func kinds(m map[string]uint64) string {
	var parts []string
	for kind, n := range m {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// String prints the quantiles of a latency.
func (l Latency) String() string {
	return fmt.Sprintf("%d, p50 %s, p99 %s, max %s", l.Count, short(l.P50), short(l.P99), short(l.Max))
}
