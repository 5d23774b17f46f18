package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADeathIsThatOfTheCodeUnderTest(t *testing.T) {
	t.Parallel()
	of := func(first, function string) string {
		return "=== RUN TestX\n" + first + "\n\ngoroutine 7 [running]:\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:1 +0x1\nruntime.goPanicIndex(0x3, 0x2)\n\t/usr/local/go/src/runtime/panic.go:2 +0x1\n" +
			function + "(...)\n\t/x/kv.go:7 +0x1\n\ngoroutine 1 [running]:\ntesting.tRunner(0x1)\n\t/usr/local/go/src/testing/testing.go:1\n"
	}
	require.Contains(t, deathIn(of("panic: index out of range", "example.com/kv.(*Store).compact")), "(*Store).compact")
	require.True(t, strings.HasPrefix(deathIn(of("fatal error: concurrent map writes", "example.com/kv.(*Store).compact")), "fatal error: concurrent map writes\n"))
	for _, none := range []string{
		of("ok", "example.com/kv.f"), of("panic: test timed out after 1m0s", "example.com/kv.f"), of("fatal error: runtime: out of memory", "example.com/kv.f"),
		of("fatal error: all goroutines are asleep - deadlock!", "example.com/kv.f"), of("panic: no", "github.com/racewindow/racewindow/harness/object.(*lane).run"),
	} {
		require.Empty(t, deathIn(none), none)
	}
}

// A goroutine that an object has started panics, outside of every call: that ends the process.
func TestAPanicThatEndsTheProcessUnderLoadIsFound(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, strings.Replace(safeFileCounter, "\treturn t.settle()\n", "\tgo func() { _ = make([]int, 2)[2+n] }()\n\treturn t.settle()\n", 1))
	writeFile(t, folder, "tally_test.go", fileCheck)
	for _, more := range [][]string{{"stress", "--race=false", "--canary=false", "--goroutines", "16"}, {"stress", "--crash", "--canary=false", "--goroutines", "16"}} {
		code, output := commandIn(t, folder, append(more, "--seed", "1", "--out", "found", ".")...)
		require.Equal(t, exitViolated, code, output)
		require.Contains(t, output, "FAIL NoPanic")
		require.Contains(t, output, "a process under load ended by itself: panic: runtime error: index out of range [")
		require.Contains(t, output, "(*Tally).Set.func")
		require.Regexp(t, `replay: racewindow stress -run '\^\(TestKept\)\$' .*--canary=false`, strings.Join(strings.Fields(output), " "))
	}
}
