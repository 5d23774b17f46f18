package soak

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/script"
)

func TestTheSmallestCasesOfOneBugHaveOneShape(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	shapes := map[string]bool{}
	for _, text := range []string{
		smallCase, largeCase,
		"v1 scenario=log handover=stale; a: append 2 of 20, read - end; b: flush; @ a@read/metadata-loaded#1>b",
		"v1 scenario=log handover=stale chunk=64; t2: append 3, read - end; @ t2@read/metadata-loaded#1>flusher",
	} {
		c := parse(t, text)
		r, err := report.OfCase(c)
		require.NoError(t, err)
		require.Equal(t, report.Violated, r.Verdict, text)
		shapes[report.ShapeOf(c, r)] = true
	}
	require.Len(t, shapes, 1, "%v", shapes)
	c := parse(t, "v1 scenario=log handover=recheckliteral; w0: append 1, read - end")
	require.Equal(t, "recheckliteral: append, read", report.ShapeOf(c, nil))
	c = parse(t, "v1 scenario=log handover=snapshot; w0: append 1, flush; crash w0@flush/written#1 disk=1")
	require.Equal(t, "snapshot: crash at flush/written", report.ShapeOf(c, nil))
}

func TestADeadChildIsAFinding(t *testing.T) {
	t.Parallel()
	logs := filepath.Join(t.TempDir(), "logs")
	spec := RoundSpec{Kind: "race", Variant: "snapshot", Seed: 1, For: time.Second}
	dies := Isolated{Kind: &scripted{name: "stress"}, Label: "race", Binary: os.Args[0], Environment: []string{childVariable + "=panic"}, Logs: logs}
	require.Equal(t, "race", dies.Name())
	r, err := dies.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "panic: index N out of range of N in github.com/racewindow/racewindow/harness/soak.TestMain", r.Found[0].Shape)
	require.Contains(t, r.Found[0].Text, "goroutine 1")
	require.FileExists(t, filepath.Join(logs, "race-0.log"))

	refuses := dies
	refuses.Environment = []string{childVariable + "=unknown"} // a wrong call ends with 2, and so does a panic
	r, err = refuses.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Empty(t, r.Found)
	require.Contains(t, r.Inconclusive, "could not do the round")

	lives := dies
	lives.Environment = []string{childVariable + "=round"}
	r, err = lives.Run(t.Context(), spec)
	require.NoError(t, err)
	require.EqualValues(t, 3, r.Counts[CountOperations])
	require.Empty(t, r.Inconclusive)

	gone := dies
	gone.Binary = filepath.Join(logs, "nothing")
	_, err = gone.Run(t.Context(), spec)
	require.Error(t, err)
}

func TestRacesAreToldApartByTheirFunctions(t *testing.T) {
	t.Parallel()
	race := func(a, b string) string {
		return "==================\nWARNING: DATA RACE\nWrite at 0x00c000 by goroutine 7:\n  " + a + "()\n      /x/y.go:5 +0x1\n\nPrevious read at 0x00c000 by main goroutine:\n  " + b + "()\n      /x/y.go:9\n==================\n"
	}
	e := ended{code: 66, output: "begin\n" + race("p.f", "p.g") + race("p.f", "p.g") + race("p.h", "p.g")}
	all := e.races()
	require.Len(t, all, 2)
	require.Equal(t, "p.f | p.g", all[0].Shape)
	require.EqualValues(t, 2, all[0].Count)
	require.Equal(t, "p.g | p.h", all[1].Shape)
}

func TestAnOutputIsBounded(t *testing.T) {
	t.Parallel()
	var b bounded
	for range 1000 {
		_, err := b.Write([]byte(strings.Repeat("x", 1000)))
		require.NoError(t, err)
	}
	_, err := b.Write([]byte("the end"))
	require.NoError(t, err)
	require.Less(t, len(b.String()), maxOutput+100)
	require.True(t, strings.HasSuffix(b.String(), "the end"))
	require.Contains(t, b.String(), "bytes left out")
}

func TestLogsAreFewAndTheNewest(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range 3 * maxLogs {
		name := filepath.Join(folder, "old-"+string(rune('a'+i%26))+string(rune('a'+i/26)))
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o666))
		require.NoError(t, os.Chtimes(name, time.Unix(int64(i), 0), time.Unix(int64(i), 0)))
	}
	keepLog(folder, "new.log", "content")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, maxLogs)
	require.FileExists(t, filepath.Join(folder, "new.log"))
}

// ofTest are the properties of a script.
var ofTest = regexp.MustCompile("^TestEvery")

const listed = `[ "$1" = -test.list ] && { echo TestEveryPromiseHolds; echo TestAHangIsAViolation; echo ok; exit 0; }` + "\n"

func TestAPropertyThatHoldsIsCountedAndOneThatChecksNothingIsNot(t *testing.T) {
	t.Parallel()
	spec := RoundSpec{Kind: "properties", Variant: "drawn", Seed: 5, For: 2 * time.Second}
	p, err := NewProperties(script.New(t, listed+`echo "--- PASS: TestEveryPromiseHolds (1s)"`), ofTest)
	require.NoError(t, err)
	require.Equal(t, []string{"TestEveryPromiseHolds"}, p.Tests)
	r, err := p.Run(t.Context(), spec)
	require.NoError(t, err)
	require.EqualValues(t, 120, r.Counts[CountCases])
	require.Empty(t, r.Inconclusive)

	p, err = NewProperties(script.New(t, listed+`echo "testing: warning: no tests to run"`), ofTest)
	require.NoError(t, err)
	r, err = p.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Contains(t, r.Inconclusive, "checked nothing")
	_, err = NewProperties(script.New(t, "echo ok"), ofTest)
	require.ErrorContains(t, err, "has no property")
}

