package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

// A package that was cut short or could not be built is counted and named. It does not pass.
func TestARowCountsWhatWasNotComeTo(t *testing.T) {
	t.Parallel()
	ended := func(verdict string, goroutines int) drive.Event {
		return drive.Event{Event: drive.Ended, Test: "Test" + verdict, Plain: &drive.PlainSummary{Verdict: verdict, Goroutines: goroutines, Statistics: sched.Statistics{Schedules: 10, Steps: 100}}}
	}
	r := row{subject: subject{module: "m", version: "v1"}}
	r.add(&result{Tests: make([]string, 4), Events: []drive.Event{ended(drive.HeldAll, 2), ended(drive.Sequential, 1), ended(drive.Unrepeatable, 3)}})
	r.add(&result{Package: "m/broken", Tests: make([]string, 2), Code: 2, Said: "it cannot be built"})
	require.Equal(t, 6, r.tests)
	require.Equal(t, 3, r.left)
	require.Equal(t, 1, r.met)
	require.Equal(t, []string{"m/broken: it cannot be built"}, r.refused)
	var out bytes.Buffer
	(&settings{kind: existing}).print(&out, []row{r})
	require.Contains(t, out.String(), "| m v1 | 6 | 1 | 0 | 0 | 1 | 0 | 1 | 0 | 3 | 1 | 30 | 300 | 0 | 0 |")
	require.Contains(t, out.String(), "not reached: m/broken: it cannot be built")

	each := r.each(plain.Package{ImportPath: "m/lru", Tests: []string{"Test" + drive.HeldAll, "TestPromiseElse"}})
	require.Equal(t, 1, each[0].came[drive.HeldAll])
	require.Equal(t, 1, each[1].left)
}

// A function with sub-tests is one test, with the worst of their verdicts. A failure that needs a timer to fire early is counted
// apart. A failure before two goroutines could go on at once does not count as one of two goroutines.
func TestARowCountsFunctions(t *testing.T) {
	t.Parallel()
	ended := func(test, verdict string, distinct uint64) drive.Event {
		return drive.Event{Event: drive.Ended, Test: test, Plain: &drive.PlainSummary{Verdict: verdict, Goroutines: 2, Statistics: sched.Statistics{Schedules: 10, Distinct: distinct}}}
	}
	found := func(test string, timing bool) drive.Event {
		return drive.Event{Test: test, Finding: &drive.PlainFinding{Failure: &sched.Failure{Timing: timing}}}
	}
	r := row{}
	r.add(&result{Tests: make([]string, 4), Events: []drive.Event{
		ended("TestA/held", drive.HeldAll, 9), found("TestA/sleeps", true), ended("TestA/sleeps", drive.FoundSome, 9), ended("TestA/alone", drive.Sequential, 0),
		found("TestB", true), found("TestB", false), ended("TestB", drive.FoundSome, 9),
		found("TestC", false), ended("TestC", drive.FoundSome, 1),
	}})
	require.Equal(t, map[string]int{drive.FoundSome: 2, onlyTiming: 1}, r.came)
	require.Equal(t, 2, r.met)
	require.Equal(t, 1, r.left)
}

// When the time of a package ends, the test functions without a result are left, except the one that took all the time.
func TestWhatIsLeftOfAPackage(t *testing.T) {
	t.Parallel()
	r := &result{Tests: []string{"TestA", "TestB", "TestC", "TestD"}, Passed: []string{"TestC"}, Events: []drive.Event{
		{Test: "TestA/sub", Plain: &drive.PlainSummary{Verdict: drive.HeldAll}}, {Test: "TestB"},
	}}
	require.Equal(t, []string{"TestB", "TestD"}, r.left())
}

func TestWrongCallsAreRefused(t *testing.T) {
	t.Parallel()
	right := settings{kind: existing, perTest: 1, perPackage: 1, memory: 1024}
	require.NoError(t, right.check(nil))
	require.Equal(t, 200, right.schedules)
	require.ErrorContains(t, right.check([]string{"x"}), "use flags only")
	for _, wrong := range []settings{{kind: "all"}, {kind: planted, perTest: 1, perPackage: 1, memory: 1}, {kind: planted, schedules: -1, perTest: 1, perPackage: 1, memory: 1024}, {kind: planted, steps: -1, perTest: 1, perPackage: 1, memory: 1024}} {
		require.Error(t, wrong.check(nil), wrong)
	}
}

// An edit is made once. An anchor that does not occur exactly once is an error, which quotes it.
func TestAPlantedBugIsAnEditOfTheCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := plant{file: "a.go", edits: [][2]string{{"look(); act()", "look(); let(); act()"}}, in: ".", body: newer + "package a\n"}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n\nfunc f() { look(); act() }\n"), 0o666))
	for range 2 {
		require.NoError(t, p.apply(dir))
	}
	content, err := os.ReadFile(filepath.Join(dir, "a.go"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(content), "let()"))
	p.edits[0][0] = "elsewhere"
	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "a.go"), content, 0o666))
	require.ErrorContains(t, p.apply(other), "a.go: the anchor occurs 0 times")
	for _, b := range bugs {
		require.Contains(t, b.body, "func "+b.test+"(", b.name)
	}
}

// Each small test is short, and quotes what the documentation promises.
func TestEachPromiseIsQuoted(t *testing.T) {
	t.Parallel()
	looked := 0
	require.NoError(t, fs.WalkDir(tests, "testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(tests, name)
		require.NoError(t, err)
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, content, parser.ParseComments)
		require.NoError(t, err)
		require.Contains(t, string(content), `"`, "%s quotes nothing", name)
		for _, declared := range file.Decls {
			if f, is := declared.(*ast.FuncDecl); is && strings.HasPrefix(f.Name.Name, "TestPromise") {
				looked++
				require.NotNil(t, f.Doc, "%s: %s says no promise", name, f.Name.Name)
				require.LessOrEqual(t, len(f.Body.List), 10, "%s: %s", name, f.Name.Name)
			}
		}
		return nil
	}))
	require.Positive(t, looked)
}
