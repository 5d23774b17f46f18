package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// textWidth is how wide the summary's rows are, but for commands, which are never broken.
const textWidth = 100

// Text is the summary for a terminal.
func (m *Summary) Text() string {
	var b strings.Builder
	s := m.State
	fmt.Fprintf(&b, "%s\n", m.headline())
	for _, missed := range m.Missed {
		fmt.Fprintf(&b, "  missed: %s\n", missed)
	}
	for _, n := range s.NotRun {
		fmt.Fprintf(&b, "  not run: %s: %s\n", n.What, n.Because)
	}
	fmt.Fprintf(&b, "  first: %s\n\n", m.checksText())
	m.tables(&b)
	fmt.Fprintf(&b, "\ncoverage: %d failpoints, %d pairs of them, %d behaviours in all\n", m.Passes, m.Pairs, m.Seen)
	for _, line := range wrapped("never passed: "+orNone(m.Never), textWidth-2) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, t := range m.Trends {
		fmt.Fprintf(&b, "  %v\n", t)
	}
	for _, line := range wrapped("minimums of this leg: "+m.minimumsText(), textWidth) {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\nfindings: %d\n", len(s.Open()))
	for _, f := range s.Open() {
		fmt.Fprintf(&b, "  %s %s, %d times in %d rounds: %s\n", f.Fingerprint, f.Class, f.Count, f.Rounds, clip(f.Detail, 300))
		if f.Case != "" {
			fmt.Fprintf(&b, "    racewindow replay %s\n", quoted(f.Case))
		}
		if s.Kinds[f.Kind] != nil { // or it was no round that found it
			fmt.Fprintf(&b, "    racewindow soak --round %s\n", quoted(f.Round))
		}
		fmt.Fprintf(&b, "    %s/%s: %s\n", findingsFolder, f.Fingerprint, strings.Join(f.Files, " "))
	}
	for _, f := range s.Findings {
		if f.Gone {
			fmt.Fprintf(&b, "  gone: %s %s: its case holds now: %s\n", f.Fingerprint, f.Class, f.Case)
		}
	}
	return b.String()
}

// headline says the most in a line.
func (m *Summary) headline() string {
	s := m.State
	what := fmt.Sprintf("shard %v", s.Shard)
	if len(m.Shards) > 0 {
		what = fmt.Sprintf("%d shards", len(m.Shards))
	}
	text := fmt.Sprintf("soak %s: %d rounds in %s, %s, seed %d", m.Verdict, s.Rounds, short(s.Elapsed), what, s.Seed)
	if s.Starts > 1 {
		text += fmt.Sprintf("; %d starts, %d rounds lost", s.Starts, s.Lost)
	}
	if s.LegDone.Rounds != s.Rounds { // or there is only one
		text += fmt.Sprintf("; this leg %d rounds in %s", s.LegDone.Rounds, short(s.Leg))
	}
	if s.Ended != "" {
		text += "; " + clip(s.Ended, 200)
	}
	return text
}

func (m *Summary) checksText() string {
	var words []string
	for _, what := range []string{CheckCorpus, CheckCanary, CheckFinding} {
		if passed, all := m.State.passed(what); all > 0 {
			words = append(words, fmt.Sprintf("%d of %d of %s", passed, all, map[string]string{
				CheckCorpus: "the corpus show what they say", CheckCanary: "the canaries found", CheckFinding: "the known findings tried again",
			}[what]))
		}
	}
	skipped := 0
	for _, c := range m.State.Checks {
		if c.Skipped {
			skipped++
		}
	}
	if skipped > 0 {
		words = append(words, fmt.Sprintf("%d could not be tried in this build", skipped))
	}
	return orNone(words)
}

// minimumsText begins with those of the newest leg.
func (m *Summary) minimumsText() string {
	var leg, whole []string
	for _, n := range m.Minimums {
		to := &leg
		if n.Whole {
			to = &whole
		}
		*to = append(*to, fmt.Sprintf("%s %d of %d", n.Name, n.Got, n.Least))
	}
	text := orNone(leg)
	if len(whole) > 0 {
		text += "; of the whole campaign: " + orNone(whole)
	}
	return text
}

// A table is what was done, by kind, hand-over or engine.
type table struct {
	name string
	of   map[string]*Tally
}

func (m *Summary) allTables() []table {
	return []table{{"kind", m.State.Kinds}, {"hand-over", m.State.Handovers}, {"engine", m.State.Engines}}
}

func (m *Summary) tables(b *strings.Builder) {
	for _, t := range m.allTables() {
		fmt.Fprintf(b, "%-15s %7s %10s %9s %6s  done\n", t.name, "rounds", "no verdict", "time", "new")
		for _, name := range slices.Sorted(maps.Keys(t.of)) {
			n := t.of[name]
			row := fmt.Sprintf("  %-13s %7d %10d %9s %6d  ", name, n.Rounds, n.Inconclusive, short(n.Took), n.New)
			for _, line := range wrapped(n.Counts.text(), textWidth-len(row)) {
				fmt.Fprintf(b, "%s%s\n", row, line)
				row = strings.Repeat(" ", len(row))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.State.Kinds)) {
		if n := m.State.Kinds[name]; n.Inconclusive > 0 {
			fmt.Fprintf(b, "%s without a verdict, the last: %s\n", name, clip(n.Reason, 200))
		}
	}
}

// text lists counts, the largest first.
func (c Counts) text() string {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		if c[a] != c[b] {
			return map[bool]int{true: -1, false: 1}[c[a] > c[b]]
		}
		return strings.Compare(a, b)
	})
	words := []string{}
	for _, name := range names {
		words = append(words, fmt.Sprintf("%s %s", name, grouped(c[name])))
	}
	return strings.Join(words, ", ")
}

// grouped prints a number with its thousands apart.
func grouped(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// wrapped breaks a text at blanks.
func wrapped(text string, width int) (lines []string) {
	for len(text) > width {
		at := strings.LastIndexByte(text[:width], ' ')
		if at <= 0 {
			at = width
		}
		lines, text = append(lines, text[:at]), strings.TrimLeft(text[at:], " ")
	}
	return append(lines, text)
}

// quoted is one word for a shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
