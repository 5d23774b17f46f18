package soak

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// served is a campaign that has found something, and its page.
func served(t *testing.T) (*Soak, *httptest.Server) {
	t.Helper()
	n := 0
	kind := &scripted{name: "a", do: func(_ context.Context, spec RoundSpec) (RoundResult, error) {
		r := RoundResult{Counts: Counts{CountSchedules: 1000, CountOperations: 10}, Handover: "stale", Points: Counts{"flush/synced": 3}, Behaviour: []string{PairPrefix + "x > y"}}
		if n++; n == 2 {
			r.Found = []Found{{Class: "ReadAfterWrite/empty", Case: smallCase, Detail: "<script>alert(1)</script> missing", Count: 3, Text: "the history"}}
		}
		return r, nil
	}}
	c := settings(t, kind)
	c.NotRun = []NotRun{{"fuzz", "no <go>"}}
	s, err := Open(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Run(t.Context())
	require.NoError(t, err)
	server := httptest.NewServer(s.Handler(false))
	t.Cleanup(server.Close)
	return s, server
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

func TestThePageShowsWhatTheCampaignDid(t *testing.T) {
	t.Parallel()
	s, server := served(t)
	answer, body := get(t, server.URL+"/")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'")
	print := s.state.Open()[0].Fingerprint
	for _, word := range []string{
		`<span class="violated">violated</span>`, `<dd id="schedules">10,000 (1000/s)</dd>`, "findings/" + print + "/history.txt", "&lt;script&gt;alert(1)",
		"fuzz: no &lt;go&gt;", "<svg", "Memory: resident", smallCaseEscaped, `href="metrics"`,
	} {
		require.Contains(t, body, word)
	}
	require.NotContains(t, body, "<script>alert")
	_, part := get(t, server.URL+"/live")
	require.NotContains(t, part, "<html")
	require.Contains(t, part, `<dd id="rounds">10</dd>`)
	for path, kind := range map[string]string{"/page.css": "text/css", "/page.js": "text/javascript", "/summary.json": "application/json"} {
		answer, body := get(t, server.URL+path)
		require.Contains(t, answer.Header.Get("Content-Type"), kind)
		require.NotEmpty(t, body)
	}
	_, structured := get(t, server.URL+"/summary.json")
	var m Summary
	require.NoError(t, json.Unmarshal([]byte(structured), &m))
	require.Equal(t, SummarySchema, m.Schema)
}

const smallCaseEscaped = "w0@op#1&gt;r0"

func TestOnlyFilesOfFindingsAreServed(t *testing.T) {
	t.Parallel()
	s, server := served(t)
	f := s.state.Open()[0]
	folder := filepath.Join(s.config.Out, findingsFolder)
	answer, body := get(t, server.URL+"/findings/"+f.Fingerprint+"/history.txt")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "the history", body)
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "sandbox")
	require.Contains(t, answer.Header.Get("Content-Type"), "text/plain")

	require.NoError(t, os.WriteFile(filepath.Join(folder, f.Fingerprint, "secret.txt"), []byte("secret"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("secret"), 0o666))
	for _, path := range []string{
		"/findings/" + f.Fingerprint + "/secret.txt", "/findings/" + f.Fingerprint + "/", "/findings/" + f.Fingerprint, "/findings/", "/findings/../journal.jsonl",
		"/findings/" + f.Fingerprint + "/..%2fsecret.txt", "/findings/..%2f..%2fjournal.jsonl", "/findings/%2e%2e/journal.jsonl", "/findings/" + f.Fingerprint + "/..%2f..%2f..%2fjournal.jsonl",
		"/journal.jsonl", "/findings/00000000/history.txt", "/assets/page.html", "/findings/" + f.Fingerprint + "/history.txt%00",
	} {
		answer, body := get(t, server.URL+path)
		require.NotEqual(t, http.StatusOK, answer.StatusCode, path)
		require.NotContains(t, body, "secret", path)
		require.NotContains(t, body, "crc32c", path)
	}
	// A link that leads out of the folder, in the place of a file that is named.
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o666))
	require.NoError(t, os.Remove(filepath.Join(folder, f.Fingerprint, "history.txt")))
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, f.Fingerprint, "history.txt")))
	answer, body = get(t, server.URL+"/findings/"+f.Fingerprint+"/history.txt")
	require.Equal(t, http.StatusInternalServerError, answer.StatusCode)
	require.NotContains(t, body, "secret")
}

func TestThePageOnlyAnswersReadersOfThisMachine(t *testing.T) {
	t.Parallel()
	s, server := served(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/", strings.NewReader("x"))
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
	}
	for host, code := range map[string]int{"evil.example": 403, "evil.example:80": 403, "localhost:1": 200, "127.0.0.1": 200, "[::1]:99": 200, "localhost.evil.example": 403} {
		for anyHost, want := range map[bool]int{false: code, true: 200} {
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request.Host = host
			w := httptest.NewRecorder()
			s.Handler(anyHost).ServeHTTP(w, request)
			require.Equal(t, want, w.Code, host)
		}
	}
}

func TestListenIsForThisMachineUnlessAHostIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := served(t)
	url, stop, err := listen(s, ":0")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(url, "http://127.0.0.1:"), url)
	answer, _ := get(t, url)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	stop()
	_, err = http.Get(url) //nolint:bodyclose // there is none
	require.Error(t, err)
	_, _, err = listen(s, "8080")
	require.ErrorIs(t, err, ErrConfig)
}

