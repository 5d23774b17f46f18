package driver

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
)

// Names must survive edits: lines move, and closures get other numbers. So a point is called FUNCTION.OPERATION, where a
// closure counts as the function that contains it. A goroutine is called after its parent, the function that it runs, and
// its number among its like: main/serve#1. The test's own goroutine is main. The parent of a goroutine that a timer
// starts is the thread that set the timer. A goroutine that was started before the execution has no parent in it:
// init/work#1.

const beforeName = "init"

// names holds the names of the threads of one execution.
type names struct {
	all   []string
	count map[string]int // goroutines by parent and function
	given map[int]string // names by thread
}

func (n *names) forget() {
	n.all = n.all[:0]
	clear(n.count)
	clear(n.given)
}

// of returns the name of a thread. Threads are named in the order in which they started.
func (n *names) of(threads []bubble.Thread, thread int) string {
	if n.count == nil {
		n.count = map[string]int{}
	}
	for i := len(n.all); i <= thread; i++ {
		t := &threads[i]
		given := n.given[i]
		switch {
		case given != "":
			n.all = append(n.all, given)
			continue
		case i == 0:
			n.all = append(n.all, "main")
			continue
		case i == bubble.Clock:
			n.all = append(n.all, clockName)
			continue
		}
		parent := beforeName
		if t.Parent >= 0 {
			parent = n.all[t.Parent]
		}
		function := runs(t)
		n.all = append(n.all, n.numbered(parent+"/"+function))
	}
	return n.all[thread]
}

func (n *names) numbered(name string) string {
	n.count[name]++
	return fmt.Sprintf("%s#%d", name, n.count[name])
}

// known returns the name of a thread if it has one already, otherwise its number.
func (n *names) known(thread int) string {
	switch {
	case thread < len(n.all):
		return n.all[thread]
	case thread == 0:
		return "main"
	}
	return fmt.Sprint(thread)
}

// runs returns the function that a goroutine runs: that of the go statement. If that is a closure, or in the standard
// library, it returns the user's function that started the goroutine.
func runs(t *bubble.Thread) string {
	function, known := entries[t.Entry]
	if !known {
		function = userFunction(t.Entry)
		entries[t.Entry] = function
	}
	if function != "" {
		return function
	}
	if t.Started == 0 { // no code of the user started it, as for the goroutine of a bubble of testing/synctest
		return packageName(t.Entry)
	}
	function, known = starters[t.Started]
	if !known {
		frame := userFrame(t.Started)
		function = shortFunction(frame.Function)
		starters[t.Started] = function
	}
	return function
}

var entries, starters = map[uintptr]string{}, map[uintptr]string{}

// packageName returns the last part of a function's package.
func packageName(entry uintptr) string {
	f := runtime.FuncForPC(entry)
	if f == nil {
		return "unknown"
	}
	name := f.Name()
	name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ".")
	return name
}

// userFunction returns the short name of a named function in the user's code; "" for any other.
func userFunction(entry uintptr) string {
	f := runtime.FuncForPC(entry)
	if f == nil {
		return ""
	}
	name := f.Name()
	file, _ := f.FileLine(entry)
	if wrapper.MatchString(name) {
		if name, file = bubble.Wraps(entry); name == "" {
			return ""
		}
	}
	if isStandard(file) || closure.MatchString(name) {
		return ""
	}
	return shortFunction(name)
}

// wrapper matches the names of functions that the compiler makes for go statements with arguments.
var wrapper = regexp.MustCompile(`\.gowrap\d+$`)

// closure matches what the compiler calls closures, and functions that it makes for go statements and loops.
var closure = regexp.MustCompile(`(\.(func|gowrap|deferwrap)\d+|-range\d+|\.\d+)+`)

// instance matches the type arguments of a generic function, which the compiler names by their shape.
var instance = regexp.MustCompile(`\[.*\]`)

// shortFunction returns a function's name without numbers of closures, type arguments, and the folders of its package. A
// function of the package under test has no package at all.
func shortFunction(name string) string {
	name = closure.ReplaceAllString(name, "")
	name = instance.ReplaceAllString(name, "[...]")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if pkg, rest, ok := strings.Cut(name, "."); ok && slices.Contains(ownPackage, strings.TrimSuffix(pkg, "_test")) {
		name = rest
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n,;>@#'\"", r) {
			return '_'
		}
		return r
	}, name)
}

// inPackages says whether a function belongs to one of some packages: import paths, or PATH/... for all beneath.
func inPackages(function string, packages []string) bool {
	folder, rest := function[:strings.LastIndexByte(function, '/')+1], function[strings.LastIndexByte(function, '/')+1:]
	name, _, _ := strings.Cut(rest, ".")
	for _, pkg := range packages {
		if above, all := strings.CutSuffix(pkg, "/..."); folder+name == pkg || all && (folder+name == above || strings.HasPrefix(folder+name, above+"/")) {
			return true
		}
	}
	return false
}

// ownPackage are the names with which functions of the package under test may begin.
var ownPackage []string

// pointAt returns the name of a point, and where it is.
func pointAt(pc uintptr, operation string) (name, file string, line int) {
	frame := userFrame(pc)
	if frame.Function == "" { // it has not reached a point in the user's code yet
		return operation, "", 0
	}
	return shortFunction(frame.Function) + "." + operation, filepath.Base(frame.File), frame.Line
}

// userFrame returns the user's innermost function at a return address.
func userFrame(pc uintptr) (f runtime.Frame) {
	f.PC = pc
	f.Function, f.File, f.Line = bubble.Frame(pc)
	return f
}

// isStandard says whether a file belongs to the standard library.
func isStandard(file string) bool { return strings.HasPrefix(file, standardFolder) }

// standardFolder is the folder of the standard library's sources.
var standardFolder = func() string {
	const part = "strings/reader.go"
	f := runtime.FuncForPC(reflect.ValueOf((*strings.Reader).Len).Pointer())
	file, _ := f.FileLine(f.Entry())
	return strings.TrimSuffix(file, part)
}()
