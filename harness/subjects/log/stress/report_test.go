package stress

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

// requireGolden holds text against a file of testdata.
func requireGolden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./harness/subjects/log/stress -update writes it")
	require.Equal(t, string(want), text)
}

const us = time.Microsecond

// theFinding is the analysed bug as a run would find it.
func theFinding() *Finding {
	moment := func(at time.Duration, thread, text, source string) Moment {
		point, _ := strings.CutPrefix(text, "* ")
		if point == text {
			point = ""
		}
		return Moment{At: at, Thread: thread, Text: text, Point: point, Source: source}
	}
	f := &Finding{
		Promise: check.ReadAfterWrite.Name, Sentence: check.ReadAfterWrite.Sentence,
		Detail:      "transactions 41 to 42 missing (acknowledged before the read began)",
		Fingerprint: "ReadAfterWrite/partial", Round: 0, Thread: "r17", After: "40.+", UpTo: "end", Acknowledged: 42,
		MissingFrom: 41, MissingTo: 42, Got: 1, Found: 31 * time.Millisecond, Operations: 1234,
		Overlapping: map[string]int{"read": 12, "append": 3, "flush": 1},
		Moments: []Moment{
			moment(29_000*us, "w3", "append of 2", ""),
			moment(29_400*us, "w3", "acknowledged 42.1", ""),
			moment(30_000*us, "r17", "read (40.+, end]", ""),
			moment(30_010*us, "r17", "* read/before-metadata", "tail_metadata.go:38"),
			moment(30_015*us, "r17", "* read/metadata-loaded", "tail_metadata.go:40"),
			moment(30_100*us, "f0", "flush", ""),
			moment(30_110*us, "f0", "* flush/written", "flush.go:190"),
			moment(30_120*us, "f0", "* flush/published", "flush.go:148"),
			moment(30_130*us, "f0", "* flush/trimmed", "flush.go:152"),
			moment(30_900*us, "r17", "* read/before-tail", "shared_tail.go:40"),
			moment(30_910*us, "r17", "* read/between-tail-records", "shared_tail.go:52"),
			moment(30_915*us, "r17", "* read/between-tail-records", "shared_tail.go:52"),
			moment(31_000*us, "r17", "returns 1 records", ""),
		},
	}
	f.Window = windowOf(f.Thread, f.Moments)
	return f
}

func report(t *testing.T, f *Finding, columns int, p Palette) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WriteReport(&b, f, "racewindow stress --handover stale --goroutines 300 --seed 7", columns, p))
	return b.String()
}

func TestTheReportExplainsAViolation(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{100, 80, 60, 40} {
		requireGolden(t, fmt.Sprintf("report-%d.txt", columns), report(t, theFinding(), columns, Palette{}))
	}
	require.Equal(t, report(t, theFinding(), 100, Palette{}), report(t, theFinding(), 300, Palette{}), "no wider than 100")
	for range 20 {
		require.Equal(t, report(t, theFinding(), 100, Palette{}), report(t, theFinding(), 100, Palette{}), "a report has no chance in it")
	}
}

func TestColoursChangeNothingButColours(t *testing.T) {
	t.Parallel()
	coloured := report(t, theFinding(), 100, ANSI)
	require.Contains(t, coloured, ANSI.Bad+"FAIL")
	require.Contains(t, coloured, ANSI.Bold+"window:")
	for _, code := range []string{ANSI.Bad, ANSI.Good, ANSI.Dim, ANSI.Bold, ANSI.Off} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	require.Equal(t, report(t, theFinding(), 100, Palette{}), coloured)
}

func TestAScanAndAFailedOperationAreNotCalledAClientsRead(t *testing.T) {
	t.Parallel()
	text := report(t, &Finding{Promise: "PrefixRecovery", Detail: "lost", After: "-", UpTo: "end", Got: 3}, 100, Palette{})
	require.Contains(t, text, "read (-, end] by the scan at the round's end returned 3 records")
	text = report(t, &Finding{Promise: "Progress", Detail: "append failed: disk on fire", Thread: "w0", After: "-", UpTo: "-"}, 100, Palette{})
	require.NotContains(t, text, "returned")
	require.NotContains(t, text, "read (")
}

