package results

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Known is a list of findings that a run may have: one a line, as Finding.Name writes it. A line that begins with # is a
// comment.
type Known struct {
	lines []string
	seen  map[string]bool
}

// ReadKnown reads such a list. An error names the line.
func ReadKnown(r io.Reader) (*Known, error) {
	k := &Known{seen: map[string]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.Join(strings.Fields(lines.Text()), " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		place, _, found := strings.Cut(line, ": ")
		if words := strings.Fields(place); !found || len(words) != 2 || !strings.HasPrefix(words[1], "Test") {
			return nil, fmt.Errorf("line %d: %.100q names no finding: write PACKAGE TEST: CLASS, as a run prints it after 'known as:'", n, line)
		}
		k.lines = append(k.lines, line)
	}
	return k, lines.Err()
}

// Mark sets Known of a finding that is on the list.
func (k *Known) Mark(f *Finding) {
	if k == nil {
		return
	}
	for _, line := range k.lines {
		if line == f.Name() {
			f.Known, k.seen[line] = line, true
		}
	}
}

// Gone are the findings on the list whose tests were judged and did not show them.
func (k *Known) Gone(all []Result) (gone []string) {
	if k == nil {
		return nil
	}
	judged := map[string]bool{}
	for _, r := range all {
		if r.Outcome != Skip && (r.Outcome == Pass || len(r.Findings) > 0) {
			judged[r.Package+" "+r.Test] = true
		}
	}
	for _, line := range k.lines {
		place, _, _ := strings.Cut(line, ": ")
		if judged[place] && !k.seen[line] {
			gone = append(gone, line)
		}
	}
	return gone
}
