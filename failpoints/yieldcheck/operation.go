package yieldcheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

const (
	markerPackage  = "github.com/pingcap/failpoint"
	runtimePackage = "github.com/racewindow/racewindow/failpoints"
)

// An effectKind says what an instruction does to the state.
type effectKind uint8

const (
	nothing          effectKind = iota
	point                       // passes a failpoint
	operation                   // touches shared state
	acquire                     // takes a lock: an operation after which its point still counts
	release                     // releases a lock: this ends a step, and needs no point
	pointedOperation            // passes a point, then touches shared state
	call                        // calls a function of the package
	unknown                     // calls a function that may do anything
)

// An effect is what an instruction does.
type effect struct {
	kind    effectKind
	what    string
	callees []*function
	// maybe says that another function receives the callees as arguments, and may or may not call them.
	maybe  bool
	bodies []*function // function literals that run at the point, if it fires
}

// held says whether a callee expects its caller to have passed a point.
func (e effect) held() bool {
	return slices.ContainsFunc(e.callees, func(f *function) bool { return f.yielded != nil })
}

// needsPoint says whether a point must come before the effect.
func (e effect) needsPoint() bool { return e.kind == operation || e.kind == acquire || e.held() }

// operations lists, by type of another package, the methods that are operations; "*" means all of them, "-X" means not X.
var operations = map[string]struct{ what, methods string }{
	"sync.Mutex":     {"a lock", "Lock TryLock Unlock"},
	"sync.RWMutex":   {"a lock", "Lock TryLock Unlock RLock TryRLock RUnlock"},
	"sync.Locker":    {"a lock", "Lock Unlock"},
	"sync.Once":      {"a lock", "Do"},
	"sync.Cond":      {"a condition variable", "Wait Signal Broadcast"},
	"sync.WaitGroup": {"a wait", "Wait Add Done Go"},
	"sync.Map":       {"a shared map", "*"},
	"os.File":        {"a file operation", "* -Name -Fd -SyscallConn"},
	"os.Root":        {"a file operation", "* -Name"},
	"io.ReaderAt":    {"a file operation", "*"},
	"io.WriterAt":    {"a file operation", "*"},
}

// movers are the methods of package sync that differ from other operations (Lipton, "Reduction", CACM 18, 1975). What other
// goroutines do between our lock and our next operation does not need that lock. They could as well have done it before the
// lock, so the next operation shares the point of the lock. What they do after our unlock may need the lock, so the next
// operation needs its own point. The unlock itself needs none, because others notice it only when they lock.
var movers = map[string]effectKind{
	"Lock": acquire, "RLock": acquire, "Unlock": release, "RUnlock": release, "Add": release, "Done": release, "Go": release,
}

