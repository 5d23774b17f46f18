package weaken

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/types/typeutil"
)

// syncNames are the names of functions and methods that make a file or a folder durable.
var syncNames = regexp.MustCompile(`(?i)^(f|fdata|data|m)?sync_?(dir|directory|folder|parent|parentdir|data|file|all|range)?$|^(dir|folder)sync$`)

// folderNames match those of them that sync a folder.
var folderNames = regexp.MustCompile(`(?i)dir|folder|parent`)

// fileOperations are the operations on files that racewindow records, by the names that packages os, syscall and x/sys/unix
// and the usual interfaces to a file system give them, in lower case.
var fileOperations = set(`open openfile opendir openat create createtemp creat read readat readfile readdir readdirnames readfrom
	pread preadv write writeat writestring writefile writeto pwrite pwritev append truncate ftruncate allocate preallocate fallocate
	sync fsync fdatasync syncdir syncdata datasync msync rename renameat renameat2 link linkat symlink remove removeall unlink
	unlinkat mkdir mkdirall mkdirat mkdirtemp mmap copyfilerange copy_file_range sendfile`)

// streamOperations are the functions and methods of packages io and bufio that do one of these to what they are given.
var streamOperations = set(`copy copyn copybuffer readfull readatleast readall writestring flush write writebyte writerune readfrom
	read readbyte peek discard readline readbytes readstring`)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

var errorType = types.Universe.Lookup("error").Type()

// endsInError says whether the last result is an error, and how many results there are.
func endsInError(s *types.Signature) (results int, is bool) {
	n := s.Results().Len()
	return n, n > 0 && types.Identical(s.Results().At(n-1).Type(), errorType)
}

// callee returns the name and the signature of the function that a call calls, and for a method the type of its receiver.
func callee(info *types.Info, call *ast.CallExpr) (name string, s *types.Signature, receiver types.Type) {
	s, is := types.Unalias(info.TypeOf(call.Fun)).(*types.Signature)
	if !is {
		return "", nil, nil
	}
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return f.Name, s, nil
	case *ast.SelectorExpr:
		if selected := info.Selections[f]; selected != nil {
			return f.Sel.Name, s, selected.Recv()
		}
		return f.Sel.Name, s, nil
	}
	return "", s, nil
}

// has says whether a type has a method of one of these names, promoted ones included.
func has(t types.Type, names ...string) bool {
	for _, name := range names {
		object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
		if _, is := object.(*types.Func); is {
			return true
		}
	}
	return false
}

// isFile says whether a type is an open file: it can be synced, and read, written or truncated.
func isFile(t types.Type) bool {
	return t != nil && has(t, "Sync", "Fsync", "Fdatasync", "SyncData") && has(t, "Write", "WriteAt", "Read", "ReadAt", "Truncate")
}

// isDisk says whether a type is a file system: it can rename and remove.
func isDisk(t types.Type) bool { return t != nil && has(t, "Rename") && has(t, "Remove") }

// syncs says whether a call makes a file or a folder durable. A function counts by its name. A method counts by its name
// and its receiver's other methods, so that the Sync of a logger is no sync. The call returns an error or nothing.
func (s *sight) syncs(call *ast.CallExpr, f *flow) (Kind, bool) {
	name, signature, receiver := callee(s.p.TypesInfo, call)
	if signature == nil || !syncNames.MatchString(name) {
		return "", false
	}
	if n, is := endsInError(signature); n > 1 || n == 1 && !is {
		return "", false
	}
	function := typeutil.StaticCallee(s.p.TypesInfo, call)
	if receiver != nil && !isFile(receiver) && !isDisk(receiver) && !(function != nil && s.passing[function.FullName()]) {
		return "", false
	}
	if folderNames.MatchString(name) || s.openedToRead(call, f) {
		return SyncDir, true
	}
	return Sync, true
}