func TestAReportFitsTheTerminal(t *testing.T) {
	t.Parallel()
	texts := gen.OneGenOf(gen.AnyString(), gen.AlphaString(), gen.SliceOf(gen.UInt8()).Map(func(b []uint8) string { return string(b) }),
		gen.OneConstOf("", "r1", "line\nbreak", "tab\tbell\a\x1b[31m", strings.Repeat("long ", 90), strings.Repeat("x", 500), "日本語", "\xff\xfe"))
	moments := gen.SliceOf(gopter.CombineGens(texts, texts, texts, gen.Int64Range(-1e6, 1e12), gen.IntRange(0, 5)).Map(func(drawn []any) Moment {
		m := Moment{At: time.Duration(drawn[3].(int64)), Thread: drawn[0].(string), Text: drawn[1].(string), Source: drawn[2].(string)}
		if n := drawn[4].(int); n > 0 { // few threads are more likely than many
			m.Thread = fmt.Sprintf("r%d", n)
			m.Point = m.Text
		}
		return m
	}))
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(3))
	properties.Property("at most 40 lines of the width that was asked for, without control characters", prop.ForAll(
		func(detail, thread, name string, ms []Moment, columns int) string {
			f := &Finding{
				Promise: "ReadAfterWrite", Sentence: "sentence", Detail: detail, Thread: thread, After: "-", UpTo: "end",
				Moments: ms, Overlapping: map[string]int{name: 1, "read": 1 << 40},
			}
			f.Window = windowOf("r1", ms)
			lines := strings.Split(strings.TrimSuffix(report(t, f, columns, Palette{}), "\n"), "\n")
			if len(lines) > 40 {
				return fmt.Sprintf("%d lines", len(lines))
			}
			for _, line := range lines {
				if n := utf8.RuneCountInString(line); n > columns || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
					return fmt.Sprintf("%d columns: %q", n, line)
				}
			}
			if !slices.ContainsFunc(lines[:min(len(lines), 12)], func(l string) bool { return strings.HasPrefix(l, "again: racewindow stress") }) {
				return "how to run it again is not among the first lines"
			}
			return ""
		}, texts, texts, texts, moments, gen.IntRange(40, 100)))
	properties.TestingRun(t)
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"abcd", 1, "…"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äö…"},
		{"a\nb\tc\x1b\x7f", 10, "a?b?c??"},
		{"\xff\xfe", 10, "??"},
	} {
		require.Equal(t, c.want, clip(c.text, c.width), "%q in %d", c.text, c.width)
	}
}

func TestFoldJoinsWhatRepeatsAndLeavesOutTheMiddle(t *testing.T) {
	t.Parallel()
	pass := func(thread, point string) Moment { return Moment{Thread: thread, Point: point, Text: "* " + point} }
	folded := fold([]Moment{pass("a", "x"), pass("a", "x"), pass("a", "x"), pass("b", "x"), pass("a", "x"), {Thread: "a", Text: "t"}, {Thread: "a", Text: "t"}}, 20)
	require.Equal(t, []string{"3x x", "* x", "* x", "t", "t"}, textsOf(folded), "operations are never joined")
	require.Empty(t, fold(nil, 20))
	var many []Moment
	for i := range 30 {
		many = append(many, Moment{Thread: "a", Text: fmt.Sprint(i)})
	}
	require.Equal(t, many[:20], fold(many[:20], 20))
	folded = fold(many, 6)
	require.Equal(t, []string{"0", "1", "… 25 more …", "27", "28", "29"}, textsOf(folded))
}

func textsOf(moments []Moment) (texts []string) {
	for _, m := range moments {
		texts = append(texts, m.Text)
	}
	return texts
}

func TestDurationsHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 ns", 999: "999 ns", 1000: "1.0 us", 12_345: "12.3 us", 1_500_000: "1.5 ms", time.Second: "1.0 s", time.Hour: "3600.0 s",
	} {
		require.Equal(t, want, short(d))
	}
	require.Equal(t, "-1.5 ms", relative(-1500*us))
}

func TestTheWindowIsWhereOthersPassedMost(t *testing.T) {
	t.Parallel()
	pass := func(at int, thread, point string) Moment {
		return Moment{At: time.Duration(at), Thread: thread, Point: point}
	}
	require.Nil(t, windowOf("r", nil))
	require.Nil(t, windowOf("r", []Moment{pass(1, "r", "a"), pass(2, "r", "b")}), "nobody else")
	require.Nil(t, windowOf("r", []Moment{pass(1, "w", "x"), pass(2, "r", "a")}), "before the thread began")
	require.Nil(t, windowOf("r", []Moment{pass(1, "r", "a"), pass(2, "w", "")}), "after its end")
	require.Equal(t, &Window{From: "a", To: "b", Stood: 9, Other: "f", Passed: []string{"x", "y"}}, windowOf("r", []Moment{
		pass(0, "r", ""), pass(1, "w", "z"), pass(2, "r", "a"), pass(3, "f", "x"), pass(4, "w", "z"), pass(5, "f", "y"), pass(11, "r", "b"), pass(12, "f", "x"), pass(13, "r", ""),
	}))
	require.Equal(t, &Window{From: "its begin", To: "its end", Stood: 2, Other: "f", Passed: []string{"x"}},
		windowOf("r", []Moment{pass(0, "r", ""), pass(1, "f", "x"), pass(2, "r", "")}))
	for range 50 { // of two that passed as much, always the same one
		require.Equal(t, "a", windowOf("r", []Moment{pass(0, "r", ""), pass(1, "b", "x"), pass(1, "a", "x"), pass(2, "r", "")}).Other)
	}
}

