package check

import (
	"fmt"
	"path/filepath"
	"strings"
)

// mostFrames is how many functions of the engine a panic names.
const mostFrames = 3

// Panicked is the violation of a client in which the engine has panicked. stack is that of package runtime/debug, taken when the panic was
// recovered.
func Panicked(why any, stack []byte) *Violation {
	v := &Violation{Promise: Progress, Detail: fmt.Sprintf("panic: %v", why)}
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") {
			if frames := framesOf(lines[i:]); len(frames) > 0 {
				v.Detail += "; " + strings.Join(frames, ", called by ")
			}
			break
		}
	}
	return v
}

// framesOf names the innermost functions that are not the runtime's: "storage.(*view).readTail (read.go:60)".
func framesOf(lines []string) (frames []string) {
	for i := 0; i+1 < len(lines) && len(frames) < mostFrames; i += 2 {
		function, place := lines[i], strings.TrimSpace(lines[i+1])
		if end := strings.LastIndexByte(function, '('); end > 0 {
			function = function[:end]
		}
		if function = function[strings.LastIndexByte(function, '/')+1:]; function == "panic" || strings.HasPrefix(function, "runtime.") {
			continue
		}
		place, _, _ = strings.Cut(filepath.Base(place), " ")
		frames = append(frames, fmt.Sprintf("%s (%s)", function, place))
	}
	return frames
}
