package results

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/report"
)

const pkg = "example.com/cache"

// found is a finding with two goroutines and texts that could break any form.
func found(test, class, detail string) Finding {
	return Finding{
		Package: pkg, Test: test, File: "sub folder/cache_test.go", Line: 27,
		Report: &report.Report{
			Schema: report.Schema, Verdict: report.Violated, Promise: test, Class: class, Detail: detail, Case: "v1 test=" + test, Replay: "racewindow replay 'v1 test=" + test + "' " + pkg,
			Run: report.Run{
				Threads: []string{"main", "main/get#1"},
				Rows: []report.Row{
					{Step: 1, Kind: report.KindPoint, Thread: 0, Text: "TestX.go", File: pkg + "/cache_test.go", Line: 20},
					{Kind: report.KindPreemption, Thread: 0, To: 1, Text: "preemption"},
					{Step: 2, Kind: report.KindPoint, Thread: 1, Text: "get.Lock", File: pkg + "/cache.go", Line: 7},
					{Step: 3, Kind: report.KindPoint, Thread: 1, Text: "other.Lock", File: "example.com/other/x.go", Line: 9},
				},
			},
		},
	}
}

func all() []Result {
	bad := found("TestEvict", "failed in cache_test.go:27", "cache_test.go:27: got 3, want 4 %\x1b<&]]>\nmore")
	old := found("TestClose", "deadlock in (*Cache).Close: sync.Mutex.Lock", "no thread can go on")
	old.Known = old.Name()
	return []Result{
		{Package: pkg, Test: "TestEvict", Outcome: Fail, Verdict: "found", Text: "a\nb\x00\n", Elapsed: 1500 * time.Millisecond, Findings: []Finding{bad}},
		{Package: pkg, Test: "TestClose", Outcome: Pass, Verdict: "found", Text: "known\n", Findings: []Finding{old}},
		{Package: pkg, Test: "TestGet", Outcome: Pass, Verdict: "held", Text: "held: 20 schedules\n"},
		{Package: pkg + "/sub", Test: "TestSkips", Outcome: Skip, Verdict: "skipped", Text: "it skips itself\n"},
		{Package: pkg + "/sub", Test: "TestStrays", Outcome: Fail, Verdict: "cannot be repeated", Text: "map\n"},
	}
}

func TestSARIFIsValidAndSuppressesWhatIsKnown(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	require.NoError(t, WriteSARIF(&text, all(), ""))
	read, err := sarif.FromBytes(text.Bytes(), sarif.WithStrictValidation())
	require.NoError(t, err)
	require.NoError(t, read.Validate(), "against the schema of SARIF 2.1.0")
	require.Equal(t, "2.1.0", read.Version)
	r := read.Runs[0].Results
	require.Len(t, r, 2)
	require.Equal(t, "failed", *r[0].RuleID)
	require.Equal(t, "error", r[0].Level)
	require.Equal(t, "sub%20folder/cache_test.go", *r[0].Locations[0].PhysicalLocation.ArtifactLocation.URI)
	require.Equal(t, 27, *r[0].Locations[0].PhysicalLocation.Region.StartLine)
	require.Empty(t, r[0].Suppressions)
	require.Len(t, r[1].Suppressions, 1)
	require.NotEqual(t, r[0].PartialFingerprints, r[1].PartialFingerprints)
	flows := r[0].CodeFlows[0].ThreadFlows
	require.Len(t, flows, 2, "one for each goroutine")
	require.Equal(t, "main/get#1", *flows[1].ID)
	require.Len(t, flows[1].Locations, 1, "steps in other packages are in files that this repository may not have")
	require.Equal(t, 2, flows[1].Locations[0].ExecutionOrder)
	text.Reset()
	require.NoError(t, WriteSARIF(&text, nil, ""))
	read, err = sarif.FromBytes(text.Bytes(), sarif.WithStrictValidation())
	require.NoError(t, err)
	require.NoError(t, read.Validate())
	require.Contains(t, text.String(), `"results": []`, "code scanning takes none as all closed")
}

func TestJUnitHasASuiteForEachPackageAndOneCaseForEachTest(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	require.NoError(t, WriteJUnit(&text, all()))
	var read junitSuites
	require.NoError(t, xml.Unmarshal(text.Bytes(), &read))
	require.Equal(t, []int{5, 2, 1}, []int{read.Tests, read.Failures, read.Skipped})
	require.Len(t, read.Suites, 2)
	first := read.Suites[0].Cases[0]
	require.Equal(t, "1.500", first.Time)
	require.Equal(t, "failed in cache_test.go:27", first.Failure.Type)
	require.Contains(t, first.Failure.Message, "got 3, want 4 %<&]]>")
	require.Equal(t, 27, first.Line)
	require.Nil(t, read.Suites[0].Cases[1].Failure, "known")
	require.NotNil(t, read.Suites[1].Cases[0].Skipped)
	require.Equal(t, "cannot be repeated", read.Suites[1].Cases[1].Failure.Message)
}

