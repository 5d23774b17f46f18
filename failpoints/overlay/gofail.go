// The comment markers of go.etcd.io/gofail. Its design.md and its rewriter are the specification.
//
//	// gofail: var name T     if v, err := POINT.Acquire(); err == nil { if name, ok := v.(T); !ok { POINT.BadType(v, "T") } else { …
//	// code                      code
//	// last line of code         last line of code }}
//	// gofail: label:                    label:
//
// gofail's tool reads lines; here a marker must also be a comment to Go. The code ends at the first line that is not a
// comment. It becomes part of the function around it, so a return in it returns from that function. Unlike gofail's text,
// the spliced text has no goto, so the code may declare variables; and it closes before a comment at the end of the code.

package overlay

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
)

const (
	gofailModule  = "go.etcd.io/gofail"
	gofailRuntime = gofailModule + "/runtime"
	gofailPrefix  = "// gofail:"
)

// A gofailMarker is one comment marker: a failpoint with its code, or a label.
type gofailMarker struct {
	name, typeName string // both empty for a label
	header         *ast.Comment
	code           []*ast.Comment
}

// mentionsGofail is a quick test, so that most files need not be parsed.
func mentionsGofail(content []byte) bool { return gofailLike.Match(content) }

var (
	// gofailLike matches what may be meant as a marker.
	gofailLike  = regexp.MustCompile(`(?i)(//|/\*)[ \t]*gofail[ \t]*:`)
	gofailMeant = regexp.MustCompile(`(?i)^(//|/\*)[ \t]*gofail[ \t]*:[ \t]*(var[ \t]|[\pL_][\pL_\pN]*[ \t]*:)`)
	gofailLabel = regexp.MustCompile(`^[ \t]*([\pL_][\pL_\pN]*)[ \t]*:[ \t]*(//.*)?$`)
)

// findGofail finds the comment markers of the file. A comment that looks like a marker but is not one is a problem.
func (s *source) findGofail() {
	var comments []*ast.Comment
	for _, group := range s.file.Comments {
		comments = append(comments, group.List...)
	}
	for i := 0; i < len(comments); i++ {
		c := comments[i]
		if at := gofailLike.FindStringIndex(c.Text); at == nil || at[0] != 0 {
			continue
		}
		m := gofailMarker{header: c}
		if !s.gofailHeader(&m) || !s.gofailPlace(c) {
			continue
		}
		if m.name != "" {
			for i+1 < len(comments) && s.continues(comments[i], comments[i+1]) {
				i++
				m.code = append(m.code, comments[i])
			}
			if !s.gofailCode(&m) {
				continue
			}
		}
		s.gofail = append(s.gofail, m)
	}
}

// gofailHeader reads the first line of a marker.
func (s *source) gofailHeader(m *gofailMarker) bool {
	c := m.header
	rest, exact := strings.CutPrefix(c.Text, gofailPrefix)
	switch {
	case !exact && !gofailMeant.MatchString(c.Text):
		return false // prose
	case !exact:
		s.problem(c.Pos(), fmt.Sprintf("%q is no gofail marker, because gofail only reads %q", firstLine(c.Text), gofailPrefix),
			"write "+gofailPrefix+" var name type")
		return false
	case !s.startsLine(c):
		s.problem(c.Pos(), "a gofail marker stands at the end of a line, where gofail does not read it",
			"put it on a line of its own")
		return false
	case gofailLabel.MatchString(rest):
		label := gofailLabel.FindStringSubmatch(rest)[1]
		if token.IsIdentifier(label) && label != "_" {
			return true
		}
	default:
		fields := strings.Fields(rest)
		if len(fields) != 3 || fields[0] != "var" || !token.IsIdentifier(fields[1]) || fields[1] == "_" {
			break
		}
		if _, err := parser.ParseExpr(fields[2]); err != nil {
			break
		}
		m.name, m.typeName = fields[1], fields[2]
		return true
	}
	s.problem(c.Pos(), fmt.Sprintf("malformed gofail marker %q", c.Text),
		"write "+gofailPrefix+" var name type, the type without a space, or "+gofailPrefix+" label:")
	return false
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimRight(text, "\r")
}

// startsLine says whether only blanks precede the comment on its line.
func (s *source) startsLine(c *ast.Comment) bool {
	before := string(s.text[:s.offset(c.Pos())])
	return strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) == ""
}

// continues says whether next is another line of the code that last belongs to.
func (s *source) continues(last, next *ast.Comment) bool {
	return strings.HasPrefix(next.Text, "//") && s.line(next.Pos()) == s.line(last.Pos())+1 && s.startsLine(next)
}

// gofailPlace says whether a statement can stand in the place of the comment.
func (s *source) gofailPlace(c *ast.Comment) bool {
	inner, outer := ast.Node(s.file), ast.Node(nil)
	ast.Inspect(s.file, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		if _, comment := n.(*ast.CommentGroup); comment || c.Pos() < n.Pos() || c.Pos() >= n.End() {
			return false
		}
		inner, outer = n, inner
		return true
	})
	place := token.NoPos // statements come after it
	switch n := inner.(type) {
	case *ast.BlockStmt:
		place = statementsFrom(n, outer, c.Pos())
	case *ast.CaseClause:
		place = n.Colon
	case *ast.CommClause:
		place = n.Colon
	case *ast.LabeledStmt:
		s.problem(c.Pos(), "a gofail marker stands between a label and its statement", "put it before the label")
		return false
	}
	if place == token.NoPos || c.Pos() < place {
		s.problem(c.Pos(), "a gofail marker stands where no statement can stand", "put it between two statements of a function")
		return false
	}
	return true
}

