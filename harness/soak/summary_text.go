package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// textWidth is the width of the summary's rows. Only commands may be wider, because they are never wrapped.
const textWidth = 100

// nameWidth is the longest name that stands in the row of a table; longer ones have a row of their own.
const nameWidth = 13

// lines builds a text of lines that are at most width columns wide, each cleaned for a terminal.
type lines struct {
	strings.Builder
	width int
}

func (b *lines) line(format string, args ...any) {
	b.WriteString(OneLine(fmt.Sprintf(format, args...)) + "\n")
}

// wrap adds a text, wrapped at blanks. Its second and further lines are indented more.
func (b *lines) wrap(indent, text string) {
	for i, part := range wrapped(OneLine(text), b.width-len(indent)-2) {
		if i > 0 {
			part = "  " + part
		}
		b.line("%s%s", indent, part)
	}
}

// Text is the content of summary.txt.
func (m *Summary) Text() string { return m.TextFor(textWidth) }

// TextFor is the summary as text for a terminal with that many columns. It is at least 60 and at most 100 columns wide.
func (m *Summary) TextFor(columns int) string {
	b := lines{width: min(max(columns, 60), textWidth)}
	s := m.State
	b.wrap("", m.headline())
	for _, missed := range m.Missed {
		b.wrap("  ", "missed: "+missed)
	}
	for _, n := range s.NotRun {
		b.wrap("  ", "not run: "+n.What+": "+n.Because)
	}
	b.wrap("  ", "first: "+m.checksText())
	b.line("")
	m.tables(&b)
	b.line("")
	b.wrap("", fmt.Sprintf("coverage of the whole campaign: %d failpoints, %d pairs of them, %d behaviours in all", m.Passes, m.Pairs, m.Seen))
	b.wrap("  ", "passed: "+orNone(s.Points.words(rounded)))
	b.wrap("  ", "never passed: "+orNone(m.Never))
	b.wrap("  ", "faults: "+orNone(s.Faults.words(rounded)))
	for _, t := range m.Trends {
		if !t.TooFew {
			b.wrap("  ", t.String())
		}
	}
	if few := m.tooFew(); few != "" {
		b.wrap("  ", few)
	}
	b.wrap("", "minimums of this leg: "+m.minimumsText())
	b.line("")
	m.findings(&b)
	return b.String()
}

func (m *Summary) findings(b *lines) {
	s := m.State
	b.line("findings: %d", len(s.Open()))
	for _, f := range s.Open() {
		b.wrap("  ", fmt.Sprintf("%s %s, %d times in %d rounds: %s", f.Fingerprint, f.Class, f.Count, f.Rounds, Clip(f.Detail, 300)))
		if f.Case != "" {
			b.line("    %s", cmp.Or(f.Replay, "racewindow replay "+Quoted(f.Case)))
		}
		if s.Kinds[f.Kind] != nil { // otherwise no round found it
			b.line("    racewindow soak --round %s", Quoted(f.Round))
		}
		b.wrap("    ", fmt.Sprintf("%s/%s: %s", findingsFolder, f.Fingerprint, strings.Join(f.Files, " ")))
	}
	for _, f := range s.Findings {
		if f.Gone {
			why := "closed by hand"
			if f.Case != "" {
				why = "its case holds now: " + f.Case
			}
			b.line("  gone: %s %s: %s", f.Fingerprint, f.Class, why)
		}
	}
}

// tooFew names the figures with too few samples to say whether they grow, "" if there are none.
func (m *Summary) tooFew() string {
	var of []string
	for _, t := range m.Trends {
		if t.TooFew {
			of = append(of, fmt.Sprintf("%s (%d)", t.What, t.Samples))
		}
	}
	switch {
	case len(m.Trends) == 0:
		return "whether anything grows: no samples"
	case len(of) == 0:
		return ""
	}
	return fmt.Sprintf("whether it grows: too few samples to say, at least %d of the later half are needed: %s", minTrendSamples, strings.Join(of, ", "))
}

// headline is the first line: verdict, rounds, time, seed.
func (m *Summary) headline() string {
	s := m.State
	what := fmt.Sprintf("shard %v", s.Shard)
	if len(m.Shards) > 0 {
		what = fmt.Sprintf("%d shards", len(m.Shards))
	}
	of := ""
	if s.Of != "" {
		of = " of " + s.Of
	}
	text := fmt.Sprintf("soak %s: %d rounds%s in %s, %s, seed %d", m.Verdict, s.Rounds, of, short(s.Elapsed), what, s.Seed)
	if s.Starts > 1 {
		text += fmt.Sprintf("; %d starts, %d rounds lost", s.Starts, s.Lost)
	}
	if s.LegDone.Rounds != s.Rounds { // there was an earlier leg
		text += fmt.Sprintf("; this leg %d rounds in %s", s.LegDone.Rounds, short(s.Leg))
	}
	if s.Ended != "" {
		text += "; " + Clip(s.Ended, 200)
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

// minimumsText lists the minimums of the newest leg, then those of the whole campaign.
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

// A table says what was done, by kind, hand-over or engine.
type table struct {
	name string
	of   map[string]*Tally
}

func (m *Summary) allTables() []table {
	return slices.DeleteFunc([]table{{"kind", m.State.Kinds}, {"hand-over", m.State.Handovers}, {"engine", m.State.Engines}}, func(t table) bool { return len(t.of) == 0 })
}

func (m *Summary) tables(b *lines) {
	for _, t := range m.allTables() {
		b.line("%-15s %7s %10s %9s %6s  done", t.name, "rounds", "no verdict", "time", "new")
		for _, name := range slices.Sorted(maps.Keys(t.of)) {
			n := t.of[name]
			if len(name) > nameWidth { // the name gets a line of its own
				b.line("  %s", name)
				name = ""
			}
			row := fmt.Sprintf("  %-*s %7d %10d %9s %6d  ", nameWidth, name, n.Rounds, n.Inconclusive, short(n.Took), n.New)
			if b.width < textWidth { // there is no room for a column of counts
				b.line("%s", row)
				b.wrap("    ", n.Counts.text())
				continue
			}
			for _, line := range wrapped(n.Counts.text(), b.width-len(row)) {
				b.line("%s%s", row, line)
				row = strings.Repeat(" ", len(row))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.State.Kinds)) {
		if n := m.State.Kinds[name]; n.Inconclusive > 0 {
			b.line("%s without a verdict, the last: %s", name, Clip(n.Reason, 200))
		}
	}
}

// text lists counts, the largest first.
func (c Counts) text() string { return strings.Join(c.words(grouped), ", ") }

// words are counts, the largest first.
func (c Counts) words(amount func(uint64) string) (words []string) {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), strings.Compare(a, b))
	})
	for _, name := range names {
		words = append(words, name+" "+amount(c[name]))
	}
	return words
}

// rounded prints a number in few letters: 999, 12k, 3M.
func rounded(n uint64) string {
	for _, unit := range []struct {
		size uint64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= unit.size {
			return fmt.Sprint(n/unit.size) + unit.name
		}
	}
	return fmt.Sprint(n)
}

// grouped prints a number with commas between the thousands.
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

// wrapped breaks a text at blanks into lines of at most that many bytes.
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

// Quoted quotes a word for a shell.
func Quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
