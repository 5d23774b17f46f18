// What a file shows about the type of an argument without type checking, which would first have to compile every dependency.
// go/parser resolves identifiers within a file. Its objects are deprecated for programs that need types, but they answer
// exactly what is asked here: is this name a local variable or parameter, and what does its declaration say?

package overlay

import (
	"go/ast"
	"go/token"
)

// object returns the declaration of an identifier that go/parser found in this file. It is nil for imports, builtins and
// what other files declare.
//
//lint:ignore SA1019 the deprecation is about types, see the head of this file
func object(id *ast.Ident) *ast.Object { return id.Obj }

// A sight says whether the source shows that an expression is a context.Context.
type sight int

const (
	sightUnknown sight = iota
	sightContext
	sightOther
)

// maxSightDepth is how many steps of a chain such as c := b; b := a; a := ctx are followed.
const maxSightDepth = 8

// contextMakers are the functions of package context whose first result is a context.Context.
var contextMakers = names(`Background TODO WithCancel WithCancelCause WithDeadline WithDeadlineCause WithTimeout
	WithTimeoutCause WithValue WithoutCancel`)

func (s *source) sight(e ast.Expr) sight { return s.sightAt(e, maxSightDepth) }

func (s *source) sightAt(e ast.Expr, depth int) sight {
	if depth == 0 {
		return sightUnknown
	}
	switch e := e.(type) {
	case *ast.BasicLit, *ast.FuncLit, *ast.BinaryExpr:
		return sightOther
	case *ast.ParenExpr:
		return s.sightAt(e.X, depth-1)
	case *ast.CompositeLit:
		return sightOther // could implement the interface, but is not declared to be one
	case *ast.UnaryExpr:
		if e.Op == token.ARROW || e.Op == token.RANGE { // go/parser writes a range clause this way
			return sightUnknown
		}
		return sightOther
	case *ast.TypeAssertExpr:
		if e.Type != nil {
			return s.sightOfType(e.Type)
		}
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && contextMakers[f.Sel.Name] {
			if _, ok := imported(f.X, s.context); ok {
				return sightContext
			}
		}
	case *ast.Ident:
		return s.sightOfName(e, depth)
	}
	return sightUnknown
}

func (s *source) sightOfName(id *ast.Ident, depth int) sight {
	o := object(id)
	if o == nil {
		if id.Name == "nil" || id.Name == "true" || id.Name == "false" {
			return sightOther
		}
		return sightUnknown
	}
	switch decl := o.Decl.(type) {
	case *ast.Field:
		return s.sightOfType(decl.Type)
	case *ast.ValueSpec:
		if decl.Type != nil {
			return s.sightOfType(decl.Type)
		}
		idents := make([]ast.Expr, len(decl.Names))
		for i, name := range decl.Names {
			idents[i] = name
		}
		return s.sightOfAssigned(id, idents, decl.Values, depth)
	case *ast.AssignStmt:
		if decl.Tok == token.DEFINE {
			return s.sightOfAssigned(id, decl.Lhs, decl.Rhs, depth)
		}
	}
	return sightUnknown
}

// sightOfAssigned examines the value that a declaration assigns to the variable name.
func (s *source) sightOfAssigned(name *ast.Ident, left, right []ast.Expr, depth int) sight {
	for i, e := range left {
		id, ok := e.(*ast.Ident)
		if !ok || object(id) != object(name) {
			continue
		}
		switch {
		case len(left) == len(right):
			return s.sightAt(right[i], depth-1)
		case len(right) == 1 && i == 0:
			return s.sightAt(right[0], depth-1)
		}
	}
	return sightUnknown
}

var basicTypes = names(`bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string
	uint uint8 uint16 uint32 uint64 uintptr`)

func (s *source) sightOfType(e ast.Expr) sight {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		if _, ok := imported(e.X, s.context); ok && e.Sel.Name == "Context" {
			return sightContext
		}
	case *ast.Ident:
		if object(e) == nil && basicTypes[e.Name] {
			return sightOther
		}
	case *ast.ParenExpr:
		return s.sightOfType(e.X)
	case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.Ellipsis:
		return sightOther
	}
	return sightUnknown
}

// pure says whether e can stay unevaluated without any effect that a program may rely on.
func pure(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident, *ast.BasicLit, *ast.FuncLit:
		return true
	case *ast.ParenExpr:
		return pure(e.X)
	case *ast.SelectorExpr:
		return pure(e.X)
	case *ast.UnaryExpr:
		return e.Op != token.ARROW && pure(e.X)
	case *ast.BinaryExpr:
		return e.Op != token.QUO && e.Op != token.REM && pure(e.X) && pure(e.Y)
	}
	return false
}

func allPure(list []ast.Expr) bool {
	for _, e := range list {
		if !pure(e) {
			return false
		}
	}
	return true
}
