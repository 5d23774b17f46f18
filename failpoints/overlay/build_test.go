// Whole builds: real modules, the real go command, and every trap that a rewriter can step into.

package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPingcapSemanticsOfEveryMarkerAndNoSourceFileTouched(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	before := m.hash(t)
	r := m.mustRun(t, "test", "-tags=special", "-v", "./...")
	for _, name := range []string{
		"TestDisabled", "TestValue", "TestBodyNilPanicLine", "TestContext", "TestCall", "TestBranches", "TestPlaces",
		"TestMarkerInInternalTest", "TestMarkerInExternalTestIsNamedAfterItsPackage", "TestFiles", "TestMainPackage",
	} {
		require.Contains(t, r.stdout, "--- PASS: "+name+" ")
	}
	require.Equal(t, before, m.hash(t), "the source tree was touched")
	m.requireClean(t)
}

func TestOwnDispatch(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	before := m.hash(t)
	r := m.mustRun(t, "test", "-v", "-bench=.", "-benchtime=20ms", "./lib")
	for _, name := range []string{"TestYields", "TestFaults", "TestInternal", "TestSpliced", "TestNoAllocation"} {
		require.Contains(t, r.stdout, "--- PASS: "+name+" ")
	}
	t.Log(regexp.MustCompile(`BenchmarkMarker.*op`).FindString(r.stdout))
	require.Equal(t, before, m.hash(t), "the source tree was touched")
}

func TestWhereTheContextCarriesNoControllerMarkersKeepPingcapsMeaning(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	r := m.mustRun(t, "test", "-v", "./enabled")
	for _, name := range []string{"TestWithoutContextPingcapDecides", "TestWithoutControllerPingcapDecides", "TestWithoutControllerHooksDecide"} {
		require.Contains(t, r.stdout, "--- PASS: "+name+" ")
	}
}

// A tool line makes go.mod require racewindow, and must not change what markers mean.
func TestARequirementThatNoCodeImportsChangesNothing(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "go.mod", m.read(t, "go.mod")+"\ntool "+ownModule+"/harness/cmd/racewindow\n")
	for _, name := range []string{"lib/lib_test.go", "enabled/enabled_test.go"} {
		require.NoError(t, os.Remove(filepath.Join(m.dir, name)))
	}
	m.write(t, "lib/lib_test.go", `package lib

import (
	"context"
	"testing"

	"github.com/pingcap/failpoint"
)

func TestPingcap(t *testing.T) {
	called := 0
	failpoint.EnableCall("example.com/own/lib/bench", func(context.Context) { called++ })
	Bench(context.Background())
	if called != 1 {
		t.Error(called)
	}
}
`)
	require.Zero(t, strings.Count(m.mustRun(t, "test", "./lib").stderr, "racewindow:"))
	m.mustRun(t, "build", "-o", filepath.Join(m.temp(), "lib.a"), "./lib")
	binary := filepath.Join(m.temp(), "lib.test")
	m.mustRun(t, "test", "-c", "-o", binary, "./lib")
	text, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NotContains(t, string(text), ownRuntime, "the requirement alone linked racewindow")
}

func TestPlantedRaceIsReportedThroughEnabledMarkers(t *testing.T) {
	t.Parallel()
	m := unpack(t, "race")
	binary := filepath.Join(m.dir, "race.bin")
	m.mustRun(t, "build", "-race", "-o", binary, ".")
	const runs = 10
	for range runs {
		out, err := exec.Command(binary).CombinedOutput()
		require.Error(t, err, "a race ends the program with an exit code")
		require.Contains(t, string(out), "WARNING: DATA RACE", "the markers hid the race")
		require.Contains(t, string(out), filepath.Join(m.dir, "main.go")+":34", "the trace names another line")
		require.Contains(t, string(out), "markers of 2")
	}
}

