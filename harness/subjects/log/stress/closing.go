package stress

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// WriteText writes the summary of a run: what was done, and the verdict.
func (s *Summary) WriteText(w io.Writer, width int, p Palette) error {
	width = min(max(width, leastColumns), reportColumns)
	var b strings.Builder
	line := func(name, format string, args ...any) {
		for _, l := range columns.Wrap(clip(fmt.Sprintf(format, args...), 1000), width-15, "") {
			fmt.Fprintf(&b, "  %-12s %s\n", name, l)
			name = ""
		}
	}
	race := "without the race detector"
	if s.Race {
		race = "under the race detector"
	}
	title := fmt.Sprintf("stress of %s: %s, %d rounds, seed %d, %s", s.Engine, short(s.Elapsed), s.Rounds, s.Seed, race)
	b.WriteString(strings.Join(columns.Wrap(clip(title, 1000), width, "  "), "\n") + "\n")
	line("goroutines", "%d (%d write, %d flush, %d read), peak %d; memory %d MiB", s.Goroutines.Total, s.Goroutines.Writers, s.Goroutines.Flushers,
		s.Goroutines.Readers, s.PeakGoroutines, s.PeakMemory>>20)
	line("operations", "%d: %s; each goroutine %d to %d, median %d", s.Operations, kinds(s.ByKind), s.PerGoroutine.Min, s.PerGoroutine.Max, s.PerGoroutine.Median)
	line("checked", "%d records in reads, %d in final scans, %d transactions acknowledged, %d failures", s.RecordsChecked, s.RecordsScanned, s.Transactions, s.Failures)
	line("windows", "%d flushes, %d reads overlapped one between write and trim, %d delays", s.Flushes, s.Overlaps, s.Delays)
	line("reads", "%v", s.Reads)
	line("appends", "%v", s.Appends)
	if never := s.writePoints(&b, width); len(never) > 0 {
		line("never hit", "%s", strings.Join(never, " "))
	}
	if s.Canary != "" {
		line("canary", "%s", s.Canary)
	}
	for _, planted := range s.Planted {
		if planted.NotTried != "" {
			line("not planted", "%s: %s", planted.Defect, planted.NotTried)
			continue
		}
		line("planted", "%s: %s", planted.Defect, planted.Promise)
	}
	satisfied, unknown := s.verdicts()
	if len(satisfied) > 0 {
		line("held", "%s", strings.Join(satisfied, " "))
	}
	if len(unknown) > 0 {
		line("unknown", "%s", strings.Join(unknown, " "))
	}
	for _, text := range s.reasons(s.NotJudged) {
		line("not judged", "%s", text)
	}
	s.writeVerdict(&b, width, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// writePoints writes how often each failpoint was passed, as many in a line as fit, and returns the names of those that never
// were.
func (s *Summary) writePoints(b *strings.Builder, width int) (never []string) {
	var cells []string
	const nameWidth, countWidth, cellGap = 25, 10, 4
	indent, inLine := "  %-12s ", (width-15+cellGap)/(nameWidth+countWidth+cellGap)
	if inLine < 1 { // not even one fits beside the name, so each gets a line of its own
		b.WriteString("  failpoints\n")
		indent, inLine = "  %.0s", 1
	}
	for _, h := range s.Points {
		if h.Hits == 0 {
			never = append(never, h.Name)
			continue
		}
		cells = append(cells, fmt.Sprintf("%-*s%*d", nameWidth, h.Name, countWidth, h.Hits))
	}
	for i := 0; i < len(cells); i += inLine {
		name := ""
		if i == 0 {
			name = "failpoints"
		}
		b.WriteString(clip(fmt.Sprintf(indent+"%s", name, strings.Join(cells[i:min(i+inLine, len(cells))], strings.Repeat(" ", cellGap))), reportColumns) + "\n")
	}
	return never
}

// verdicts lists the promises that held, and those that are unknown.
func (s *Summary) verdicts() (satisfied, unknown []string) {
	for _, promise := range Promises() {
		switch s.Verdicts[promise.Name] {
		case check.Satisfied.String():
			satisfied = append(satisfied, promise.Name)
		case check.Unknown.String():
			unknown = append(unknown, promise.Name)
		}
	}
	return satisfied, unknown
}

// reasons lists why some promises were not judged.
func (s *Summary) reasons(of map[string]string) (all []string) {
	for _, promise := range Promises() {
		if why := of[promise.Name]; why != "" {
			all = append(all, promise.Name+": "+why)
		}
	}
	return all
}

func (s *Summary) writeVerdict(b *strings.Builder, width int, p Palette) {
	verdict, colour := "No promise violated.", p.Good
	switch {
	case s.Violation != nil:
		verdict, colour = s.Violation.Promise+" was violated.", p.Bad
	case s.DataRaces > 0:
		verdict, colour = fmt.Sprintf("The race detector reported %d data races; its reports are above.", s.DataRaces), p.Bad
	case s.Failure != "":
		verdict, colour = "No verdict: "+s.Failure, p.Bad
	case len(s.Reasons) > 0:
		verdict, colour = "No verdict: never put to the test: "+strings.Join(s.reasons(s.Reasons), "; "), p.Bad
	}
	for _, l := range columns.Wrap(clip(verdict, 1000), width, "  ") {
		fmt.Fprintf(b, "%s%s%s\n", colour, l, p.Off)
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
