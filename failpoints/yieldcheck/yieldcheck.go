// Package yieldcheck finds operations on shared state without a failpoint before them.
//
// A scheduler that chooses at failpoints which thread goes on can show every behaviour of a program only if it can switch
// before every operation that another goroutine can notice or change. If a point is missing, the scheduler sees two
// operations as one step, and what happens between them in production is never explored. This pass finds such places.
//
// Operations on shared state are:
//
//   - calls of sync/atomic, functions and methods;
//   - Lock, RLock, TryLock and TryRLock of the locks of package sync, Do of a Once, Wait, Signal and Broadcast of a Cond,
//     Wait of a WaitGroup, and every method of a Map;
//   - send, receive, range over and close of a channel, and select;
//   - methods of os.File and os.Root, functions of package os that name files, ReadAt of io.ReaderAt and WriteAt of
//     io.WriterAt;
//   - methods of a type that is declared with the comment //racewindow:shared, or named by the flag -shared, such as the
//     interface through which an engine reaches its files;
//   - every use of a field or package-level variable that is declared with //racewindow:shared;
//   - calls of a function that says //racewindow:yielded because …
//
// Other memory needs neither comment nor point. If a lock guards it, the code between Lock and Unlock is one step for
// everybody who takes that lock, and the lock has its point. If nothing guards it although it is shared, that is a data
// race, which the race detector reports: an exploration is complete only without data races. //racewindow:shared is for
// memory that is read without a lock on purpose, and hidden from the race detector.
//
// Every path from the entry of a function, or from the previous operation, must pass a point: failpoint.InjectCall with a
// context, InjectContext, Inject, or Lock, Cond.Wait or Sleep of package failpoints. (Receive and ReceiveUntil contain a
// point and an operation, so the next operation needs another point.)
//
// A lock shares its point with the operation after it, because no step that comes between the two can need the lock. After
// an unlock such a step can, so the next operation needs its own point.
//
// Calls within the package are followed, also those through its interfaces. A call of a function value may do anything, so a
// point before it does not count after it. Functions of other packages are assumed to touch no shared state except as listed
// above, and through the functions that they are given. A panic is not a path.
//
// Two comments say that a function or a line is right without a point. Both need a reason, and an unused one is an error.
//
//	//racewindow:yielded because …  on a function: its callers have just passed a point. The pass checks that: to the
//	                                caller, the call is an operation.
//	//racewindow:atomic because …   on a function, on a type for all its methods, on a line or alone above it: what is
//	                                done there needs no point. It runs before others know of the state, or after all
//	                                have left, or what it touches cannot change just then. To the caller it does not
//	                                count as an operation.
package yieldcheck

import (
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/buildssa"
	"golang.org/x/tools/go/ssa"
)

// Analyzer reports operations on shared state without a failpoint before them.
var Analyzer = &analysis.Analyzer{
	Name:     "yieldcheck",
	Doc:      "report operations on shared state without a failpoint before them\n\n" + about,
	Requires: []*analysis.Analyzer{buildssa.Analyzer},
	Run:      run,
}

const about = `A scheduler that switches at failpoints explores every behaviour only if one stands before every atomic
operation, lock, channel operation and file operation, on every path. Escapes, with a reason each:

	//racewindow:yielded because …  on a function whose callers have just passed a point, and are held to it
	//racewindow:atomic because …   on a function, type or line that needs none

//racewindow:shared on a type (its methods), a field or a package-level variable makes their use an operation.`

// sharedTypes is the flag -shared.
var sharedTypes string

func init() {
	Analyzer.Flags.StringVar(&sharedTypes, "shared", "",
		"types of other packages whose methods are operations, with commas: example.com/vfs.File,example.com/vfs.FS")
}

// A checker checks one package.
type checker struct {
	pass      *analysis.Pass
	functions map[*ssa.Function]*function
	ordered   []*function
	comments  *comments
	texts     map[token.Pos]string // the source text at a position, for messages
	shared    sharedState
	effects   map[ssa.Instruction]effect
	reported  map[token.Pos]bool
}

// A function is one function of the package, declared or literal.
type function struct {
	ssa     *ssa.Function
	yielded *escape // its callers have passed a point
	atomic  *escape // nothing in it needs one
	// body says that it is the body of an InjectContext or Inject, which runs at the point.
	body   bool
	called bool
	// leaves says whether, when the function returns, a point has been passed since the last operation: [0] if the caller
	// had passed none before the call, [1] if it had.
	leaves [2]bool
}

// arrives says whether a point has been passed when the function starts.
func (f *function) arrives() bool { return f.yielded != nil || f.body }

func run(pass *analysis.Pass) (any, error) {
	built := pass.ResultOf[buildssa.Analyzer].(*buildssa.SSA)
	c := &checker{
		pass: pass, functions: map[*ssa.Function]*function{}, effects: map[ssa.Instruction]effect{},
		reported: map[token.Pos]bool{}, texts: textsOf(pass),
	}
	c.comments = findComments(pass)
	c.shared = c.comments.sharedState(pass)
	for _, fn := range built.SrcFuncs {
		c.add(fn, nil)
	}
	c.findBodies()
	c.settle()
	for _, f := range c.ordered {
		c.report(f)
	}
	c.reportComments()
	return nil, nil
}

// add adds a function of a production file, and the function literals in it.
func (c *checker) add(fn *ssa.Function, outer *function) {
	if c.functions[fn] != nil || strings.HasSuffix(c.pass.Fset.Position(fn.Pos()).Filename, "_test.go") {
		return
	}
	f := &function{ssa: fn, leaves: [2]bool{true, true}}
	switch {
	case outer != nil:
		f.atomic = outer.atomic
	case fn.Parent() != nil:
		return // add is called for it with the function around it
	default:
		f.yielded, f.atomic = c.comments.ofFunction(fn)
	}
	c.functions[fn] = f
	c.ordered = append(c.ordered, f)
	for _, literal := range fn.AnonFuncs {
		c.add(literal, f)
	}
}

// findBodies marks the function literals that an InjectContext or Inject gets.
func (c *checker) findBodies() {
	for _, f := range c.ordered {
		for _, block := range f.ssa.Blocks {
			for _, instruction := range block.Instrs {
				for _, body := range c.effect(instruction).bodies {
					body.body = true
				}
			}
		}
	}
}

// reportComments reports the comments that are wrong or unused.
func (c *checker) reportComments() {
	for _, e := range c.comments.all {
		switch {
		case e.wrong != "":
			c.pass.Reportf(e.pos, "%s", e.wrong)
		case !e.used && e.word == wordYielded:
			c.pass.Reportf(e.pos, "unused //racewindow:yielded: no operation in the function needs its callers' point, or nobody in the package calls it")
		case !e.used:
			c.pass.Reportf(e.pos, "unused //racewindow:%s: nothing that it stands for is an operation on shared state", e.word)
		}
	}
}
