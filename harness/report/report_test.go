package report

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// stress is what 10,000 goroutines once left under the race detector; nothing can reproduce it exactly.
var names = []string{"stale-empty", "stale-partial", "recheck", "fallback", "deadlock", "data-race", "stress"}

// The committed reports say what the engine does today, except for the numbers of its source lines.
func TestReportsAreWhatTheEngineDoes(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(subjects)) {
		t.Run(name, func(t *testing.T) {
			if raceEnabled && name != "deadlock" {
				t.Skip("under -race nobody looks at the engine's state: a build without it holds this")
			}
			r := timeless(subjects[name](t))
			if *rewrite {
				golden(t, "reports/"+name+".json", render(t, "json", r))
				return
			}
			require.Equal(t, withoutLines(t, load(t, name)), withoutLines(t, loaded(t, render(t, "json", r))))
		})
	}
}

func TestTextFitsEveryTerminal(t *testing.T) {
	for _, name := range names {
		for _, columns := range []int{40, 60, 80, 100} {
			var text strings.Builder
			require.NoError(t, load(t, name).WriteText(&text, columns, Palette{}))
			lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
			require.LessOrEqual(t, len(lines), 40, "%s at %d", name, columns)
			replay := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "replay: ") })
			require.True(t, replay > 0 && replay <= 10, "%s at %d: the command is in line %d", name, columns, replay+1)
			for _, line := range lines {
				wholeWord := strings.HasPrefix(line, replayIndent) && len(strings.Fields(strings.TrimSuffix(line, ` \`))) == 1 // of the command, which can be pasted
				require.True(t, utf8.RuneCountInString(line) <= columns || wholeWord, "%s at %d: %q", name, columns, line)
				require.NotContains(t, line, "\x1b")
			}
			golden(t, "golden/"+name+"."+map[int]string{40: "40", 60: "60", 80: "80", 100: "100"}[columns]+".txt", []byte(text.String()))
		}
	}
}

func TestTextOfAnyWidthStaysWithinFortyAndAHundred(t *testing.T) {
	for _, columns := range []int{-1, 0, 1, 39, 101, 4000} {
		var text strings.Builder
		require.NoError(t, load(t, "stale-empty").WriteText(&text, columns, Palette{}))
		for line := range strings.Lines(text.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), max(40, min(columns, 100)))
		}
	}
}

// The command is complete at every width: its words are not broken, and a command too long for the top is the last line.
func TestTheCommandThatReplaysIsNeverCut(t *testing.T) {
	t.Parallel()
	r := load(t, "stale-partial")
	long := "v1 scenario=log handover=stale; w0: append 1" + strings.Repeat(", flush, append 1", 100) + "; r0: read - end; @ r0@read/between-tail-records#1>w0"
	for _, replay := range []string{r.Replay, "racewindow replay '" + long + "'"} {
		r.Replay = replay
		for _, columns := range []int{40, 60, 80, 100} {
			var text strings.Builder
			require.NoError(t, r.WriteText(&text, columns, Palette{}))
			require.Contains(t, strings.Join(strings.Fields(strings.ReplaceAll(text.String(), "\\\n", "")), " "), replay, "%d columns", columns)
			require.LessOrEqual(t, strings.Count(text.String(), "\n"), 41)
		}
	}
	var text strings.Builder
	require.NoError(t, r.WriteText(&text, 80, Palette{}))
	require.Contains(t, text.String(), "replay: the last line is the command, "+strconv.Itoa(len(r.Replay))+" letters long\n")
	require.True(t, strings.HasSuffix(text.String(), "\n"+r.Replay+"\n"))
}

// An engineer who has never seen the code must be able to say which window must be made atomic.
func TestTheFirstScreenNamesTheWindow(t *testing.T) {
	for name, window := range map[string][]string{
		"stale-empty":   {"read/metadata-loaded (tail_metadata.go:", ".. tail/lock (shared_tail.go:", "of r0 must be atomic: w0 goes on in it"},
		"stale-partial": {"read/between-tail-records (shared_tail.go:", ".. tail/lock (shared_tail.go:"},
		"recheck":       {"read/rechecked (handover_recheck.go:", ".. tail/lock (shared_tail.go:"},
		"fallback":      {"it fails without any switch"},
		"deadlock":      {"transfer/to (fixture_test.go:", "what a does before and after", "must be atomic: b goes on there"},
	} {
		r := load(t, name)
		require.Len(t, r.windowTexts(), 1, name)
		for _, part := range window {
			require.Contains(t, r.windowTexts()[0], part, name)
		}
	}
}

func TestDetailSaysWhenTheMissingRecordWasWhere(t *testing.T) {
	r := load(t, "stale-empty")
	require.Regexp(t, `^missing 1\.0 \(acknowledged at step \d+, on disk since step \d+\)$`, r.Detail)
	require.Regexp(t, `^missing 1\.1 \(`, load(t, "stale-partial").Detail, "the first of the two came")
	require.Regexp(t, `in memory alone\)$`, load(t, "fallback").Detail)
}

// A reader acts on what it read from the metadata, even if that has changed since.
func TestRowsSayWhatTheReaderBelieves(t *testing.T) {
	r := load(t, "stale-empty")
	i := slices.IndexFunc(r.Run.Rows, func(row Row) bool { return row.Text == "read/metadata-loaded" })
	require.Positive(t, i)
	persisted := r.Run.field("persisted")
	require.Contains(t, r.Run.Rows[i].Learned, persisted)
	require.Equal(t, "-", r.Run.Rows[i].State[persisted])
	last := r.Run.Rows[len(r.Run.Rows)-1]
	require.Equal(t, "1.0", last.State[persisted], "by the time that it fails the file has the record")
	require.Equal(t, "(empty)", last.State[r.Run.field("tail")])
	require.Equal(t, "1.0", last.State[r.Run.field("file")])
}

func TestTheNearestPassingRunDiffersFirstAtThePreemption(t *testing.T) {
	for _, name := range []string{"stale-empty", "stale-partial", "recheck"} {
		r := load(t, name)
		require.NotNil(t, r.Passing, name)
		require.Equal(t, "passes", r.Passing.Outcome)
		require.Contains(t, r.Passing.Change, "without the preemption")
		i := slices.IndexFunc(r.Run.Rows, func(row Row) bool { return row.Kind == KindPreemption })
		require.Equal(t, r.Run.Rows[i-1].Step+1, r.Passing.Differs, name)
	}
	require.Contains(t, load(t, "fallback").Passing.Change, "the same case with hand-over snapshot")
	require.Contains(t, load(t, "deadlock").Passing.Change, "without the preemption a@transfer/to#1>b")
}

func TestEachFormatHasItsGoldenFile(t *testing.T) {
	r := load(t, "stale-empty")
	for _, f := range Formats {
		if f.Name == "porcupine" {
			continue // somebody else's page: TestPorcupineDrawsTheHistory
		}
		got := render(t, f.Name, r)
		require.Equal(t, got, render(t, f.Name, r), "%s is the same each time", f.Name)
		if f.Name == "html" { // style and script have their own files
			got = []byte(strings.NewReplacer(pageStyle, "/* page.css */", pageScript, "/* page.js */").Replace(string(got)))
			require.Contains(t, string(got), "/* page.js */")
		}
		golden(t, "golden/stale-empty"+f.Extension, got)
	}
}

func TestPagesSayWhereTheirWordsAreExplained(t *testing.T) {
	t.Parallel()
	r := load(t, "stale-empty")
	require.Contains(t, string(render(t, "html", r)), `<a href="`+Glossary+`">`)
	require.Contains(t, string(render(t, "markdown", r)), "("+Glossary+")")
}

func TestColoursAreWrittenOnlyIfAskedFor(t *testing.T) {
	var text strings.Builder
	require.NoError(t, load(t, "stale-empty").WriteText(&text, 100, ANSI))
	require.Contains(t, text.String(), ANSI.Bad+"FAIL ReadAfterWrite")
	require.Contains(t, text.String(), ANSI.Bad+"      ---- preemption")
	require.Equal(t, strings.Count(text.String(), "\x1b[0m")*2, strings.Count(text.String(), "\x1b["), "each colour ends")
}

func TestLoadRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, message := range map[string]string{
		"":   "not a report",
		"{}": "names no schema",
		`{"schema":"racewindow-report/2","verdict":"held"}`:                                                                      "use the racewindow that wrote it",
		`{"schema":"else","verdict":"held"}`:                                                                                     "not racewindow-report/1",
		`{"schema":"racewindow-report/1","verdict":"perhaps"}`:                                                                   "its verdict",
		`{"schema":"racewindow-report/1","verdict":"held","run":{"threads":["a"],"rows":[{"thread":7}]}}`:                        "thread 7",
		`{"schema":"racewindow-report/1","verdict":"held","run":{"threads":["a"],"rows":[{"thread":0,"step":4}]}}`:               "step 4",
		`{"schema":"racewindow-report/1","verdict":"held","run":{"threads":["a"],"rows":[{"thread":0,"step":1,"learned":[1]}]}}`: "learned field 1 of 0",
		`{"schema":"racewindow-report/1","verdict":"held","run":{"threads":["a"],"history":[{"thread":0,"from":9}]}}`:            "from step 9",
		`{"schema":"racewindow-report/1","verdict":"held","run":{"rows":[]},"sources":[{"from":0}]}`:                             "begins at line 0",
		`{"schema":"racewindow-report/1","verdict":"held","run":{},"passing":{"change":"x","rows":[{"thread":3}]}}`:              "passing: row 0",
	} {
		_, err := Load(strings.NewReader(text))
		require.ErrorIs(t, err, ErrNotReport, text)
		require.ErrorContains(t, err, message)
	}
}

// A case that holds has a report too: the schedule of a bug on an engine without it.
func TestACaseThatHoldsIsReportedAsSuch(t *testing.T) {
	requireInstrumented(t)
	r, err := OfCase(parse(t, "v1 scenario=log handover=snapshot; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"))
	require.NoError(t, err)
	require.Equal(t, Held, r.Verdict)
	require.Nil(t, r.Passing)
	require.Empty(t, r.Windows)
	require.Contains(t, string(render(t, "text", r)), "PASS")
	require.Contains(t, r.SecondOpinion, "porcupine agrees: an order")
	require.NotContains(t, string(render(t, "junit", r)), "<failure")
}

func TestTheSizeOfACaseNamesWhatIsInIt(t *testing.T) {
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1, flush, append 1; r0: read - end")
	require.Equal(t, "2 appends, 1 flush, 1 read, 1 preemption", Size(c, 1))
	require.Equal(t, "no operation, no preemption", Size(c.WithoutOperations(), 0))
}

func TestACaseThatCannotBeExecutedIsAnError(t *testing.T) {
	requireInstrumented(t)
	_, err := OfCase(parse(t, "v1 scenario=log handover=snapshot; w0: append 1; @ w0@flush/trimmed#1>w0"))
	require.ErrorContains(t, err, "cannot be executed as it is written")
}

// A report without a case has every format that needs none, and its texts are safe there too.
func TestAFailureThatIsOnlyToldHasAReport(t *testing.T) {
	t.Parallel()
	r := WithoutExecution("Durability/lost", "Durability", "what is flushed stays", "transaction 7 was acknowledged\nas durable and is gone \x1b[31m", "racewindow soak --round 'v1 kind=kill'", "child 3\n<script>alert(1)</script>")
	require.Equal(t, "Durability", r.Promise)
	require.Equal(t, "what is flushed stays", r.Sentence)
	for _, f := range Formats {
		var b bytes.Buffer
		err := f.Write(&b, r)
		if f.Name == "gotest" || f.Name == "porcupine" {
			require.ErrorIs(t, err, ErrNoCase, f.Name)
			continue
		}
		require.NoError(t, err, f.Name)
		require.Contains(t, b.String(), "transaction 7 was acknowledged", f.Name)
		require.NotContains(t, b.String(), "\x1b", f.Name)
		if f.Name == "html" || f.Name == "svg" || f.Name == "junit" {
			require.NotContains(t, b.String(), "<script>alert", f.Name)
		}
	}
	leak := WithoutExecution("leak", "", "", "goroutines: 100 more", "", "")
	require.Equal(t, "leak", leak.Promise)
}

func TestWhereAllWaitIsToldOnNarrowTerminalsToo(t *testing.T) {
	r := &Report{Verdict: Violated, Plain: true, Promise: "TestX: deadlock", Detail: "no thread can go on: " +
		strings.Repeat("main/TestCloseWakesAll#1 waits in TestCloseWakesAll (queue_test.go:49): sync.WaitGroup.Wait; ", 4) + "main/last#1 waits in (*Queue[...]).Take (queue.go:45)"}
	for _, columns := range []int{60, 80, 100} {
		var text strings.Builder
		require.NoError(t, r.WriteText(&text, columns, Palette{}))
		require.Contains(t, text.String(), "(queue.go:45)", "%d columns", columns)
	}
}
