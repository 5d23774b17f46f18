package alarms

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// frames are the functions of the caller's goroutine, from the caller on.
func frames() (names []string) {
	pcs := make([]uintptr, 64)
	all := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = all.Next()
		names = append(names, frame.Function[strings.LastIndex(frame.Function, "/")+1:])
	}
	return names
}

// shown are the functions of a printed stack, from the first one of this package on.
func shown(stack []byte) (names []string) {
	for line := range strings.Lines(string(stack)) {
		if strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "goroutine ") {
			continue
		}
		name := strings.TrimSpace(line)
		if i := strings.LastIndex(name, "("); i > 0 && !strings.HasPrefix(name, "created by") {
			name = name[:i]
		}
		name, _, _ = strings.Cut(name, " in goroutine ")
		names = append(names, name[strings.LastIndex(name, "/")+1:])
	}
	return names[slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "alarms.") }):]
}

func wantFrames(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%q instead of %q", got, want)
	}
}

func TestCallersRight(t *testing.T) {
	two()
	wantFrames(t, frames(), "alarms.TestCallersRight", "testing.tRunner", "runtime.goexit")
	wantFrames(t, shown(debug.Stack()), "alarms.TestCallersRight", "testing.tRunner", "created by testing.(*T).Run")
	_, file, _, ok := runtime.Caller(2)
	if !ok || !strings.Contains(file, "/src/runtime/asm_") {
		t.Errorf("tRunner is called in %s", file)
	}
	started := make(chan []string)
	go func() { started <- frames() }()
	wantFrames(t, <-started, "alarms.TestCallersRight.func1", "runtime.goexit")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
			wantFrames(t, shown(debug.Stack()), "alarms.TestCallersRight.func2.1", "panic", "alarms.TestCallersRight.func2", "alarms.TestCallersRight", "testing.tRunner", "created by testing.(*T).Run")
		}()
		panic("on purpose")
	}()
	t.Cleanup(func() {
		if all := frames(); all[len(all)-2] != "testing.tRunner" {
			t.Errorf("a cleanup is called by %q", all)
		}
	})
}

func TestCallersInPartsRight(t *testing.T) {
	for _, name := range []string{"one", "other"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantFrames(t, frames(), "alarms.TestCallersInPartsRight.func1", "testing.tRunner", "runtime.goexit")
			wantFrames(t, shown(debug.Stack()), "alarms.TestCallersInPartsRight.func1", "testing.tRunner", "created by testing.(*T).Run")
		})
	}
}

func TestCallersInAPartRight(t *testing.T) {
	t.Run("part", func(t *testing.T) {
		two()
		wantFrames(t, frames(), "alarms.TestCallersInAPartRight.func1", "testing.tRunner", "runtime.goexit")
	})
}