func TestAPropertyThatFailsIsAFindingWithItsCase(t *testing.T) {
	t.Parallel()
	text := "FAIL ReadAfterWrite  \"x\"\nreplay: racewindow replay '" + "v1 scenario=log handover=stale; t1: append 1, read - end; t2: flush; ~ t1@read/metadata-loaded#1=while:t2#1" + "'\n"
	p, err := NewProperties(script.New(t, listed+"mkdir -p $RACEWINDOW_OUT; cat > $RACEWINDOW_OUT/shrunk-x-1.txt <<'END'\n"+text+"END\necho FAIL; exit 1"), ofTest)
	require.NoError(t, err)
	r, err := p.Run(t.Context(), RoundSpec{Kind: "properties", Variant: "drawn", Seed: 5, For: time.Second})
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	require.Equal(t, "ReadAfterWrite", r.Found[0].Class)
	require.Contains(t, r.Found[0].Case, "handover=stale")
	require.Contains(t, r.Found[0].Text, "replay: ")

	p, err = NewProperties(script.New(t, listed+"echo 'panic: index 3 out of range'; exit 2"), ofTest)
	require.NoError(t, err)
	r, err = p.Run(t.Context(), RoundSpec{Kind: "properties", Variant: "drawn", Seed: 5, For: time.Second})
	require.NoError(t, err)
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "panic: index N out of range", r.Found[0].Shape)
}

func TestAFuzzTargetThatFailsIsAFindingWithItsInput(t *testing.T) {
	t.Parallel()
	module := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(module, "a"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(module, "a", "a_test.go"), []byte("package a\n\nfunc FuzzOne(f *testing.F) {}\n\nconst text = `\nfunc FuzzText(f *testing.F) {}\n`\n\nfunc FuzzHelper(n int) {}\n"), 0o666))
	binary := "#!/bin/sh\n" + `mkdir -p testdata/fuzz/FuzzOne; echo 'go test fuzz v1' > testdata/fuzz/FuzzOne/123; echo 'fuzz: elapsed: 1s, execs: 42 (1/sec), new interesting: 2 (total: 3)'; echo '    a_test.go:12: 7 is odd'; exit 1`
	goCommand := script.New(t, "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\ncat > $out <<'END'\n"+binary+"\nEND\nchmod +x $out\n")
	f, err := NewFuzz(goCommand, module, filepath.Join(t.TempDir(), "fuzz"), "")
	require.NoError(t, err)
	require.Equal(t, []string{"a.FuzzOne"}, f.Targets)
	r, err := f.Run(t.Context(), RoundSpec{Kind: "fuzz", Variant: "drawn", Seed: 5, For: time.Second})
	require.NoError(t, err)
	require.EqualValues(t, 42, r.Counts["fuzz inputs"])
	require.Len(t, r.Found, 1)
	require.Equal(t, "fuzz a.FuzzOne", r.Found[0].Class)
	require.Equal(t, "a_test.go:12: 7 is odd", r.Found[0].Detail)
	require.Contains(t, r.Found[0].Text, "go test fuzz v1")
	left, err := os.ReadDir(filepath.Join(module, "a"))
	require.NoError(t, err)
	require.Len(t, left, 1, "the sources are as they were")

	broken, err := NewFuzz(script.New(t, "echo no; exit 1"), module, filepath.Join(t.TempDir(), "fuzz"), "")
	require.NoError(t, err)
	r, err = broken.Run(t.Context(), RoundSpec{Kind: "fuzz", Variant: "drawn", For: time.Second})
	require.NoError(t, err)
	require.Contains(t, r.Inconclusive, "build the fuzz targets of a: exit status 1: no")
	_, err = NewFuzz("go", t.TempDir(), t.TempDir(), "")
	require.ErrorContains(t, err, "no fuzz target")
}

func TestAChildEndsWithItsRound(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Isolated{Kind: &scripted{name: "stress"}, Binary: script.New(t, "sleep 100")}.Run(ctx, RoundSpec{Kind: "stress", Variant: "a", For: time.Second})
	if err == nil {
		require.NotEmpty(t, r.Inconclusive)
	}
	require.Empty(t, r.Found)
}

// A class that is seen again and again hides no other shape of it.
func TestWindowsOfOneBugAreOneFinding(t *testing.T) {
	t.Parallel()
	finding := func(class, shape string, size int) Finding {
		return Finding{Class: class, Shape: shape, Size: size, Fingerprint: report.Fingerprint(class, shape), Count: 1, Rounds: 1}
	}
	s := NewState()
	first := finding("ReadAfterWrite/empty", "stale: a .. b", 100)
	s.addFindings([]Finding{first})
	more := finding("ReadAfterWrite/empty", "stale: a .. b | c .. d", 200)
	require.Equal(t, first.Fingerprint, s.sighting(&more, nil).Fingerprint)
	require.Equal(t, first.Fingerprint, more.Fingerprint, "a window more, from shrinking that ended early")
	for _, other := range []Finding{
		finding("ReadAfterWrite/empty", "stale: c .. d", 1), finding("ReadAfterWrite/empty", "recheck: a .. b", 1), finding("Order/record", "stale: a .. b", 1),
		finding("ReadAfterWrite/empty", "stale: append, read", 1),
	} {
		require.Nil(t, s.sighting(&other, nil), other.Shape)
	}
	kept := []Finding{finding("Order/record", "stale: x .. y", 50)}
	same := finding("Order/record", "stale: x .. y", 70)
	require.Equal(t, 50, s.sighting(&same, kept).Size, "in the same round")
	s.Findings[first.Fingerprint].Gone = true
	more = finding("ReadAfterWrite/empty", "stale: a .. b | c .. d", 200)
	require.Nil(t, s.sighting(&more, nil), "what was fixed is not what is seen now")
}
