package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// What a record may hold: whatever an engine under test, or its user, writes into a message appears in a report.
var hostile = map[string]string{
	"end of script":     `</script><script>alert(1)</script>`,
	"comment":           `<!-- --> <!--<script> ]]> */ -->`,
	"attribute":         `" onmouseover="alert(1)" x='`,
	"control":           "\x00\x01\x07\b\x1b[31mred\x1b[0m\x7f\r\n\t\u0085\u2028\u2029",
	"direction":         "abc\u202etxt.exe\u2066",
	"invalid":           "\xff\xfe\xc3\x28\xed\xa0\x80 ok \xf0\x9f",
	"replacement":       "\uFFFD is a character too",
	"long":              strings.Repeat("</script>\x00\xff", hostileBytes/11),
	"markdown":          "```\n# heading | `code` [a](javascript:alert(1)) <img src=x onerror=alert(1)> @user",
	"template":          "{{.}} ${1} %s %!d(MISSING) \\u003c",
	"shell":             `'; rm -rf ~; echo '`,
	"wide":              strings.Repeat("窓", 300),
	"go":                "\"; panic(1); //\n`",
	"not a character":   "\ufffe\uffff\ufdd0",
	"private and empty": "\ue000",
}

// hostileReport has the text in every place where it can get.
func hostileReport(t *testing.T, text string) *Report {
	t.Helper()
	r, err := OfSchedule(func(x *sched.Execution) {
		x.Observe(staring(text))
		x.Go("a", func(t *sched.T) {
			t.Op(text)
			failpoints.Yield(t.Context(), pointStore)
			t.Note(text)
		})
		x.Go("b", func(t *sched.T) {
			t.Op(text)
			t.Note("key " + text + " value " + text)
			t.Fail(errors.New(text))
		})
	}, sched.Schedule{{At: sched.Place{Thread: "a", Point: "transfer/from", Hit: 1}, To: "b"}}, "racewindow test "+text)
	require.NoError(t, err)
	return r
}

// staring is an observer that exposes a text.
type staring string

func (s staring) State() []sched.Field   { return []sched.Field{{Name: string(s), Value: string(s)}} }
func (s staring) Learns(string) []string { return []string{string(s)} }

func TestHostileTextStaysText(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := hostileReport(t, text)
			holdEveryFormat(t, r)
			// The same for a report from somebody else's file.
			data, err := json.Marshal(Report{
				Schema: Schema, Verdict: Violated, Promise: text, Sentence: text, Class: text, Detail: text, Case: text, Replay: text, Size: text,
				From: text, SecondOpinion: text, Stack: text, Windows: []Window{{text, text, text, text, text, text}}, Without: []Without{{What: text, Shows: text}},
				Sources: []Source{{File: text, From: 1, Lines: []string{text}}},
				Run: Run{
					Case: text, Outcome: text, Threads: []string{text}, Fields: []string{text}, History: []Interval{{Text: text, Outcome: text, From: 1}},
					Rows: []Row{{Step: 1, Kind: text, Text: text, File: text, Line: 1, Function: text, State: []string{text}, Learned: []int{0}}},
				},
				Passing: &Twin{Change: text, Run: Run{Threads: []string{text}}},
			})
			require.NoError(t, err)
			holdEveryFormat(t, loaded(t, data))
		})
	}
}

// holdEveryFormat parses the output of each format with an independent parser.
func holdEveryFormat(t *testing.T, r *Report) {
	t.Helper()
	holdText(t, r)
	holdXML(t, render(t, "junit", r), nil)
	holdXML(t, render(t, "svg", r), []string{"svg", "title", "desc", "style", "rect", "text", "line", "circle", "path"})
	var back Report
	require.NoError(t, json.Unmarshal(render(t, "json", r), &back))
	require.True(t, bytes.Equal(render(t, "json", r), render(t, "json", loaded(t, render(t, "json", r)))), "what was cleaned is clean")
	holdHTML(t, render(t, "html", r))
	holdMarkdown(t, string(render(t, "markdown", r)))
	f, err := FormatByName("gotest")
	require.NoError(t, err)
	require.ErrorIs(t, f.Write(io.Discard, r), ErrNoCase)
	r.About(log.Subject)
	require.Error(t, f.Write(io.Discard, r), "there is no case in it")
}

