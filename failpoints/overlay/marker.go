// Finding the markers of a file. Every mention of a marker function is checked, wherever it stands: one that is no statement
// cannot be spliced, and is a problem.

package overlay

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// markerNames are pingcap's marker functions. Everything else in its package is ordinary API.
var markerNames = names("Inject InjectContext InjectCall Break Continue Goto Fallthrough Return Label")

// A marker is a call of a marker function that is a statement.
type marker struct {
	name    string // Inject, InjectCall, …
	pkg     string // the name under which the file imports pingcap's package
	call    *ast.CallExpr
	next    token.Pos // where the next statement of the list begins; NoPos for the last one
	labeled bool      // it is a labeled statement, so something must take its place
}

// A source is one parsed file.
type source struct {
	path     string
	text     []byte
	fset     *token.FileSet
	file     *ast.File
	aliases  map[string]bool // names under which pingcap's package is imported
	context  map[string]bool // names under which package context is imported
	markers  []marker
	gofail   []gofailMarker
	problems Problems
}

// parseSource parses a file and finds its markers. It collects problems with markers, and does not return them.
func parseSource(path string, text []byte) (*source, error) {
	s := &source{path: path, text: text, fset: token.NewFileSet(), aliases: map[string]bool{}, context: map[string]bool{}}
	file, err := parser.ParseFile(s.fset, path, text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("search %s for markers: %w", path, err)
	}
	s.file = file
	for _, spec := range file.Imports {
		s.addImport(spec)
	}
	if len(s.aliases) > 0 {
		s.findMarkers()
	}
	return s, nil
}

func (s *source) addImport(spec *ast.ImportSpec) {
	path, _ := strconv.Unquote(spec.Path.Value)
	var into map[string]bool
	name := ""
	switch path {
	case pingcapModule:
		into, name = s.aliases, "failpoint"
	case "context":
		into, name = s.context, "context"
	default:
		return
	}
	if spec.Name != nil {
		name = spec.Name.Name
	}
	switch {
	case name == "_":
	case name == "." && path == pingcapModule:
		s.problem(spec.Pos(), "a dot import of "+pingcapModule+" hides which calls are markers",
			"import it under a name")
	default:
		into[name] = true
	}
}

func (s *source) problem(pos token.Pos, what, remedy string) {
	s.problems = append(s.problems, Problem{File: s.path, Line: s.line(pos), What: what, Remedy: remedy})
}

// line returns the line in the file itself; //line directives do not count.
func (s *source) line(pos token.Pos) int { return s.fset.PositionFor(pos, false).Line }

func (s *source) offset(pos token.Pos) int { return s.fset.PositionFor(pos, false).Offset }

// imported returns the import name that e refers to, if e is one and nothing in the file shadows it.
func imported(e ast.Expr, among map[string]bool) (string, bool) {
	id, ok := e.(*ast.Ident)
	if !ok || object(id) != nil || !among[id.Name] {
		return "", false
	}
	return id.Name, true
}

func (s *source) findMarkers() {
	ast.PreorderStack(s.file, nil, func(n ast.Node, stack []ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || !markerNames[selector.Sel.Name] {
			return true
		}
		pkg, ok := imported(selector.X, s.aliases)
		if !ok {
			return true
		}
		m := marker{name: selector.Sel.Name, pkg: pkg}
		if !m.place(selector, stack) {
			s.problem(selector.Pos(), fmt.Sprintf("%s.%s stands where no statement can stand", pkg, m.name),
				fmt.Sprintf("make it a statement of its own, %s.%s(…), or wrap it: func() { %s.%s(…) }()",
					pkg, m.name, pkg, m.name))
			return true
		}
		s.markers = append(s.markers, m)
		return true
	})
}

// place records the position of the marker; stack is the path to its selector.
func (m *marker) place(selector *ast.SelectorExpr, stack []ast.Node) bool {
	depth := len(stack)
	if depth < 3 {
		return false
	}
	call, ok := stack[depth-1].(*ast.CallExpr)
	if !ok || call.Fun != selector {
		return false
	}
	statement, ok := stack[depth-2].(*ast.ExprStmt)
	if !ok {
		return false
	}
	m.call = call
	var list []ast.Stmt
	switch parent := stack[depth-3].(type) {
	case *ast.BlockStmt:
		list = parent.List
	case *ast.CaseClause:
		list = parent.Body
	case *ast.CommClause:
		list = parent.Body
	case *ast.LabeledStmt:
		m.labeled = true
		return true
	}
	for i, each := range list {
		if each == ast.Stmt(statement) {
			if i+1 < len(list) {
				m.next = list[i+1].Pos()
			}
			return true
		}
	}
	return false // the init or post statement of an if, a for or a switch, or the communication of a select
}

// constant returns the value of a marker's name if this file shows it: a literal, a sum of literals, or a constant declared
// as one.
func constant(e ast.Expr) (string, bool) { return constantAt(e, maxSightDepth) }

func constantAt(e ast.Expr, depth int) (string, bool) {
	if depth == 0 {
		return "", false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			value, err := strconv.Unquote(e.Value)
			return value, err == nil
		}
	case *ast.ParenExpr:
		return constantAt(e.X, depth-1)
	case *ast.BinaryExpr:
		x, okX := constantAt(e.X, depth-1)
		y, okY := constantAt(e.Y, depth-1)
		return x + y, okX && okY && e.Op == token.ADD
	case *ast.Ident:
		return constantNamed(e, depth)
	}
	return "", false
}

func constantNamed(id *ast.Ident, depth int) (string, bool) {
	o := object(id)
	if o == nil || o.Kind != ast.Con {
		return "", false
	}
	spec, ok := o.Decl.(*ast.ValueSpec)
	if !ok || len(spec.Values) != len(spec.Names) {
		return "", false // iota or an implied repetition
	}
	for i, name := range spec.Names {
		if object(name) == o {
			return constantAt(spec.Values[i], depth-1)
		}
	}
	return "", false
}

// labelArgument returns the label that a Break, Continue, Goto or Label names.
func labelArgument(e ast.Expr) (string, bool) {
	value, ok := constant(e)
	return value, ok && token.IsIdentifier(value)
}