// fileFunctions are the functions of package os that read or change files.
var fileFunctions = words(`Create CreateTemp Open OpenFile OpenInRoot OpenRoot ReadFile WriteFile ReadDir Mkdir MkdirAll MkdirTemp
	Remove RemoveAll Rename Truncate Stat Lstat Link Symlink Readlink Chmod Chown Lchown Chtimes CopyFS`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// effect returns the effect of an instruction, and remembers it.
func (c *checker) effect(at ssa.Instruction) effect {
	e, known := c.effects[at]
	if !known {
		e = c.classify(at)
		// An operation that a comment excuses has no effect.
		if e.needsPoint() {
			if escape := c.excuse(at); escape != nil {
				escape.used = true
				e = effect{}
			}
		}
		c.effects[at] = e
	}
	return e
}

// excuse returns the comment that excuses an instruction, or nil.
func (c *checker) excuse(at ssa.Instruction) *escape {
	if f := c.functions[at.Parent()]; f != nil && f.atomic != nil {
		return f.atomic
	}
	return c.comments.onLine(c.pass.Fset.Position(c.position(at)))
}

func (c *checker) classify(at ssa.Instruction) effect {
	switch at := at.(type) {
	case ssa.CallInstruction:
		return c.classifyCall(at.Common())
	case *ssa.Send:
		return effect{kind: operation, what: "a send"}
	case *ssa.Select:
		if len(at.States) > 0 {
			return effect{kind: operation, what: "a select"}
		}
	case *ssa.UnOp:
		if at.Op == token.ARROW {
			return effect{kind: operation, what: "a receive"}
		}
		return c.sharedVariable(at.X)
	case *ssa.Store:
		return c.sharedVariable(at.Addr)
	case *ssa.FieldAddr:
		return c.sharedField(at.X.Type(), at.Field)
	case *ssa.Field:
		return c.sharedField(at.X.Type(), at.Field)
	}
	return effect{}
}

func (c *checker) sharedVariable(v ssa.Value) effect {
	if global, ok := v.(*ssa.Global); ok && c.shared.objects[global.Object()] {
		return effect{kind: operation, what: "a shared variable"}
	}
	return effect{}
}

func (c *checker) sharedField(of types.Type, i int) effect {
	if pointer, ok := of.Underlying().(*types.Pointer); ok {
		of = pointer.Elem()
	}
	if st, ok := of.Underlying().(*types.Struct); ok && c.shared.objects[st.Field(i).Origin()] {
		return effect{kind: operation, what: "a shared field"}
	}
	return effect{}
}

func (c *checker) classifyCall(common *ssa.CallCommon) effect {
	if builtin, ok := common.Value.(*ssa.Builtin); ok {
		if builtin.Name() == "close" {
			return effect{kind: operation, what: "a close of a channel"}
		}
		return effect{}
	}
	if common.IsInvoke() {
		if e := c.methodEffect(common.Value.Type(), common.Method); e.kind != nothing {
			return e
		}
		return c.callEffect(c.implementations(common), common)
	}
	callee := common.StaticCallee()
	if callee == nil {
		return effect{kind: unknown}
	}
	if origin := callee.Origin(); origin != nil {
		callee = origin
	}
	object, ok := callee.Object().(*types.Func)
	if !ok || object.Pkg() == nil {
		return c.callEffect([]*ssa.Function{callee}, common)
	}
	switch object.Pkg().Path() {
	case markerPackage:
		return c.marker(object.Name(), common)
	case runtimePackage:
		return runtimeEffect(object)
	case "sync/atomic":
		return effect{kind: operation, what: "an atomic operation"}
	case "os":
		if object.Signature().Recv() == nil && fileFunctions[object.Name()] {
			return effect{kind: operation, what: "a file operation"}
		}
	}
	if recv := object.Signature().Recv(); recv != nil {
		if e := c.methodEffect(recv.Type(), object); e.kind != nothing {
			return e
		}
	}
	return c.callEffect([]*ssa.Function{callee}, common)
}

// marker returns the effect of a function of pingcap's package.
func (c *checker) marker(name string, common *ssa.CallCommon) effect {
	switch name {
	case "InjectCall":
		if !hasContext(common) {
			return effect{}
		}
	case "Inject", "InjectContext":
	default:
		return effect{}
	}
	e := effect{kind: point}
	for _, argument := range common.Args {
		if of, ok := argument.(*ssa.MakeInterface); ok {
			argument = of.X
		}
		if closure, ok := argument.(*ssa.MakeClosure); ok {
			argument = closure.Fn
		}
		if body, ok := argument.(*ssa.Function); ok && c.functions[body] != nil {
			e.bodies = append(e.bodies, c.functions[body])
		}
	}
	return e
}

// hasContext says whether the first argument after the name is a context.Context. Without one, the controller never learns
// of the marker.
func hasContext(common *ssa.CallCommon) bool {
	packed, ok := common.Args[len(common.Args)-1].(*ssa.Slice)
	if !ok {
		return false
	}
	for _, use := range *packed.X.Referrers() {
		element, ok := use.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		if i, ok := element.Index.(*ssa.Const); !ok || i.Int64() != 0 {
			continue
		}
		for _, use := range *element.Referrers() {
			if store, ok := use.(*ssa.Store); ok && isContext(store.Val) {
				return true
			}
		}
	}
	return false
}

func isContext(v ssa.Value) bool {
	switch of := v.(type) {
	case *ssa.ChangeInterface:
		v = of.X
	case *ssa.MakeInterface:
		v = of.X
	}
	method, _, _ := types.LookupFieldOrMethod(v.Type(), true, nil, "Deadline")
	_, ok := method.(*types.Func)
	return ok
}

// runtimeEffect returns the effect of a function of package failpoints.
func runtimeEffect(object *types.Func) effect {
	if recv := object.Signature().Recv(); recv != nil {
		if object.Name() == "Wait" && named(recv.Type()) == runtimePackage+".Cond" {
			return effect{kind: point} // it ends with a lock, whose point still counts afterwards
		}
		return effect{}
	}
	switch object.Name() {
	case "Receive", "ReceiveUntil":
		return effect{kind: pointedOperation}
	case "Lock", "Sleep", "Yield", "Fault", "TryYield":
		return effect{kind: point}
	}
	return effect{}
}

// named returns the name of the type t, or of the type that t points to, with the path of its package.
func named(t types.Type) string {
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		return n.Obj().Pkg().Path() + "." + n.Obj().Name()
	}
	return ""
}

