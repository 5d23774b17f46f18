package yieldcheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

const (
	wordYielded = "yielded"
	wordAtomic  = "atomic"
	wordShared  = "shared"
)

// An escape is one //racewindow: comment. It lets an operation stand without a point, or declares shared state.
type escape struct {
	pos   token.Pos
	word  string
	used  bool
	wrong string // what is wrong with it, for the message; empty if nothing is
}

// comments are the //racewindow: comments of a package's production files.
type comments struct {
	all       []*escape
	functions map[types.Object][]*escape
	types     map[string]*escape // by the name of a type: the escape of its methods
	lines     map[string]*escape // by file:line
	declared  map[*escape]types.Object
}

var commentPattern = regexp.MustCompile(`^//racewindow:(\S*)\s*(.*?)\s*$`)

// parseComment parses a comment that begins with //racewindow:, and returns nil for any other.
func parseComment(c *ast.Comment) *escape {
	parts := commentPattern.FindStringSubmatch(c.Text)
	if parts == nil {
		return nil
	}
	e := &escape{pos: c.Pos(), word: parts[1]}
	text, _, _ := strings.Cut(parts[2], "//")
	reason, because := strings.CutPrefix(text, "because")
	switch {
	case e.word == wordShared:
	case e.word != wordAtomic && e.word != wordYielded:
		e.wrong = fmt.Sprintf("//racewindow:%s is no comment that yieldcheck knows: yielded, atomic or shared", e.word)
	case !because || strings.TrimSpace(reason) == "":
		e.wrong = fmt.Sprintf("//racewindow:%s needs a reason: //racewindow:%s because …", e.word, e.word)
	}
	return e
}

// findComments finds the //racewindow: comments and what each applies to.
func findComments(pass *analysis.Pass) *comments {
	cs := &comments{
		functions: map[types.Object][]*escape{}, types: map[string]*escape{},
		lines: map[string]*escape{}, declared: map[*escape]types.Object{},
	}
	for _, file := range pass.Files {
		if strings.HasSuffix(pass.Fset.Position(file.Pos()).Filename, "_test.go") {
			continue
		}
		found := map[*ast.Comment]*escape{}
		for _, group := range file.Comments {
			for _, c := range group.List {
				if e := parseComment(c); e != nil {
					found[c] = e
					cs.all = append(cs.all, e)
				}
			}
		}
		if len(found) > 0 {
			cs.attach(pass, file, found)
		}
	}
	return cs
}

// attach connects each comment of a file to what it applies to: a declaration, or else a line.
func (cs *comments) attach(pass *analysis.Pass, file *ast.File, found map[*ast.Comment]*escape) {
	taken := map[*escape]bool{}
	take := func(id *ast.Ident, groups ...*ast.CommentGroup) {
		for _, group := range groups {
			if group == nil {
				continue
			}
			for _, c := range group.List {
				if e := found[c]; e != nil && cs.declare(e, pass.TypesInfo.Defs[id]) {
					taken[e] = true
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			take(n.Name, n.Doc)
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					take(spec.Name, spec.Doc, spec.Comment, n.Doc)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						take(id, spec.Doc, spec.Comment, n.Doc)
					}
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				take(id, n.Doc, n.Comment)
			}
		}
		return true
	})
	for c, e := range found {
		if !taken[e] {
			cs.putOnLine(pass, file, c, e)
		}
	}
}

// declare connects a comment to a declared object, and says whether it is allowed there.
func (cs *comments) declare(e *escape, object types.Object) bool {
	switch object := object.(type) {
	case *types.Func:
		if e.word != wordAtomic && e.word != wordYielded {
			return false
		}
		cs.functions[object] = append(cs.functions[object], e)
		return true
	case *types.TypeName:
		if e.word == wordAtomic {
			cs.types[named(object.Type())] = e
		}
		if e.word == wordShared {
			cs.declared[e], e.used = object, true
		}
		return e.word != wordYielded
	case *types.Var:
		if e.word == wordShared && (object.IsField() || object.Parent() == object.Pkg().Scope()) {
			cs.declared[e], e.used = object, true
			return true
		}
	}
	return false
}

// putOnLine connects a comment to its line, or to the next line if it stands alone.
func (cs *comments) putOnLine(pass *analysis.Pass, file *ast.File, c *ast.Comment, e *escape) {
	if e.word != wordAtomic {
		if e.wrong == "" {
			e.wrong = fmt.Sprintf("//racewindow:%s cannot stand here: %s", e.word, map[string]string{
				wordYielded: "it belongs above a function", wordShared: "it belongs to a type, a field or a package-level variable",
			}[e.word])
		}
		return
	}
	at := pass.Fset.Position(c.Pos())
	line, alone := at.Line, true
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		switch n.(type) {
		case *ast.File, *ast.BlockStmt, *ast.Comment, *ast.CommentGroup:
			return true
		}
		start, end := pass.Fset.Position(n.Pos()).Line, pass.Fset.Position(n.End()).Line
		if n.End() <= c.Pos() && end == line || start == line && n.Pos() < c.Pos() {
			alone = false
		}
		return alone
	})
	if alone {
		line++
	}
	cs.lines[fmt.Sprintf("%s:%d", at.Filename, line)] = e
}

// onLine returns the escape of a line.
func (cs *comments) onLine(at token.Position) *escape {
	return cs.lines[fmt.Sprintf("%s:%d", at.Filename, at.Line)]
}

// ofFunction returns the escapes of a declared function: its own, or that of its receiver's type.
func (cs *comments) ofFunction(fn *ssa.Function) (yielded, atomic *escape) {
	object, ok := fn.Object().(*types.Func)
	if !ok {
		return nil, nil
	}
	for _, e := range cs.functions[object] {
		if e.word == wordYielded {
			yielded = e
		} else {
			atomic = e
		}
	}
	if recv := object.Signature().Recv(); recv != nil && atomic == nil {
		atomic = cs.types[named(recv.Type())]
	}
	return yielded, atomic
}

// sharedState holds what is declared as shared.
type sharedState struct {
	objects map[types.Object]bool // fields and variables
	types   map[string]bool
}

func (cs *comments) sharedState(pass *analysis.Pass) sharedState {
	s := sharedState{map[types.Object]bool{}, map[string]bool{}}
	for _, name := range strings.Split(sharedTypes, ",") {
		s.types[strings.TrimSpace(name)] = true
	}
	delete(s.types, "")
	for _, object := range cs.declared {
		if t, ok := object.(*types.TypeName); ok {
			s.types[pass.Pkg.Path()+"."+t.Name()] = true
			continue
		}
		s.objects[object] = true
	}
	return s
}
