package weaken

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A flow knows, within one function, what was assigned to a variable. It looks at the text alone: of several assignments, the
// last one above a place counts. Variables that a closure shares with its function have the same assignments in both.
type flow struct {
	info     *types.Info
	assigned map[types.Object][]assignment // in the order of the source
}

// An assignment is a value that a variable gets, from the position on.
type assignment struct {
	at    token.Pos
	value ast.Expr
}

func newFlow(info *types.Info, function ast.Node) *flow {
	f := &flow{info, map[types.Object][]assignment{}}
	ast.Inspect(function, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			f.assign(n.End(), n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			names := make([]ast.Expr, len(n.Names))
			for i, name := range n.Names {
				names[i] = name
			}
			f.assign(n.End(), names, n.Values)
		}
		return true
	})
	return f
}

func (f *flow) assign(at token.Pos, to, values []ast.Expr) {
	for i, left := range to {
		name, is := left.(*ast.Ident)
		if !is || len(values) == 0 {
			continue
		}
		value := values[0]
		if len(values) == len(to) {
			value = values[i]
		}
		if object := f.info.ObjectOf(name); object != nil {
			f.assigned[object] = append(f.assigned[object], assignment{at, value})
		}
	}
}

// last is what a variable was last given above a position; nil if nothing.
func (f *flow) last(name *ast.Ident, before token.Pos) (value ast.Expr) {
	for _, a := range f.assigned[f.info.ObjectOf(name)] {
		if a.at <= before {
			value = a.value
		}
	}
	return value
}

// calls calls visit with each call of an expression that is made when it is evaluated, until visit returns true.
func calls(e ast.Node, visit func(*ast.CallExpr) bool) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if found {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = visit(n)
		}
		return !found
	})
	return found
}