// theSummary has every field set.
func theSummary() *Summary {
	s := newSummary(Config{Name: "snapshot", Seed: 42, Goroutines: 10_000, Writers: 2000, Flushers: 4, MaxValueBytes: 256, MaxRecords: 4})
	s.Race, s.Canary = true, "caught: ReadAfterWrite in stale after 0.1 s and 10 operations"
	s.Elapsed, s.Rounds, s.PeakGoroutines, s.PeakMemory = 30*time.Second, 3, 10_006, 3<<30
	for i, kind := range harness.OperationKinds() {
		s.ByKind[kind.String()] = uint64(i+1) * 100_000_000
	}
	s.Operations, s.PerGoroutine = 1_500_000_000, Spread{2, 130, 123_456}
	s.shared, s.filled, s.proof = 1, 1, proof{marks: 3, flushes: 3, readFaults: 6}
	s.Planted = []Canary{{Defect: "a flush that does nothing", Promise: "Durability"}, {Defect: "a read that hides its error", NotTried: "it has no disk"}}
	s.RecordsChecked, s.RecordsScanned, s.Transactions, s.Failures = 12_345_678_901, 123_456_789, 23_456_789, 17
	s.Overlaps, s.Flushes, s.Delays = 4711, 815, 987_654_321
	s.Points = []PointHits{{"append/before-buffer", "yield", 7}, {"append/lock", "wait", 12_345_678}, {"read/before-tail", "yield", 0}, {"read/metadata-loaded", "yield", 3}, {"retain/lock", "wait", 0}}
	s.Reads, s.Appends = Latency{5, 100 * us, 3 * time.Millisecond, time.Second}, Latency{4, 10 * us, 90 * us, 91 * us}
	s.judge()
	return s
}

func TestTheSummarySaysWhatWasDone(t *testing.T) {
	t.Parallel()
	failed, violated, unknown := theSummary(), theSummary(), theSummary()
	unknown.proof.readFaults = 0
	unknown.judge()
	failed.Failure = "the run did too little: 3 reads overlapped a flush between write and trim, at least 100 must: give it more time"
	failed.judge()
	violated.Violation = theFinding()
	violated.judge()
	for _, columns := range []int{100, 80, 60, 40} {
		var b bytes.Buffer
		for _, s := range []*Summary{theSummary(), failed, violated, unknown} {
			require.NoError(t, s.WriteText(&b, columns, Palette{}))
			b.WriteByte('\n')
		}
		requireGolden(t, fmt.Sprintf("summary-%d.txt", columns), b.String())
		for line := range strings.SplitSeq(b.String(), "\n") {
			require.LessOrEqual(t, utf8.RuneCountInString(line), columns, line)
		}
	}
}

// Other programs read the names of the JSON summary. If a name changes or is removed, SummaryVersion must be raised.
func TestTheFieldsOfTheJSONSummary(t *testing.T) {
	t.Parallel()
	s := theSummary()
	s.Failure, s.Violation = "why", theFinding()
	data, err := json.Marshal(s)
	require.NoError(t, err)
	var parsed any
	require.NoError(t, json.Unmarshal(data, &parsed))
	names := map[string]bool{}
	collect(names, "", parsed)
	require.Equal(t, 1, SummaryVersion)
	requireGolden(t, "summary-fields.txt", strings.Join(slices.Sorted(maps.Keys(names)), "\n")+"\n")
}

func collect(names map[string]bool, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			collect(names, strings.TrimPrefix(path+"."+name, "."), inner)
		}
	case []any:
		for _, inner := range v {
			collect(names, path+"[]", inner)
		}
	default:
		names[path] = true
	}
}

func TestTheJSONSummaryComesBackWhole(t *testing.T) {
	t.Parallel()
	s := theSummary()
	s.Failure, s.Violation = "why", theFinding()
	data, err := json.Marshal(s)
	require.NoError(t, err)
	back := &Summary{}
	require.NoError(t, json.Unmarshal(data, back))
	s.reads, s.appends, s.hits, s.shared, s.filled, s.proof, s.config = nil, nil, nil, 0, 0, proof{}, Config{} // for the run's own use
	require.Equal(t, s, back)
}

func TestVerdictsNeedEvidence(t *testing.T) {
	t.Parallel()
	s := newSummary(Config{MaxRecords: 4, MaxValueBytes: 9})
	s.judge()
	require.False(t, s.Passed, "nothing was done")
	for name, verdict := range s.Verdicts {
		require.Equal(t, "unknown", verdict, name)
	}
	s.RecordsChecked, s.shared, s.filled = 1, 1, 1
	for _, kind := range []harness.OperationKind{harness.OpAppend, harness.OpFlush, harness.OpRead} {
		s.judge()
		require.Contains(t, s.Reasons["Progress"], fmt.Sprintf("no %v was made", kind))
		s.ByKind[kind.String()] = 1
	}
	s.judge()
	require.Equal(t, "satisfied", s.Verdicts["ReadAfterWrite"])
	require.Equal(t, "unknown", s.Verdicts["PrefixRecovery"], "nothing was reopened")
	require.False(t, s.Passed)
	s.RecordsScanned, s.proof = 1, proof{crashes: 1, readFaults: 1}
	s.judge()
	require.True(t, s.Passed)
	s.proof.sawFailures = 1
	s.judge()
	require.Equal(t, "nothing succeeded after the last failure", s.Reasons["Progress"])
	s.Failure, s.hung = "hangs", true
	s.judge()
	require.Equal(t, "unknown", s.Verdicts["Progress"])
	require.False(t, s.Passed)
}