// methodEffect returns the effect of calling a method on a value of type recv.
func (c *checker) methodEffect(recv types.Type, method *types.Func) effect {
	for _, name := range []string{named(recv), named(method.Signature().Recv().Type())} {
		if c.shared.types[name] {
			return effect{kind: operation, what: "an operation on shared state"}
		}
		o, ok := operations[name]
		if !ok {
			continue
		}
		listed := words(o.methods)
		if !listed[method.Name()] && (!listed["*"] || listed["-"+method.Name()]) {
			continue
		}
		if kind, moves := movers[method.Name()]; moves && method.Pkg().Path() == "sync" {
			return effect{kind: kind, what: o.what}
		}
		return effect{kind: operation, what: o.what}
	}
	return effect{}
}

// callEffect returns the effect of calling functions of this package. Functions of other packages do nothing but call the
// functions that they are given.
func (c *checker) callEffect(callees []*ssa.Function, common *ssa.CallCommon) effect {
	e := effect{kind: call}
	for _, callee := range callees {
		if f := c.functions[callee]; f != nil {
			f.called = true
			e.callees = append(e.callees, f)
		}
	}
	if len(e.callees) == 0 {
		e = c.given(common)
	}
	if e.held() {
		e.what = "a function that leaves the point to its callers"
	}
	return e
}

// given returns the effect of the functions among the arguments of a call, which the callee may call.
func (c *checker) given(common *ssa.CallCommon) effect {
	e := effect{kind: call, maybe: true}
	for _, argument := range common.Args {
		if _, ok := argument.Type().Underlying().(*types.Signature); !ok {
			continue
		}
		if closure, ok := argument.(*ssa.MakeClosure); ok {
			argument = closure.Fn
		}
		switch fn := argument.(type) {
		case *ssa.Const: // nil
		case *ssa.Function:
			if f := c.functions[fn]; f != nil {
				e.callees = append(e.callees, f)
			} else if fn.Pkg == nil { // a method value, or an instance of a generic function
				return effect{kind: unknown}
			}
		default:
			return effect{kind: unknown}
		}
	}
	if len(e.callees) == 0 {
		return effect{}
	}
	return e
}

// implementations returns the methods of this package that a call through one of its interfaces can reach.
func (c *checker) implementations(common *ssa.CallCommon) (found []*ssa.Function) {
	if !strings.HasPrefix(named(common.Value.Type()), c.pass.Pkg.Path()+".") {
		return nil
	}
	wanted, ok := common.Value.Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	scope := c.pass.Pkg.Scope()
	for _, name := range scope.Names() {
		object, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || types.IsInterface(object.Type()) || !types.Implements(types.NewPointer(object.Type()), wanted) {
			continue
		}
		method, _, _ := types.LookupFieldOrMethod(object.Type(), true, c.pass.Pkg, common.Method.Name())
		if f, ok := method.(*types.Func); ok {
			for fn := range c.functions {
				if fn.Object() == f {
					found = append(found, fn)
				}
			}
		}
	}
	return found
}

// textsOf returns the source text at the positions of instructions.
func textsOf(pass *analysis.Pass) map[token.Pos]string {
	texts := map[token.Pos]string{}
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				texts[n.Lparen] = types.ExprString(n.Fun)
			case *ast.DeferStmt:
				texts[n.Defer] = "defer " + types.ExprString(n.Call.Fun)
			case *ast.GoStmt:
				texts[n.Go] = "go " + types.ExprString(n.Call.Fun)
			case *ast.SendStmt:
				texts[n.Arrow] = types.ExprString(n.Chan) + " <-"
			case *ast.UnaryExpr:
				texts[n.OpPos] = types.ExprString(n)
			case *ast.SelectorExpr:
				texts[n.Sel.Pos()] = types.ExprString(n)
			case *ast.RangeStmt:
				texts[n.For] = "range " + types.ExprString(n.X)
			case *ast.SelectStmt:
				texts[n.Select] = "select"
			}
			return true
		})
	}
	return texts
}