func TestTwoMainPackagesInOneCallAndParallelCallsComeOutRight(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	var wait sync.WaitGroup
	results := make([]result, 3)
	out := func(i int) string { return filepath.Join(m.dir, "bin", string(rune('0'+i))) + "/" }
	for i := range results {
		wait.Go(func() { results[i] = m.run("build", "-o", out(i), "./cmd/...") })
	}
	wait.Wait()
	for i, r := range results {
		require.Zero(t, r.code, "%s", r)
		for _, name := range []string{"a", "b"} {
			cmd := exec.Command(out(i) + name)
			cmd.Env = append(os.Environ(), "GO_FAILPOINTS=main/main=return(3);example.com/m/lib/value=return(9)")
			text, err := cmd.CombinedOutput()
			require.NoError(t, err)
			require.Equal(t, "main "+name+" 3\n"+name+" 9\n", string(text))
		}
	}
	m.requireClean(t)
}

func TestRunPassesInputArgumentsAndExitCodeThrough(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "cmd/main.go", `package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/pingcap/failpoint"
	"github.com/racewindow/racewindow/failpoints"
)

func main() {
	failpoint.InjectCall("main", context.Background())
	in, _ := io.ReadAll(os.Stdin)
	fmt.Println(string(in), os.Args[1:], failpoints.Spliced())
	os.Exit(7)
}
`)
	for _, pkg := range []string{"./cmd", "cmd/main.go"} {
		r := m.runCommand(Command{Verb: "run", Args: []string{pkg, "-x", "y.go"}, Stdin: strings.NewReader("input")})
		require.NoError(t, r.err)
		require.Equal(t, 1, r.code, "go run's own code for a program that fails")
		require.Contains(t, r.stderr, "exit status 7")
		require.Equal(t, "input [-x y.go] [main/main]\n", r.stdout)
	}
	r := m.runCommand(Command{Verb: "run", Args: []string{"./cmd"}, Env: append(m.env, "GO_FAILPOINTS=main/main=panic")})
	require.Contains(t, r.stderr, "failpoint panic", "a setting was accepted and not obeyed")
}

func TestCoverageIsMeasuredOnInstrumentedCode(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	profile := filepath.Join(m.dir, "cover.out")
	m.mustRun(t, "test", "-coverprofile", profile, "-run", "TestValue|TestPlaces", "./lib")
	text, err := os.ReadFile(profile)
	require.NoError(t, err)
	require.NotContains(t, string(text), bindingPrefix)
	require.Regexp(t, `lib/lib.go:11\.\d+,16\.3 2 1`, string(text), "the body of the first marker is covered")
	show := exec.Command("go", "tool", "cover", "-func="+profile)
	show.Dir, show.Env = m.dir, m.env
	out, err := show.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "lib/lib.go:10:\tValue")
}

func TestMarkerFreeModuleIsSaidAndBuilt(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "free/free_test.go", "package free\n\nimport \"testing\"\n\nfunc TestFree(t *testing.T) { t.Fatal(\"as go does\") }\n")
	r := m.run("test", "./free")
	require.NoError(t, r.err)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "no failpoint markers in ./free: nothing to instrument")
	require.Contains(t, r.stdout, "as go does")
}

func TestFailuresNameTheAuthorsFileAndLine(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	const head = "package p\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\t\"github.com/pingcap/failpoint\"\n)\n\n" +
		"func F(ctx context.Context) {\n\tfailpoint.InjectCall(\n\t\t\"a\",\n\t\tctx)\n\t%s\n}\n\nvar _ = fmt.Sprint\n"
	m.write(t, "compile/p.go", strings.ReplaceAll(head, "%s", "undefined()"))
	m.write(t, "vet/p.go", strings.ReplaceAll(head, "%s", "fmt.Printf(\"%d\", \"text\")"))
	m.write(t, "vet/p_test.go", "package p\n\nimport \"testing\"\n\nfunc Test(*testing.T) {}\n")
	m.write(t, "marker/p.go", strings.ReplaceAll(head, "%s", "defer failpoint.InjectCall(\"b\", ctx)"))
	m.write(t, "syntax/p.go", strings.ReplaceAll(head, "%s", "if {"))
	for _, trim := range []string{"-trimpath=false", "-trimpath"} {
		r := m.run("build", trim, "./compile")
		require.Equal(t, 1, r.code, "%s", r)
		require.Contains(t, r.stderr, "compile/p.go:14:2: undefined: undefined")
	}
	r := m.run("test", "./vet")
	require.Equal(t, 1, r.code, "%s", r)
	require.Contains(t, r.stderr+r.stdout, "vet/p.go:14:14: fmt.Printf format %d has arg")
	r = m.run("build", "./marker")
	require.Equal(t, ExitProblem, r.code, "%s", r)
	require.ErrorContains(t, r.err, "marker/p.go:14: failpoint.InjectCall stands where no statement can stand")
	r = m.run("build", "./syntax")
	require.NotZero(t, r.code)
	require.Contains(t, r.String(), "p.go:14:")
	m.requireClean(t)
}