func holdText(t *testing.T, r *Report) {
	t.Helper()
	for _, columns := range []int{40, 60, 80, 100} {
		var text strings.Builder
		require.NoError(t, r.WriteText(&text, columns, Palette{}))
		require.True(t, utf8.ValidString(text.String()))
		lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
		if r.replayIsLong(columns) {
			require.Equal(t, r.Replay, lines[len(lines)-1])
			lines = lines[:len(lines)-1]
		}
		require.LessOrEqual(t, len(lines), 40)
		command := r.replay(columns)
		for _, line := range lines {
			ofCommand := slices.ContainsFunc(command, func(l textLine) bool { return l.whole && l.text == line })
			require.True(t, ofCommand || utf8.RuneCountInString(line) <= columns)
			for _, c := range line {
				require.True(t, c == ' ' || unicode.IsPrint(c), "%q in %q", c, line)
			}
		}
	}
}

// holdXML reads it to the end. Elements are those that are named, if any are.
func holdXML(t *testing.T, data []byte, elements []string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && elements != nil {
			require.Contains(t, elements, start.Name.Local)
			for _, a := range start.Attr {
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
			}
		}
	}
}

// holdHTML checks that a page has only elements and attributes of its own template, and that its data can be read.
func holdHTML(t *testing.T, data []byte) {
	t.Helper()
	require.True(t, utf8.Valid(data))
	own := tags(t, render(t, "html", load(t, "stale-empty")))
	scripts, content := 0, ""
	for z, inside := html.NewTokenizer(bytes.NewReader(data)), ""; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			require.ErrorIs(t, z.Err(), io.EOF)
			break
		}
		token := z.Token()
		switch kind {
		case html.CommentToken:
			t.Fatalf("a comment: %.80q", token.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			inside = ""
			for _, a := range token.Attr {
				require.True(t, own[token.Data+" "+a.Key], "an element %s with the attribute %s", token.Data, a.Key)
				if token.Data == "script" && a.Val == "application/json" {
					inside = "data"
				}
			}
			if token.Data == "script" {
				scripts++
			}
		case html.TextToken:
			if inside == "data" {
				content = token.Data
				inside = ""
			}
		}
	}
	require.Equal(t, 2, scripts)
	var back Report
	require.NoError(t, json.Unmarshal([]byte(content), &back), "%.200q", content)
}

// tags are the elements of a page with their attributes. Those that only some reports have are named.
func tags(t *testing.T, data []byte) map[string]bool {
	t.Helper()
	own := map[string]bool{"h1 class": true, "pre tabindex": true}
	for z := html.NewTokenizer(bytes.NewReader(data)); z.Next() != html.ErrorToken; {
		token := z.Token()
		for _, a := range token.Attr {
			own[token.Data+" "+a.Key] = true
		}
	}
	require.Greater(t, len(own), 20)
	return own
}

// holdMarkdown checks that outside of code blocks there is no HTML and no link but the page's own, and that each block ends.
func holdMarkdown(t *testing.T, text string) {
	t.Helper()
	fence := ""
	for _, line := range strings.Split(text, "\n") {
		switch ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]; {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
			continue
		case fence != "" && line == fence:
			fence = ""
			continue
		case fence != "":
			continue
		}
		for _, own := range []string{"<details>", "</details>", "<summary>", "</summary>", "[What the words mean](" + Glossary + ")"} {
			line = strings.ReplaceAll(line, own, "")
		}
		require.NotContains(t, line, "<")
		require.NotRegexp(t, `(^|[^\\])[\[\]]`, line)
	}
	require.Empty(t, fence, "a block of code does not end")
}

func TestTheGoTestIsGoWhateverTheReportSays(t *testing.T) {
	for name, text := range hostile {
		r := load(t, "stale-empty")
		r.Detail, r.Sentence, r.Promise = text, text, text
		r.sanitize()
		_, err := parser.ParseFile(token.NewFileSet(), "x_test.go", render(t, "gotest", r), parser.ParseComments)
		require.NoError(t, err, name)
	}
}

func FuzzCleanTextIsPrintableAndStaysAsItIs(f *testing.F) {
	for _, text := range hostile {
		f.Add(text[:min(len(text), 4000)], 100)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 64 + max(0, limit)%4096
		got := clean(text, limit)
		require.LessOrEqual(t, len(got), limit)
		require.True(t, utf8.ValidString(got))
		for _, c := range got {
			require.True(t, c == ' ' || unicode.IsPrint(c), "%q", c)
		}
		require.Equal(t, got, clean(got, limit))
	})
}
