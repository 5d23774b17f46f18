package soak

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Live is a snapshot of what a campaign is doing. It never changes.
type Live struct {
	*Summary
	Now   time.Time
	Total time.Duration
	Left  time.Duration
	// Round is the round or check that runs now, Since how long it has run, Progress what it has done.
	Round    string
	Since    time.Duration
	Progress Counts
	Ended    bool
	// Checks says that the checks are running, and not the rounds.
	Checks bool
}

// Live may be called by any goroutine.
func (s *Soak) Live() Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	l := Live{
		Summary: s.state.summary(s.config.Minimums, s.ended), Now: now, Total: s.config.For, Left: s.config.For - s.state.Leg, Progress: s.progress, Ended: s.ended,
	}
	if s.current.Kind != "" && s.state.InProgress != "" {
		l.Round, l.Since = s.current.arm(), now.Sub(s.since)
		l.Left -= l.Since
	} else if s.checking != "" {
		l.Round, l.Since, l.Checks = s.checking, now.Sub(s.since), true
		l.Left -= now.Sub(s.checks)
	}
	if l.Left = max(l.Left, 0); l.Ended {
		l.Left, l.Round = 0, ""
	}
	return l
}

// rates are schedules and operations per second, averaged over the newest samples.
func (l Live) rates() (schedules, operations float64) {
	return average(l.State.Samples, func(s Sample) float64 { return s.Schedules }), average(l.State.Samples, func(s Sample) float64 { return s.Operations })
}

// average is the average of the ten newest values that are not zero.
func average(all []Sample, of func(Sample) float64) float64 {
	sum, n := 0.0, 0
	for i := len(all) - 1; i >= 0 && n < 10; i-- {
		if v := of(all[i]); v > 0 {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (l Live) newest() Sample {
	if n := len(l.State.Samples); n > 0 {
		return l.State.Samples[n-1]
	}
	return Sample{}
}

// child is the peak memory of the newest child process, in bytes.
func (l Live) child() uint64 {
	for i := len(l.State.Samples) - 1; i >= 0; i-- {
		if n := l.State.Samples[i].Child; n > 0 {
			return n
		}
	}
	return 0
}

// Line is the line that is printed once a minute if there is no terminal.
func (l Live) Line() string {
	schedules, operations := l.rates()
	n := l.newest()
	doing := ""
	if l.Checks {
		doing = "looks for " + l.doing() + ", "
	}
	return fmt.Sprintf("soak: %s%s left, %d rounds, %s schedules (%.0f/s), %s operations (%.0f/s), %s crashes, %s kills, %d failpoints, %d pairs, %s, %d findings",
		doing, short(l.Left), l.State.Rounds, grouped(l.State.Counts[CountSchedules]), schedules, grouped(l.State.Counts[CountOperations]), operations,
		grouped(l.State.Counts[CountCrashes]), grouped(l.State.Counts[CountKills]), l.Passes, l.Pairs, bytesOf(n.Resident), len(l.State.Open()))
}

// doing says what runs now, for how long, and what it has done.
func (l Live) doing() string {
	doing := fmt.Sprintf("%s, %s", l.Round, short(l.Since))
	if text := l.Progress.text(); text != "" {
		doing += ": " + text
	}
	return doing
}

// Rows returns the rows of the live view, each at most that many columns wide; fewer than 40 columns count as 40.
func (l Live) Rows(columns int) []string {
	columns = max(columns, 40)
	s, n := l.State, l.newest()
	schedules, operations := l.rates()
	doing := "looks for what is known"
	if l.Round != "" {
		doing = l.doing()
	}
	open, count := s.Open(), func(name string) string { return grouped(s.Counts[name]) }
	row := fmt.Sprintf("round      %d: %s", s.Rounds+1, doing)
	if l.Checks {
		row = "looks for  " + doing
	}
	rows := []string{
		fmt.Sprintf("soak  %s left of %s   seed %d  shard %v", short(l.Left), short(l.Total), s.Seed, s.Shard),
		bar(l.Total-l.Left, l.Total, columns-1),
		row,
		fmt.Sprintf("schedules  %s (%.0f/s)   operations %s (%.0f/s)", count(CountSchedules), schedules, count(CountOperations), operations),
		fmt.Sprintf("crashes    %s   kills %s   faults %s", count(CountCrashes), count(CountKills), count(CountFaults)),
		fmt.Sprintf("checked    %s records   %s cases   %s partial orders", count(CountRecords), count(CountCases), count(CountOrders)),
		fmt.Sprintf("coverage   %d of %d failpoints   %d pairs   %d behaviours", l.Passes, l.Passes+len(l.Never), l.Pairs, l.Seen),
		fmt.Sprintf("memory     %s   child %s   %d goroutines   %d files", bytesOf(n.Resident), bytesOf(l.child()), n.Goroutines, n.Files),
		fmt.Sprintf("%s   %d", findingsFolder, len(open)),
	}
	for i, f := range open {
		if i == 3 {
			rows = append(rows, fmt.Sprintf("  and %d more", len(open)-i))
			break
		}
		rows = append(rows, fmt.Sprintf("  %s %s x%d %s", f.Fingerprint, f.Class, f.Count, f.Detail))
	}
	for i, row := range rows {
		rows[i] = fit(row, columns-1)
	}
	return rows
}

// fit cuts a row to that many characters, and cleans it for a terminal.
func fit(row string, columns int) string {
	clean := []rune(OneLine(row))
	if len(clean) > columns {
		clean = append(clean[:columns-1], '…')
	}
	return string(clean)
}

func bar(done, total time.Duration, columns int) string {
	if total <= 0 {
		return ""
	}
	n := int(float64(columns) * min(1, max(0, float64(done)/float64(total))))
	return strings.Repeat("=", n) + strings.Repeat("-", columns-n)
}

// A Screen draws rows over those that it drew before.
type Screen struct {
	Out io.Writer
	// Plain leaves colours out.
	Plain bool
	drawn int
}

// Draw replaces the rows. If bad, those about findings are red.
func (s *Screen) Draw(rows []string, bad bool) {
	var b strings.Builder
	s.rewind(&b)
	below := false // the findings
	for i, row := range rows {
		if below = below || strings.HasPrefix(row, findingsFolder); !s.Plain {
			switch {
			case i == 0:
				row = "\x1b[1m" + row + "\x1b[0m"
			case bad && below:
				row = "\x1b[31;1m" + row + "\x1b[0m"
			}
		}
		b.WriteString(row + "\x1b[K\n")
	}
	s.drawn = len(rows)
	_, _ = io.WriteString(s.Out, b.String()) // a campaign goes on without its view
}

// Say prints a text that is not drawn over, wrapped at blanks into lines narrower than that.
func (s *Screen) Say(text string, columns int) {
	s.Clear()
	const indent = "  "
	rows := wrapped(fit(text, len(text)), max(columns, 40)-1-len(indent))
	_, _ = io.WriteString(s.Out, strings.Join(rows, "\n"+indent)+"\n")
}

// Clear removes the rows.
func (s *Screen) Clear() {
	var b strings.Builder
	s.rewind(&b)
	s.drawn = 0
	_, _ = io.WriteString(s.Out, b.String())
}

func (s *Screen) rewind(b *strings.Builder) {
	if s.drawn > 0 {
		fmt.Fprintf(b, "\x1b[%dA\r\x1b[J", s.drawn)
	}
}
