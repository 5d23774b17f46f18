package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	root := strings.TrimSpace(string(out))
	return root
}

// functions counts the function literals of a source, by which the compiler numbers closures.
func functions(t *testing.T, source []byte) (literals, lines int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if _, is := n.(*ast.FuncLit); is {
			literals++
		}
		return true
	})
	return literals, strings.Count(string(source), "\n")
}

func TestAKernelIsReducedToOneCopyAndKeepsItsNames(t *testing.T) {
	t.Parallel()
	root := goroot(t)
	kernels, err := readKernels(root)
	require.NoError(t, err)
	require.Len(t, kernels, 63)
	for _, k := range kernels {
		original, err := os.ReadFile(filepath.Join(root, "src", filepath.FromSlash(kernelFolder), k.file))
		require.NoError(t, err)
		were, wereLines := functions(t, original)
		are, lines := functions(t, k.source)
		require.Equal(t, were, are, k.name)
		require.Equal(t, wereLines, lines, k.name)
		text := string(k.source)
		for _, gone := range []string{"runtime.Gosched()", "pprof.Lookup", "prof.WriteTo", "yieldCount", "register("} {
			require.Zero(t, strings.Count(uncommented(t, text), gone), "%s has %s", k.name, gone)
		}
		require.NotRegexp(t, `for \w+ := 0; \w+ <=? \d{3,};`, text, k.name)
		require.NotEmpty(t, k.leaks, k.name)
	}
}

// uncommented is a source without its comments.
func uncommented(t *testing.T, text string) string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.ParseComments)
	require.NoError(t, err)
	out := []byte(text)
	for _, group := range file.Comments {
		for i := set.Position(group.Pos()).Offset; i < set.Position(group.End()).Offset; i++ {
			out[i] = ' '
		}
	}
	return string(out)
}

func TestEachFixFitsItsKernel(t *testing.T) {
	t.Parallel()
	kernels, err := readKernels(goroot(t))
	require.NoError(t, err)
	mended, err := mend(kernels)
	require.NoError(t, err)
	require.Len(t, mended, len(fixes))
	require.GreaterOrEqual(t, len(fixes), 20)
	for _, k := range mended {
		_, err := parser.ParseFile(token.NewFileSet(), k.file, k.source, 0)
		require.NoError(t, err, k.name)
	}
}

func TestALeakIsHeldAgainstWhatIsExpected(t *testing.T) {
	t.Parallel()
	leaks, err := expectedLeaks("makeTest(\"Mixed\",\n\t`Mixed\\.func1\\(.* \\[sync\\.WaitGroup\\.Wait\\]`,\n\t// a word\n\t`Mixed\\.func1.1\\(.* \\[chan send\\]`,\n),", "Mixed")
	require.NoError(t, err)
	require.Len(t, leaks, 2)
	k := kernel{name: "Mixed", leaks: leaks}
	goroutine := func(name, reason, function string) string {
		return "goroutine " + name + " [" + reason + "]:\nsync.runtime_notify\n\t/go/sync/x.go:1\nexample.com/goker." + function + "\n\t/m/k.go:7\n"
	}
	for stacks, wrong := range map[string]string{
		goroutine("main/goker.Mixed#1", "sync.WaitGroup.Wait", "Mixed.func1"):                                                                 "",
		goroutine("main/goker.Mixed#1", "chan send", "Mixed.func1.1") + goroutine("main/goker.Mixed#2", "sync.WaitGroup.Wait", "Mixed.func1"): "",
		goroutine("main/goker.Mixed#1", "chan receive", "Mixed.func1"):                                                                        "not expected: Mixed.func1 [chan receive]",
		goroutine("main/goker.Mixed#1", "chan send", "Mixed.func1.1") + goroutine("main", "chan send", "TestMixed"):                           "not expected: TestMixed [chan send]",
		"": "no goroutine leaks",
	} {
		_, said := k.judge(stacks)
		require.Equal(t, wrong, strings.Join(said, "; "))
	}
	_, err = expectedLeaks("makeTest(\"Mixed\")", "Other")
	require.Error(t, err)
}

// Go's test names the goroutine of one kernel after the function that starts it. Without that name, this leak was in the list of
// expected leaks and matched no goroutine.
func TestAGoroutineIsNamedAfterItsGoStatementToo(t *testing.T) {
	t.Parallel()
	kernels, err := readKernels(goroot(t))
	require.NoError(t, err)
	for _, k := range kernels {
		if k.name != "Kubernetes1321" {
			continue
		}
		require.Equal(t, []string{"NewMux_kubernetes1321.gowrap1"}, k.wrappers["(*Mux_kubernetes1321).loop"])
		_, wrong := k.judge("goroutine main/testMuxWatcherClose_kubernetes1321#1/(*Mux_kubernetes1321).loop#1 [chan send]:\n" +
			"example.com/goker.(*Mux_kubernetes1321).distribute\n\t/m/k.go:70\nexample.com/goker.(*Mux_kubernetes1321).loop\n\t/m/k.go:62\n")
		require.Empty(t, wrong)
		return
	}
	t.Fatal("there is no such kernel")
}
