// The splicer edits byte ranges, and never adds or removes a newline.

package overlay

import (
	"bytes"
	"fmt"
	"go/token"
	"sort"
	"strings"
)

// An edit replaces the bytes [from, to) of a file.
type edit struct {
	from, to int
	text     string
}

// A splicer collects the edits of one file. Edits touch only the tokens of a marker, never the expressions and bodies that
// are kept, so nested markers need no special care.
type splicer struct {
	*source
	bind  *binding
	edits []edit
}

// spliceMarkers returns the text of a file with every marker spliced.
func spliceMarkers(path string, text []byte, bind *binding) ([]byte, error) {
	src, err := parseSource(path, text)
	if err != nil {
		return nil, err
	}
	s := &splicer{source: src, bind: bind}
	s.findGofail()
	enables, evaluates := s.findEnablings()
	bind.enables, bind.evaluates = append(bind.enables, enables...), bind.evaluates || evaluates
	for _, m := range s.markers {
		s.splice(m)
	}
	for _, m := range s.gofail {
		s.spliceGofail(m)
	}
	if len(s.problems) > 0 {
		return nil, s.problems
	}
	if len(s.edits) == 0 {
		return text, nil
	}
	bind.used = true
	s.keepImports()
	return s.result()
}

// splice replaces one marker.
func (s *splicer) splice(m marker) {
	switch m.name {
	case "Inject", "InjectContext":
		s.found(m)
		s.inject(m)
	case "InjectCall":
		s.found(m)
		s.injectCall(m)
	case "Return":
		s.returns(m)
	case "Label":
		s.label(m)
	default:
		s.branch(m)
	}
}

// replace replaces [from, to) by before, the newlines that were there, and after.
func (s *splicer) replace(from, to token.Pos, before, after string) {
	start, end := s.offset(from), s.offset(to)
	lines := bytes.Count(s.text[start:end], []byte("\n"))
	s.edits = append(s.edits, edit{start, end, before + strings.Repeat("\n", lines) + after})
}

// closing replaces [from, to) by the end of an argument list. A newline there needs a comma before it, because otherwise it
// ends the statement.
func (s *splicer) closing(from, to token.Pos, text string) {
	before := ""
	if bytes.Contains(s.text[s.offset(from):s.offset(to)], []byte("\n")) {
		before = ","
	}
	s.replace(from, to, before, text)
}

func (s *splicer) insert(at token.Pos, text string) {
	s.edits = append(s.edits, edit{s.offset(at), s.offset(at), text})
}

// keepImports keeps the imports of pingcap's package used if no call to it is left. The declaration goes to the end of the
// file, the only place where it moves no line.
func (s *splicer) keepImports() {
	if !s.bind.own {
		return
	}
	end := len(s.text)
	glue := ""
	if end > 0 && s.text[end-1] != '\n' {
		glue = "\n"
	}
	for _, alias := range sortedKeys(s.aliases) {
		s.edits = append(s.edits, edit{end, end, glue + "var _ " + alias + ".Value"})
		glue = "\n"
	}
}

// result applies the edits.
func (s *splicer) result() ([]byte, error) {
	sort.SliceStable(s.edits, func(i, j int) bool { return s.edits[i].from < s.edits[j].from })
	var out bytes.Buffer
	done := 0
	for _, e := range s.edits {
		if e.from < done || e.to < e.from {
			return nil, fmt.Errorf("splice %s: two markers overlap at byte %d: please report this file", s.path, e.from)
		}
		out.Write(s.text[done:e.from])
		out.WriteString(e.text)
		done = e.to
	}
	out.Write(s.text[done:])
	return out.Bytes(), nil
}
