// What markers mean to pingcap's own tool. Its README and its rewriter are the specification.
//
//	failpoint.Inject("n", func(v failpoint.Value) { BODY })   if v, _err_ := failpoint.Eval(_curpkg_("n")); _err_ == nil { BODY }
//	failpoint.InjectContext(ctx, "n", func() { BODY })        if _, _err_ := failpoint.EvalContext(ctx, …); _err_ == nil { BODY }
//	failpoint.InjectCall("n", a, b)                           failpoint.Call(_curpkg_("n"), a, b)
//	failpoint.Break("l"), Continue, Goto, Fallthrough         break l, continue l, goto l, fallthrough
//	failpoint.Return(a, b)                                    return a, b
//	failpoint.Label("l")                                      l:
//
// BODY becomes part of the function around it, so a return in it returns from that function.

package overlay

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"strings"
)

// A condition is the text that replaces the head of an Inject or InjectContext: the texts around the arguments that are
// kept. The last text closes the call.
type condition struct {
	open  string
	kept  []ast.Expr
	texts []string // text after each kept argument
	fires string   // the variable that says whether the body runs
}

// inject splices Inject and InjectContext.
func (s *splicer) inject(m marker) {
	args := m.call.Args
	wanted := 2
	if m.name == "InjectContext" {
		wanted = 3
	}
	if len(args) != wanted || m.call.Ellipsis.IsValid() {
		s.problem(m.call.Pos(), fmt.Sprintf("%s.%s has %d arguments and takes %d", m.pkg, m.name, len(args), wanted),
			"see the documentation of "+pingcapModule)
		return
	}
	body, isFunc := args[wanted-1].(*ast.FuncLit)
	if id, ok := args[wanted-1].(*ast.Ident); !isFunc && (!ok || id.Name != "nil" || object(id) != nil) {
		s.problem(args[wanted-1].Pos(), fmt.Sprintf("the body of %s.%s is neither nil nor a function literal", m.pkg, m.name),
			fmt.Sprintf("call your function in a literal: func(%s.Value) { … }", m.pkg))
		return
	}
	c := s.pingcapCondition(m)
	if m.name == "InjectContext" && s.bind.own {
		c = s.contextCondition(m)
	}
	if !isFunc {
		s.evaluateOnly(m, c)
		return
	}
	value, ok := s.valueName(m, body)
	if !ok {
		return
	}
	used := ""
	if value != "_" {
		used = " _ = " + value + ";"
	}
	s.head(m, c, "if "+value+", "+c.fires+" := ")
	condition := c.fires
	if c.fires == pingcapError {
		condition += " == nil"
	}
	s.closing(c.kept[len(c.kept)-1].End(), body.Body.Lbrace+1, c.texts[len(c.texts)-1]+"; "+condition+" {"+used)
	s.replace(body.Body.Rbrace+1, m.call.End(), "", "")
}

// pingcapError is the name that pingcap's tool gives to the second result of Eval.
const pingcapError = "_err_"

func (s *splicer) pingcapCondition(m marker) condition {
	curpkg := s.bind.curpkg()
	if m.name == "Inject" {
		return condition{m.pkg + ".Eval(" + curpkg + "(", m.call.Args[:1], []string{"))"}, pingcapError}
	}
	return condition{m.pkg + ".EvalContext(", m.call.Args[:2], []string{", " + curpkg + "(", "))"}, pingcapError}
}

// head splices everything up to the last kept argument.
func (s *splicer) head(m marker, c condition, before string) {
	s.replace(m.call.Pos(), c.kept[0].Pos(), before+c.open, "")
	for i := 1; i < len(c.kept); i++ {
		s.replace(c.kept[i-1].End(), c.kept[i].Pos(), c.texts[i-1], "")
	}
}

// evaluateOnly splices a marker without a body: even so, an enabled failpoint can sleep, panic or print.
func (s *splicer) evaluateOnly(m marker, c condition) {
	s.head(m, c, "")
	s.closing(c.kept[len(c.kept)-1].End(), m.call.End(), c.texts[len(c.texts)-1])
}

