// The function of a go statement with arguments. The compiler wraps the call into a function without arguments, and names the wrapper after
// the function that holds the statement.

package runtime

import (
	"internal/goarch"
	"unsafe"
)

// racewindowWraps returns the function that such a wrapper calls, and that function's file; "" if unknown, as for a method of an interface.
// The function is either inlined in the wrapper, or is the wrapper's first call.
//
//go:linkname racewindowWraps
func racewindowWraps(entry uintptr) (function, file string) {
	f := findfunc(entry)
	if !f.valid() {
		return "", ""
	}
	for pc := entry; pc < entry+racewindowMostCode && findfunc(pc)._func == f._func; pc++ {
		inlined, inlinedFile := "", ""
		for u, uf := newInlineUnwinder(f, pc); uf.valid() && uf.index >= 0; uf = u.next(uf) {
			inlined = u.srcFunc(uf).name()
			inlinedFile, _ = u.fileLine(uf)
		}
		if inlined != "" {
			return inlined, inlinedFile
		}
		if function != "" || goarch.IsAmd64 == 0 || *(*byte)(unsafe.Pointer(pc)) != 0xe8 { // a CALL instruction, followed by the distance to the function
			continue
		}
		target := pc + 5 + uintptr(*(*int32)(unsafe.Pointer(pc + 1)))
		if to := findfunc(target); to.valid() && to.entry() == target && racewindowPackage(funcname(to)) != "runtime" {
			function = funcname(to)
			file, _ = funcline(to, target)
		}
	}
	return function, file
}

// racewindowMostCode limits the search, in bytes. Such wrappers are short.
const racewindowMostCode = 4096
