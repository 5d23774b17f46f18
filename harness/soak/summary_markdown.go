package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown is the summary for a GitHub step summary.
func (m *Summary) Markdown() string {
	var b strings.Builder
	s := m.State
	fmt.Fprintf(&b, "## %s\n\n", cell(m.headline()))
	for _, missed := range m.Missed {
		fmt.Fprintf(&b, "- **missed** %s\n", cell(missed))
	}
	for _, n := range s.NotRun {
		fmt.Fprintf(&b, "- **not run** %s: %s\n", cell(n.What), cell(n.Because))
	}
	fmt.Fprintf(&b, "- first: %s\n- coverage: %d failpoints, %d pairs, %d behaviours\n- minimums of this leg: %s\n", m.checksText(), m.Passes, m.Pairs, m.Seen, cell(m.minimumsText()))
	for _, t := range m.Trends {
		if !t.TooFew {
			fmt.Fprintf(&b, "- %s\n", cell(t.String()))
		}
	}
	if few := m.tooFew(); few != "" {
		fmt.Fprintf(&b, "- %s\n", cell(few))
	}
	for _, t := range m.allTables() {
		fmt.Fprintf(&b, "\n| %s | rounds | no verdict | time | new | done |\n|---|---|---|---|---|---|\n", t.name)
		for _, name := range slices.Sorted(maps.Keys(t.of)) {
			n := t.of[name]
			fmt.Fprintf(&b, "| %s | %d | %d | %s | %d | %s |\n", cell(name), n.Rounds, n.Inconclusive, short(n.Took), n.New, cell(n.Counts.text()))
		}
	}
	if open := s.Open(); len(open) > 0 {
		b.WriteString("\n| finding | class | times | what | case |\n|---|---|---|---|---|\n")
		for _, f := range open {
			fmt.Fprintf(&b, "| %s | %s | %d | %s | `%s` |\n", f.Fingerprint, cell(f.Class), f.Count, cell(Clip(f.Detail, 300)), strings.ReplaceAll(cell(f.Case), "`", "'"))
		}
	}
	b.WriteString("\n<details><summary>failpoints and faults</summary>\n")
	for _, t := range []struct {
		head string
		of   Counts
	}{{"| failpoint | passed |", s.Points}, {"| fault | injected |", s.Faults}} {
		fmt.Fprintf(&b, "\n%s\n|---|---|\n", t.head)
		for _, name := range slices.Sorted(maps.Keys(t.of)) {
			fmt.Fprintf(&b, "| %s | %s |\n", cell(name), grouped(t.of[name]))
		}
	}
	fmt.Fprintf(&b, "\nnever passed: %s\n</details>\n", cell(orNone(m.Never)))
	return b.String()
}

// cell makes a text safe in a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(OneLine(text))
}
