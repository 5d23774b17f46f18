// What markers become in code that imports racewindow: the controller travels in the context. Without a controller the
// marker is pingcap's, and costs one context look-up more.
//
//	failpoint.InjectCall("n", ctx)             _racewindow_yield(_racewindow_point_0, ctx)
//	failpoint.InjectCall("n", ctx, a, f())     _racewindow_yieldArgs(_racewindow_point_0, ctx, a, f())
//	failpoint.InjectCall(name, ctx, a)         _racewindow_yieldNamed(name, ctx, a)
//	failpoint.InjectCall("n", s.ctx, a)        if !_racewindow_tryYield(_racewindow_point_0, s.ctx) { failpoint.Call(…) }
//	failpoint.InjectCall("n", f(), a)          _racewindow_call(_racewindow_point_0, "n", f(), a)
//	failpoint.InjectCall("n", 1)               failpoint.Call(_curpkg_("n"), 1)
//	failpoint.InjectContext(ctx, "n", func…)   if v, _ok_ := _racewindow_fault(_racewindow_point_1, ctx); _ok_ { BODY }
//	failpoint.Inject("n", func…)               as pingcap's tool
//
// The first form is used if the source shows that the argument is a context.Context: a parameter or variable declared as
// one, or the result of context.Background, TODO or With…. If the source shows that it is not (a literal, a basic type), the
// marker keeps pingcap's runtime. Otherwise the argument is examined when the marker is passed.
//
// Every argument is evaluated as in a normal build, once and in order, with one exception: after an argument of unknown
// type, arguments without effects are evaluated only if that argument is no context.

package overlay

import (
	"fmt"
	"go/ast"
)

// contextCall splices an InjectCall whose first argument after the name is, or may be, a context; ok is false if it
// certainly is not.
func (s *splicer) contextCall(m marker) (ok bool) {
	args := m.call.Args
	spread := m.call.Ellipsis.IsValid()
	if len(args) < 2 || spread && len(args) == 2 {
		return false
	}
	name, isConstant := constant(args[0])
	seen := s.sight(args[1])
	switch {
	case seen == sightOther:
		return false
	case !isConstant:
		s.bind.computed(s.path, s.line(m.call.Pos()), "KindYield")
		function := "callNamed"
		if seen == sightContext {
			function = "yieldNamed"
		}
		s.replace(m.call.Pos(), args[0].Pos(), s.bind.prefix()+function+"(", "")
		return true
	}
	point := s.bind.point(name, "KindYield", s.path, s.line(m.call.Pos()))
	switch {
	case seen == sightContext:
		function := "yield"
		if len(args) > 2 {
			function = "yieldArgs"
		}
		s.replace(m.call.Pos(), args[1].Pos(), s.bind.prefix()+function+"("+point+", ", "")
	case simple(args[1]) && !spread && allPure(args[2:]):
		s.tryYield(m, point)
	default:
		s.replace(m.call.Pos(), args[0].Pos(), s.bind.prefix()+"call("+point+", ", "")
	}
	return true
}

// tryYield splices the form that examines its argument when the marker is passed.
func (s *splicer) tryYield(m marker, point string) {
	args := m.call.Args
	head := fmt.Sprintf("if !%stryYield(%s, %s) { %s.Call(%s(", s.bind.prefix(), point, flat(args[1]), m.pkg, s.bind.curpkg())
	s.replace(m.call.Pos(), args[0].Pos(), head, "")
	s.insert(args[0].End(), ")")
	s.insert(m.call.End(), " }")
}

// simple says whether e is a name, or a selector of names: evaluating it twice has the same effect as once.
func simple(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return simple(e.X)
	}
	return false
}

// flat returns the text of a simple expression on one line.
func flat(e ast.Expr) string {
	if selector, ok := e.(*ast.SelectorExpr); ok {
		return flat(selector.X) + "." + selector.Sel.Name
	}
	return e.(*ast.Ident).Name
}

// contextCondition returns the head that replaces an InjectContext under racewindow's dispatch.
func (s *splicer) contextCondition(m marker) condition {
	const fires = "_ok_"
	args, line := m.call.Args, s.line(m.call.Pos())
	name, isConstant := constant(args[1])
	if !isConstant {
		s.bind.computed(s.path, line, "KindFault")
		return condition{s.bind.prefix() + "faultNamed(", args[:2], []string{", ", ")"}, fires}
	}
	point := s.bind.point(name, "KindFault", s.path, line)
	return condition{s.bind.prefix() + "fault(" + point + ", ", args[:1], []string{")"}, fires}
}
