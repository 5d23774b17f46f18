package results

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A TestJSON writes the stream that go test -json writes (cmd/test2json), for its readers: gotestsum, editors, CIs. Several
// goroutines may use it at once.
type TestJSON struct {
	mu     sync.Mutex
	w      io.Writer
	now    func() time.Time
	failed error
	began  map[string]time.Time // by package
	bad    map[string]bool
}

// NewTestJSON writes to w.
func NewTestJSON(w io.Writer) *TestJSON {
	return &TestJSON{w: w, now: time.Now, began: map[string]time.Time{}, bad: map[string]bool{}}
}

// A testEvent is an event of cmd/test2json.
type testEvent struct {
	Time    time.Time
	Action  string
	Package string   `json:",omitempty"`
	Test    string   `json:",omitempty"`
	Elapsed *float64 `json:",omitempty"`
	Output  string   `json:",omitempty"`
}

func (t *TestJSON) send(e testEvent) {
	e.Time = t.now()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = t.w.Write(append(line, '\n'))
	}
	if t.failed == nil {
		t.failed = err
	}
}

// Began writes that a package's tests begin.
func (t *TestJSON) Began(pkg string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, twice := t.began[pkg]; twice {
		return
	}
	t.began[pkg] = t.now()
	t.send(testEvent{Action: "start", Package: pkg})
}

// TestBegan writes that a test begins.
func (t *TestJSON) TestBegan(pkg, test string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.send(testEvent{Action: "run", Package: pkg, Test: test})
	t.output(pkg, test, "=== RUN   "+test+"\n")
}

// Output writes output of a package, or of one of its tests.
func (t *TestJSON) Output(pkg, test, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.output(pkg, test, text)
}

func (t *TestJSON) output(pkg, test, text string) {
	for line := range strings.Lines(text) {
		t.send(testEvent{Action: "output", Package: pkg, Test: test, Output: line})
	}
}

// TestEnded writes the result of a test. Its output must have been written before.
func (t *TestJSON) TestEnded(r *Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	word := map[Outcome]string{Pass: "PASS", Fail: "FAIL", Skip: "SKIP"}[r.Outcome]
	seconds := r.Elapsed.Seconds()
	t.output(r.Package, r.Test, "--- "+word+": "+r.Test+" ("+strconv.FormatFloat(seconds, 'f', 2, 64)+"s)\n")
	t.send(testEvent{Action: string(r.Outcome), Package: r.Package, Test: r.Test, Elapsed: &seconds})
	t.bad[r.Package] = t.bad[r.Package] || r.Outcome == Fail
}

// Ended writes that a package's tests are over. problem says why they could not all run, "" if they did.
func (t *TestJSON) Ended(pkg, problem string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	began, known := t.began[pkg]
	if !known {
		return
	}
	delete(t.began, pkg)
	seconds := t.now().Sub(began).Seconds()
	outcome, word := Pass, "ok  \t"
	if t.bad[pkg] || problem != "" {
		outcome, word = Fail, "FAIL\t"
	}
	if problem != "" {
		t.output(pkg, "", strings.TrimRight(problem, "\n")+"\n")
	}
	t.output(pkg, "", word+pkg+"\t"+strconv.FormatFloat(seconds, 'f', 3, 64)+"s\n")
	t.send(testEvent{Action: string(outcome), Package: pkg, Elapsed: &seconds})
}

// Err is the first error of writing.
func (t *TestJSON) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

func itoa(n int) string { return strconv.Itoa(n) }