// valueName returns the name of the body's parameter.
func (s *splicer) valueName(m marker, body *ast.FuncLit) (string, bool) {
	fields := body.Type.Params.List
	if len(fields) == 0 {
		return "_", true
	}
	selector, ok := fields[0].Type.(*ast.SelectorExpr)
	if ok {
		_, ok = imported(selector.X, s.aliases)
	}
	if !ok || selector.Sel.Name != "Value" || len(fields) > 1 || len(fields[0].Names) > 1 {
		s.problem(body.Pos(), fmt.Sprintf("the body of %s.%s has parameters that it cannot have", m.pkg, m.name),
			fmt.Sprintf("write func() { … } or func(value %s.Value) { … }", m.pkg))
		return "", false
	}
	if len(fields[0].Names) == 0 {
		return "_", true
	}
	return fields[0].Names[0].Name, true
}

// injectCall splices InjectCall.
func (s *splicer) injectCall(m marker) {
	if len(m.call.Args) == 0 || m.call.Ellipsis.IsValid() && len(m.call.Args) == 1 {
		s.problem(m.call.Pos(), m.pkg+".InjectCall has no name", "its first argument is the name of the failpoint")
		return
	}
	if s.bind.own && s.contextCall(m) {
		return
	}
	name := m.call.Args[0]
	s.replace(m.call.Pos(), name.Pos(), m.pkg+".Call("+s.bind.curpkg()+"(", "")
	s.insert(name.End(), ")")
}

// branch splices Break, Continue, Goto and Fallthrough.
func (s *splicer) branch(m marker) {
	keyword := strings.ToLower(m.name)
	most, least := 1, 0
	switch m.name {
	case "Goto":
		least = 1
	case "Fallthrough":
		most = 0
	}
	args := m.call.Args
	if len(args) < least || len(args) > most {
		s.problem(m.call.Pos(), fmt.Sprintf("%s.%s has %d arguments", m.pkg, m.name, len(args)), "name one label at most, as "+keyword+" does")
		return
	}
	if len(args) == 1 {
		label, ok := labelArgument(args[0])
		if !ok {
			s.problem(args[0].Pos(), fmt.Sprintf("the label of %s.%s is no constant name", m.pkg, m.name),
				fmt.Sprintf("write the label as a string: %s.%s(\"label\")", m.pkg, m.name))
			return
		}
		keyword += " " + label
	}
	s.replace(m.call.Pos(), m.call.End(), keyword, "")
}

// label splices Label. It labels the next statement, so a semicolon between the two must go.
func (s *splicer) label(m marker) {
	name, ok := "", false
	if len(m.call.Args) == 1 {
		name, ok = labelArgument(m.call.Args[0])
	}
	if !ok || m.labeled {
		s.problem(m.call.Pos(), fmt.Sprintf("%s.Label follows another label, or does not name its label by a constant", m.pkg),
			fmt.Sprintf("write %s.Label(\"label\") as a statement of its own", m.pkg))
		return
	}
	if m.next == token.NoPos {
		s.replace(m.call.Pos(), m.call.End(), name+":;", "")
		return
	}
	s.replace(m.call.Pos(), m.call.End(), name+":", "")
	if at := s.find(m.call.End(), m.next, token.SEMICOLON); at.IsValid() {
		s.replace(at, at+1, " ", "")
	}
}

// returns splices Return. A newline after the return keyword would end the statement, so if the first argument is on a later
// line, it gets parentheses that open on the keyword's line.
func (s *splicer) returns(m marker) {
	args := m.call.Args
	if m.call.Ellipsis.IsValid() {
		s.problem(m.call.Pos(), m.pkg+".Return with ... cannot become a return statement", "write the results one by one")
		return
	}
	if len(args) == 0 {
		s.replace(m.call.Pos(), m.call.End(), "return", "")
		return
	}
	first, last := args[0], args[len(args)-1]
	opens := bytes.Contains(s.text[s.offset(m.call.Pos()):s.offset(first.Pos())], []byte("\n"))
	if opens {
		s.replace(m.call.Pos(), first.Pos(), "return (", "")
		s.insert(first.End(), ")")
	} else {
		s.replace(m.call.Pos(), first.Pos(), "return ", "")
	}
	s.replace(last.End(), m.call.End(), "", "")
}

// find returns the position of the first token of that kind in [from, to) outside of comments, or NoPos.
func (s *splicer) find(from, to token.Pos, kind token.Token) token.Pos {
	text := s.text[s.offset(from):s.offset(to)]
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var sc scanner.Scanner
	sc.Init(file, text, func(token.Position, string) {}, 0)
	for {
		pos, tok, literal := sc.Scan()
		switch {
		case tok == token.EOF:
			return token.NoPos
		case tok == kind && literal != "\n":
			return from + token.Pos(file.Offset(pos))
		}
	}
}