// statementsFrom returns where the list of statements around pos begins. In a block that is the brace. In a switch or select
// it is the colon of the last clause before pos, because a clause ends with its last statement, and not with the comments
// after it.
func statementsFrom(block *ast.BlockStmt, parent ast.Node, pos token.Pos) (place token.Pos) {
	switch parent.(type) {
	case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
	default:
		return block.Lbrace
	}
	for _, statement := range block.List {
		switch clause := statement.(type) {
		case *ast.CaseClause:
			if clause.Colon < pos {
				place = clause.Colon
			}
		case *ast.CommClause:
			if clause.Colon < pos {
				place = clause.Colon
			}
		}
	}
	return place
}

// codeText returns the code of a marker, with two blanks in place of every //, so that each byte keeps its distance from the
// first; and from, the offset in the file of that first byte.
func (s *source) codeText(m *gofailMarker) (text []byte, from int) {
	if len(m.code) == 0 {
		return nil, 0
	}
	from = s.offset(m.code[0].Pos())
	last := m.code[len(m.code)-1]
	text = append(text, s.text[from:s.offset(last.Pos())+len(last.Text)]...)
	for _, c := range m.code {
		copy(text[s.offset(c.Pos())-from:], "  ")
	}
	return text, from
}

// gofailCode checks that the code of a marker is a list of statements.
func (s *source) gofailCode(m *gofailMarker) bool {
	for _, c := range m.code {
		if strings.HasPrefix(c.Text, gofailPrefix) {
			s.problem(c.Pos(), "a gofail marker stands among the code of the one above, where it never fires",
				"put an empty line between the two")
			return false
		}
	}
	text, _ := s.codeText(m)
	const before = "package p; func _() { "
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", before+string(text)+"\n}", 0)
	if err == nil && len(file.Decls) != 1 {
		err = fmt.Errorf("a brace too many")
	}
	if err != nil {
		at, what := m.header.Pos(), err.Error()
		if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
			line := min(max(list[0].Pos.Line, 1), len(m.code))
			at, what = m.code[line-1].Pos(), list[0].Msg
		}
		s.problem(at, fmt.Sprintf("the code of the gofail marker %s is no list of statements: %s", m.name, what),
			"every comment line right below a marker is its code: put an empty line before one that is not")
		return false
	}
	return s.noMarkerInside(m, file)
}

// noMarkerInside refuses a pingcap marker in the code of a gofail marker: it would do nothing.
func (s *source) noMarkerInside(m *gofailMarker, code *ast.File) bool {
	found := false
	ast.Inspect(code, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok && markerNames[selector.Sel.Name] {
			if id, ok := selector.X.(*ast.Ident); ok && s.aliases[id.Name] {
				found = true
			}
		}
		return true
	})
	if found {
		s.problem(m.header.Pos(), "the code of the gofail marker "+m.name+" holds a marker of "+pingcapModule,
			"write the two one after the other")
	}
	return !found
}

// spliceGofail splices one comment marker.
func (s *splicer) spliceGofail(m gofailMarker) {
	from := s.offset(m.header.Pos())
	if m.name == "" {
		s.edits = append(s.edits, edit{from, from + len(gofailPrefix), strings.Repeat(" ", len(gofailPrefix))})
		return
	}
	point := s.bind.gofailPoint(m.name, s.path, s.line(m.header.Pos()))
	prefix := s.bind.prefix()
	text, codeFrom := s.codeText(&m)
	end := lastToken(text)
	name, use := m.name, " _ = "+m.name+";"
	if end == 0 || m.typeName == "struct{}" {
		name, use = "_", ""
	}
	head := fmt.Sprintf("if %[1]svalue, %[1]serr := %[2]s.Acquire(); %[1]serr == nil { if %[3]s, %[1]sok := %[1]svalue.(%[4]s); "+
		"!%[1]sok { %[2]s.BadType(%[1]svalue, %[4]q) } else {%[5]s", prefix, point, name, m.typeName, use)
	if end == 0 {
		head += " }}"
	}
	s.edits = append(s.edits, edit{from, from + len(m.header.Text), head})
	if end == 0 {
		return // only comments: they stay comments
	}
	for _, c := range m.code {
		at := s.offset(c.Pos())
		s.edits = append(s.edits, edit{at, at + len("//"), "  "})
	}
	s.edits = append(s.edits, edit{codeFrom + end, codeFrom + end, " }}"})
}

// lastToken returns where the last token ends that is not a comment; 0 if there is none.
func lastToken(text []byte) (end int) {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var sc scanner.Scanner
	sc.Init(file, text, func(token.Position, string) {}, 0)
	for {
		pos, tok, literal := sc.Scan()
		switch {
		case tok == token.EOF:
			return end
		case tok == token.SEMICOLON && literal != ";":
			continue // inserted by the scanner
		case literal == "":
			literal = tok.String()
		}
		end = file.Offset(pos) + len(literal)
		if literal[0] == '`' { // the scanner leaves out the carriage returns of a raw string
			end = file.Offset(pos) + 2 + bytes.IndexByte(text[file.Offset(pos)+1:], '`')
		}
	}
}