func TestTreesRewrittenInPlaceAreRefused(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "lib/binding__failpoint_binding__.go", "package lib\n")
	r := m.run("build", "./lib")
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "failpoint-ctl disable")
}

func TestTheUsersOwnOverlayIsPartOfTheBuild(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "elsewhere/added.txt", "package lib\n\nimport (\n\t\"context\"\n\t\"testing\"\n\n\t\"github.com/pingcap/failpoint\"\n"+
		"\t\"github.com/racewindow/racewindow/failpoints\"\n)\n\nfunc TestAdded(t *testing.T) {\n"+
		"\tfailpoint.InjectCall(\"added\", context.Background())\n\tt.Log(failpoints.Spliced())\n}\n")
	m.write(t, "elsewhere/overlay.json", `{"Replace": {"lib/added_test.go": "elsewhere/added.txt"}}`)
	r := m.mustRun(t, "test", "-v", "-overlay", "elsewhere/overlay.json", "-run=TestAdded", "./lib")
	require.Contains(t, r.stdout, "example.com/own/lib/added ")
	r = m.run("test", "-overlay=nowhere.json", "./lib")
	require.Equal(t, ExitUsage, r.code, "%s", r)
}

func TestWorkspaceModulesAreInstrumented(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "second/go.mod", "module example.com/second\n\ngo 1.26.0\n")
	m.write(t, "go.work", "go 1.26.0\n\nuse (\n\t.\n\t./second\n)\n")
	m.write(t, "second/second_test.go", "package second\n\nimport \"testing\"\nimport \"example.com/own/lib\"\n"+
		"import \"github.com/racewindow/racewindow/failpoints\"\nfunc TestSpliced(t *testing.T) { lib.Bench(nil); t.Log(failpoints.Spliced()) }\n")
	r := m.runCommand(Command{
		Verb: "test", Args: []string{"-C", "second", "-v", "."},
		Env: append(m.env, "GOWORK="+filepath.Join(m.dir, "go.work"), "GOFLAGS="),
	})
	require.Zero(t, r.code, "%s", r)
	require.Contains(t, r.stdout, "example.com/own/lib/bench")
}

// The package between the tested one and its external test is compiled anew for the test, and go list names it in no
// other form.
func TestPackagesThatOnlyExistForATestAreInstrumented(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	m.write(t, "p/p.go", "package p\n\nconst P = 1\n")
	m.write(t, "q/q.go", "package q\n\nimport (\n\t\"context\"\n\n\t\"example.com/own/p\"\n\t\"github.com/pingcap/failpoint\"\n)\n\n"+
		"func Q(ctx context.Context) int {\n\tfailpoint.InjectCall(\"q\", ctx)\n\treturn p.P\n}\n")
	m.write(t, "p/p_test.go", "package p_test\n\nimport (\n\t\"testing\"\n\n\t\"example.com/own/q\"\n"+
		"\t\"github.com/racewindow/racewindow/failpoints\"\n)\n\n"+
		"func TestQ(t *testing.T) { t.Log(q.Q(nil), failpoints.Spliced()) }\n")
	r := m.mustRun(t, "test", "-v", "./p")
	require.Contains(t, r.stdout, "1 [example.com/own/q/q]")
	r = m.mustRun(t, "test", "-v", "./p")
	require.Contains(t, r.stdout, "(cached)", "two equal calls must build equal files, or the build cache is of no use")
}
