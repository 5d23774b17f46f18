package weaken

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A flow knows what was assigned to the variables of one function. It goes by the text alone: of several assignments, the
// last one above a place counts. A closure shares the assignments of its function.
type flow struct {
	info     *types.Info
	assigned map[types.Object][]assignment // in the order of the source
}

// An assignment is a value that a variable gets, and the position from which it holds.
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

// last returns the value last assigned to a variable above a position; nil if there is none.
func (f *flow) last(name *ast.Ident, before token.Pos) (value ast.Expr) {
	for _, a := range f.assigned[f.info.ObjectOf(name)] {
		if a.at <= before {
			value = a.value
		}
	}
	return value
}

// calls calls visit with each call that evaluating an expression makes, until visit returns true.
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