func TestTheStreamIsThatOfGoTest(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	stream := NewTestJSON(&text)
	stream.Began(pkg)
	for _, r := range all()[:3] {
		stream.TestBegan(r.Package, r.Test)
		stream.Output(r.Package, r.Test, r.Text)
		stream.TestEnded(&r)
	}
	stream.Ended(pkg, "")
	stream.Ended("never/began", "")
	stream.Began(pkg + "/broken")
	stream.Ended(pkg+"/broken", "does not build")
	require.NoError(t, stream.Err())
	var actions []string
	for line := range strings.Lines(text.String()) {
		var e struct{ Action, Package, Test, Output string }
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		require.NotEmpty(t, e.Package)
		if e.Action != "output" {
			actions = append(actions, strings.TrimSpace(e.Action+" "+e.Test))
		} else {
			require.True(t, strings.HasSuffix(e.Output, "\n"), "%q", e.Output)
		}
	}
	require.Equal(t, []string{
		"start", "run TestEvict", "fail TestEvict", "run TestClose", "pass TestClose", "run TestGet", "pass TestGet", "fail", "start", "fail",
	}, actions)
	require.Contains(t, text.String(), `"Output":"--- FAIL: TestEvict (1.50s)\n"`)
	broken := NewTestJSON(writerFunc(func([]byte) (int, error) { return 0, errors.New("full") }))
	broken.Began(pkg)
	require.ErrorContains(t, broken.Err(), "full")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestAnnotationsAreOneLineEach(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	require.NoError(t, WriteAnnotations(&text, all(), ""))
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "::error file=sub folder/cache_test.go,line=27,title=racewindow%3A TestEvict%3A failed::cache_test.go:27: got 3, want 4 %25")
	require.True(t, strings.HasPrefix(lines[1], "::notice "), "known")
	text.Reset()
	require.NoError(t, WriteSummary(&text, all()))
	require.Contains(t, text.String(), "| found | 2 |")
	require.Contains(t, text.String(), "Known: `example.com/cache TestClose")
}

func TestAKnownFindingSurvivesEditsAndIsMissedWhenItIsGone(t *testing.T) {
	t.Parallel()
	const text = "# a comment\n\nexample.com/cache TestEvict: failed: got N, want N\nexample.com/cache TestGet: leak in Get: chan receive\nexample.com/cache TestOther: leak in X\n"
	k, err := ReadKnown(strings.NewReader(text))
	require.NoError(t, err)
	moved := found("TestEvict", "failed in cache_test.go:1027", "cache_test.go:1027: got 12, want 4")
	k.Mark(&moved)
	require.Equal(t, "example.com/cache TestEvict: failed: got N, want N", moved.Known)
	other := found("TestEvict", "failed in cache_test.go:27", "cache_test.go:27: the cache is closed")
	k.Mark(&other)
	require.Empty(t, other.Known, "another assertion of the same test is not known by that")
	results := []Result{{Package: pkg, Test: "TestEvict", Outcome: Pass, Findings: []Finding{moved}}, {Package: pkg, Test: "TestGet", Outcome: Pass}}
	require.Equal(t, []string{"example.com/cache TestGet: leak in Get: chan receive"}, k.Gone(results), "TestOther was not judged")
	for text, says := range map[string]string{"TestX": "line 1", "a b c: d": "write PACKAGE TEST: CLASS", "example.com/x TestX": "names no finding", "p BenchmarkX: y": "names no finding"} {
		_, err := ReadKnown(strings.NewReader(text))
		require.ErrorContains(t, err, says, text)
	}
	var none *Known
	none.Mark(&moved)
	require.Empty(t, none.Gone(results))
}

func TestTheNameOfAFindingHasNoFolderOfTheMachine(t *testing.T) {
	said := func(dir string) string {
		t.Setenv("TMPDIR", dir)
		f := found("TestRead", "failed in cache_test.go:27", "cache_test.go:27: open "+filepath.Join(os.TempDir(), "TestRead123", "001", "a")+": no such file")
		return f.Name()
	}
	want := pkg + " TestRead: failed: open /tmp/TestReadN/N/a: no such file"
	require.Equal(t, want, said("/tmp"))
	require.Equal(t, want, said("/var/folders/x9/T/"))
}
