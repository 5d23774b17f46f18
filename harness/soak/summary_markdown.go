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
		fmt.Fprintf(&b, "- %s\n", cell(t.String()))
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
			fmt.Fprintf(&b, "| %s | %s | %d | %s | `%s` |\n", f.Fingerprint, cell(f.Class), f.Count, cell(clip(f.Detail, 300)), strings.ReplaceAll(cell(f.Case), "`", "'"))
		}
	}
	fmt.Fprintf(&b, "\n<details><summary>failpoints</summary>\n\n| failpoint | passed |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(s.Points)) {
		fmt.Fprintf(&b, "| %s | %s |\n", cell(name), grouped(s.Points[name]))
	}
	fmt.Fprintf(&b, "\nnever passed: %s\n</details>\n", cell(orNone(m.Never)))
	return b.String()
}

// cell makes a text safe within a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;").Replace(text)
}
