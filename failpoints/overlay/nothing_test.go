// Runs in which nothing ran.

package overlay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const testsOfEveryKind = `package p

import (
	"fmt"
	"testing"
)

func TestMain(m *testing.M) { m.Run() }

func TestOne(t *testing.T) { t.Run("sub", func(*testing.T) {}) }

func BenchmarkOne(b *testing.B) { for b.Loop() {} }

func FuzzOne(f *testing.F) { f.Fuzz(func(*testing.T, int) {}) }

func ExampleRuns() {
	fmt.Println("said")
	// Output: said
}

func Example_silent() {}

func Testify() {}
`

// withTests is a module with tests of every kind in p, and none in q.
func withTests(t *testing.T) *module {
	t.Helper()
	m := unpack(t, "own")
	for _, name := range []string{"lib", "enabled"} {
		require.NoError(t, os.RemoveAll(filepath.Join(m.dir, name)))
	}
	m.write(t, "p/p.go", "package p\n\nfunc Runs() {}\n")
	m.write(t, "p/p_test.go", testsOfEveryKind)
	m.write(t, "q/q.go", "package q\n")
	return m
}

func TestARunInWhichNothingRanIsNoPass(t *testing.T) {
	t.Parallel()
	m := withTests(t)
	for line, want := range map[string]string{
		"-run=None ./...":                       `no test ran: -run "None" matches none of 3 in ./... (2 packages): list`,
		"-json -run=None ./p":                   `no test ran: -run "None" matches none of 3 in ./p (1 package)`,
		"-v ./p -args -test.run None":           `no test ran: -run "None"`,
		"-run=^$ ./...":                         `no test ran: -run "^$"`,
		"./q":                                   "no test ran: there is none in ./q (1 package): name packages with tests",
		"-skip=. ./p":                           `that -skip "." leaves`,
		"-run=One -skip=TestOne|FuzzOne ./p":    `no test ran: -run "One" matches none of 3 in ./p (1 package) that -skip "TestOne|FuzzOne" leaves`,
		"-count=0 ./p":                          "no test ran: -count=0 runs none",
		"-run=^$ -bench=None ./...":             `no benchmark ran: -bench "None" matches none of 1`,
		"-bench=None ./p":                       `no benchmark ran: -bench "None"`,
		"-fuzz=None ./p":                        `no fuzz target ran: -fuzz "None" matches none of 1`,
		"-run=None -coverpkg=./... ./q":         "no test ran: there is none in ./q (1 package)",
		"-exec=env -run=TestMain|Testify ./...": "no test ran: -run \"TestMain|Testify\" matches none of 3",
	} {
		r := m.run("test", strings.Fields(line)...)
		require.Equal(t, ExitProblem, r.code, "%s: %s", line, r)
		var nothing *NothingRan
		require.ErrorAs(t, r.err, &nothing, line)
		require.ErrorContains(t, r.err, want, line)
	}
	m.requireClean(t)
}

func TestARunInWhichSomethingRanOrNothingWasToRunPasses(t *testing.T) {
	t.Parallel()
	m := withTests(t)
	for _, line := range []string{
		"./...", "-run=TestOne/none ./...", "-skip=TestOne/sub -run=TestOne ./p", "-run=ExampleRuns ./p", "-run=FuzzOne ./p",
		"-run=^$ -bench=One -benchtime=1x ./...", "-run=^$ -fuzz=One -fuzztime=1x ./p", "-run=(TestNone|TestOne)$ ./...",
		"-run=None|TestO ./...", "-list=None ./...", "-c -run=None -o=p.test ./p", "-n -run=None ./p",
	} {
		m.mustRun(t, "test", strings.Fields(line)...)
	}
	r := m.run("test", "-run=(", "./p")
	require.Equal(t, 1, r.code, "%s", r)
	require.NoError(t, r.err, "the test binary has said what is wrong")
}

func TestAnIncludedModuleWithoutMarkersIsRefused(t *testing.T) {
	t.Parallel()
	m := unpack(t, "own")
	const other = "github.com/pingcap/errors"
	for _, strip := range []bool{false, true} {
		r := m.runCommand(Command{Verb: "build", Include: []string{other}, Strip: strip, Args: []string{"-o", os.DevNull, "./lib"}})
		require.Equal(t, ExitUsage, r.code, "%s", r)
		require.ErrorContains(t, r.err, "--include "+other+": there is no failpoint marker in the packages of that module")
	}
}

// The test process itself reports the result of a replay.
func TestAReplayThatNoTestTakesUpIsNoPass(t *testing.T) {
	t.Parallel()
	m := withTests(t)
	m.write(t, "p/replay_test.go", `package p

import (
	"flag"
	"os"
	"testing"
)

var replay = flag.String("racewindow.replay", "", "")

func TestReplays(t *testing.T) {
	if file := os.Getenv("RACEWINDOW_REPLAYED"); file != "" && *replay != "" {
		os.WriteFile(file, nil, 0o600)
	}
}

func TestDoesNot(t *testing.T) {}
`)
	m.mustRun(t, "test", "-run=TestReplays", "./p", "-racewindow.replay=-")
	m.mustRun(t, "test", "-run=TestDoesNot", "./p")
	for _, args := range [][]string{{"-run=TestDoesNot", "./p", "-racewindow.replay=-"}, {"-run=TestDoesNot", "./p", "-args", "-racewindow.replay", "x"}} {
		r := m.run("test", args...)
		require.ErrorContains(t, r.err, "nothing was replayed: no test that ran came to sched.Explore", "%s", r)
	}
}