func TestTheMetricsAreThoseOfTheCampaign(t *testing.T) {
	t.Parallel()
	s, server := served(t)
	_, body := get(t, server.URL+"/metrics")
	for _, line := range []string{
		`racewindow_soak_rounds_total{kind="a"} 10`, `racewindow_soak_done_total{kind="a",what="schedules"} 10000`, "racewindow_soak_findings 1",
		`racewindow_soak_failpoint_hits_total{failpoint="flush/synced"} 30`, "racewindow_soak_failpoint_pairs 1", "racewindow_soak_ended 1", "racewindow_soak_passed 0",
		`racewindow_soak_handover_rounds_total{handover="stale"} 10`, "racewindow_soak_resident_bytes 1.048576e+06",
		`racewindow_soak_finding_sightings_total{class="ReadAfterWrite/empty",fingerprint="` + s.state.Open()[0].Fingerprint + `"} 3`,
	} {
		require.Contains(t, body, line+"\n")
	}
}

func TestTheViewFitsATerminal(t *testing.T) {
	t.Parallel()
	s, _ := served(t)
	s.mu.Lock()
	s.ended, s.state.InProgress, s.current, s.progress = false, "x", RoundSpec{Kind: "explore", Variant: "snapshot"}, Counts{CountSchedules: 1234567, "steps": 12345678901, CountOrders: 987654}
	s.mu.Unlock()
	for _, columns := range []int{20, 40, 80, 200} {
		rows := s.Live().Rows(columns)
		require.LessOrEqual(t, len(rows), 13)
		for _, row := range rows {
			require.Less(t, utf8.RuneCountInString(row), max(columns, 40), row)
		}
	}
	text := strings.Join(s.Live().Rows(80), "\n")
	for _, word := range []string{"left of 10s", "explore/snapshot", "10,000 (1000/s)", "coverage   1 of ", "1 pairs", "1.0 MiB", "findings   1", "ReadAfterWrite/empty x3"} {
		require.Contains(t, text, word)
	}
	require.Contains(t, s.Live().Line(), "10 rounds, 10,000 schedules (1000/s), 100 operations")
}

func TestTheScreenIsDrawnOverItself(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	screen := Screen{Out: &out, Plain: true}
	screen.Draw([]string{"one", "two"}, false)
	screen.Draw([]string{"three"}, true)
	screen.Clear()
	screen.Clear()
	require.Equal(t, "one\x1b[K\ntwo\x1b[K\n\x1b[2A\r\x1b[Jthree\x1b[K\n\x1b[1A\r\x1b[J", out.String())
	out.Reset()
	screen = Screen{Out: &out}
	screen.Draw([]string{"one"}, false)
	require.Contains(t, out.String(), "\x1b[1mone\x1b[0m")
}

func TestWhatIsSaidStaysInRowsThatFit(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	screen := Screen{Out: &out, Plain: true}
	screen.Draw([]string{"one"}, false)
	screen.Say("FOUND "+strings.Repeat("word ", 40), 80)
	rows := strings.Split(strings.TrimSuffix(strings.TrimPrefix(out.String(), "one\x1b[K\n\x1b[1A\r\x1b[J"), "\n"), "\n")
	require.Len(t, rows, 3)
	for i, row := range rows {
		require.Less(t, len(row), 80)
		require.Equal(t, i > 0, strings.HasPrefix(row, "  word"), row)
	}
}

func TestTheFindingsOfTheViewStandOutWhereverTheyAre(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	(&Screen{Out: &out}).Draw([]string{"soak", "memory", "findings   1", "  the first"}, true)
	require.Contains(t, out.String(), "\nmemory\x1b[K")
	require.Contains(t, out.String(), "\x1b[31;1mfindings   1\x1b[0m")
	require.Contains(t, out.String(), "\x1b[31;1m  the first\x1b[0m")
}

func TestTheSummaryIsReadableInEveryForm(t *testing.T) {
	t.Parallel()
	s, _ := served(t)
	m, err := ReadSummary(s.config.Out)
	require.NoError(t, err)
	require.Equal(t, VerdictViolated, m.Verdict)
	for columns, most := range map[int]int{20: 60, 80: 80, 1000: 100} {
		for _, line := range strings.Split(m.TextFor(columns), "\n") {
			if !strings.Contains(line, "racewindow ") { // a command is never broken
				require.LessOrEqual(t, utf8.RuneCountInString(line), most, line)
			}
		}
	}
	require.Contains(t, m.Text(), "racewindow soak --round 'v1 kind=a variant=all number=1 seed=")
	require.Contains(t, m.Markdown(), "&lt;script&gt;")
	junit, err := m.junit()
	require.NoError(t, err)
	require.Contains(t, string(junit), `failures="1" skipped="2"`)
	require.NotContains(t, string(junit), "<script>")
	require.Equal(t, "a??b\n", printable("a\x00\x01b\n"))
	require.Equal(t, "1,234,567", grouped(1234567))
	require.Equal(t, "999", grouped(999))
	require.Equal(t, []string{"ab cd", "efg"}, wrapped("ab cd efg", 6))
	require.Equal(t, "1m30s", short(90*time.Second))
}

func listen(s *Soak, address string) (url string, stop func(), err error) {
	listener, err := Reserve(address)
	if err != nil {
		return "", nil, err
	}
	url, stop = s.Serve(listener)
	return url, stop, nil
}

func TestAnAddressThatIsTakenIsAWrongCall(t *testing.T) {
	t.Parallel()
	first, err := Reserve("127.0.0.1:0")
	require.NoError(t, err)
	defer first.Close()
	_, err = Reserve(first.Addr().String())
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "address already in use")
}