// openedToRead says whether the receiver of a method was opened with os.Open, as a folder is in order to sync its names.
func (s *sight) openedToRead(call *ast.CallExpr, f *flow) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return false
	}
	name, is := ast.Unparen(selector.X).(*ast.Ident)
	if !is {
		return false
	}
	opened, is := f.last(name, call.Pos()).(*ast.CallExpr)
	if !is {
		return false
	}
	function := typeutil.StaticCallee(s.p.TypesInfo, opened)
	return function != nil && (function.FullName() == "os.Open" || function.FullName() == "(*os.Root).Open")
}

// operates says whether a call is a file operation that returns an error, or calls a function that passes on such an
// error.
func operates(info *types.Info, call *ast.CallExpr, passing map[string]bool) bool {
	name, signature, receiver := callee(info, call)
	if signature == nil {
		return false
	}
	if _, is := endsInError(signature); !is {
		return false
	}
	lower := strings.ToLower(name)
	if receiver != nil && fileOperations[lower] && (isFile(receiver) || isDisk(receiver)) {
		return true
	}
	function := typeutil.Callee(info, call)
	if function == nil || function.Pkg() == nil {
		return false
	}
	switch function.Pkg().Path() {
	case "os", "syscall", "golang.org/x/sys/unix":
		return fileOperations[lower]
	case "io", "bufio":
		return streamOperations[lower] && (lower == "flush" || onFile(info, call))
	}
	named, is := function.(*types.Func)
	return is && passing[named.FullName()]
}

// onFile says whether an argument of a call is an open file.
func onFile(info *types.Info, call *ast.CallExpr) bool {
	for _, argument := range call.Args {
		if isFile(info.TypeOf(argument)) {
			return true
		}
	}
	return false
}

// passing finds the functions of the packages that return an error and call a file operation, or call such a function. A
// method of an interface counts if a method that implements it does.
func passing(loaded []*packages.Package) map[string]bool {
	all := map[string]bool{}
	for grew := true; grew; {
		grew = false
		for _, p := range loaded {
			for _, file := range p.Syntax {
				for _, declared := range file.Decls {
					if passes(p.TypesInfo, declared, all) {
						grew = true
					}
				}
			}
		}
		if implemented(loaded, all) {
			grew = true
		}
	}
	return all
}

// passes adds a function to all if it belongs there, and says whether it was new.
func passes(info *types.Info, declared ast.Decl, all map[string]bool) bool {
	function, is := declared.(*ast.FuncDecl)
	if !is || function.Body == nil {
		return false
	}
	object, is := info.Defs[function.Name].(*types.Func)
	if !is || all[object.FullName()] {
		return false
	}
	if _, is := endsInError(object.Signature()); !is {
		return false
	}
	if calls(function.Body, func(c *ast.CallExpr) bool { return operates(info, c, all) }) {
		all[object.FullName()] = true
		return true
	}
	return false
}

// implemented adds the methods of the packages' interfaces that methods in all implement.
func implemented(loaded []*packages.Package, all map[string]bool) (grew bool) {
	var interfaces, others []*types.Named
	for _, p := range loaded {
		scope := p.Types.Scope()
		for _, name := range scope.Names() {
			declared, is := scope.Lookup(name).(*types.TypeName)
			if !is {
				continue
			}
			if t, is := declared.Type().(*types.Named); is && types.IsInterface(t) {
				interfaces = append(interfaces, t)
			} else if is && t.TypeParams().Len() == 0 {
				others = append(others, t)
			}
		}
	}
	for _, i := range interfaces {
		face, is := i.Underlying().(*types.Interface)
		if !is || i.TypeParams().Len() > 0 {
			continue
		}
		for method := range face.Methods() {
			if all[method.FullName()] {
				continue
			}
			for _, t := range others {
				pointer := types.NewPointer(t)
				if !types.Implements(pointer, face) {
					continue
				}
				object, _, _ := types.LookupFieldOrMethod(pointer, true, method.Pkg(), method.Name())
				if f, is := object.(*types.Func); is && all[f.FullName()] {
					all[method.FullName()], grew = true, true
					break
				}
			}
		}
	}
	return grew
}
