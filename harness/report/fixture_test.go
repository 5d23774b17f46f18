package report

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// The golden files are made in two steps: testdata/reports holds reports as JSON, made by executing the engine;
// testdata/golden holds what the formats make of them. So every format is tested in every build, with and without
// failpoints.
//
//	racewindow test ./harness/report -racewindow.rewrite         writes the reports and what is made of them
//	racewindow test -race ./harness/report -racewindow.rewrite   the data race's, which needs the race detector
var rewrite = flag.Bool("racewindow.rewrite", false, "rewrite the golden files")

var (
	pointStore = failpoints.WaitPoint("example.com/bank", "transfer/from")
	pointLoad  = failpoints.WaitPoint("example.com/bank", "transfer/to")
)

// subjects make the reports of testdata/reports.
var subjects = map[string]func(t *testing.T) *Report{
	"stale-empty": shrunkFrom("v1 scenario=log handover=stale; w0: append 2, flush, append 1; r0: read - end, read last end; " +
		"@ w0@op#1>r0, r0@read/metadata-loaded#1>w0"),
	"stale-partial": shrunkFrom("v1 scenario=log handover=stale; w0: append 2, append 1, flush; r0: read - end; " +
		"@ w0@op#1>r0, r0@read/between-tail-records#1>w0"),
	"recheck": shrunkFrom("v1 scenario=log handover=recheck; w0: append 1, flush; r0: read - end; w1: append 1; " +
		"@ w0@op#1>r0, r0@read/rechecked#1>w0"),
	"fallback": shrunkFrom("v1 scenario=log handover=fallback; w0: append 2, append 1, read - 1.+, flush"),
	"deadlock": func(t *testing.T) *Report {
		requireInstrumented(t) // a lock is waited for under control in no other build
		return ofSchedule(crossedLocks, "a@transfer/to#1>b", "racewindow test -run '^TestTransfers$' -sched.replay='a@transfer/to#1>b' ./bank")(t)
	},
}

func shrunkFrom(text string) func(t *testing.T) *Report {
	return func(t *testing.T) *Report {
		requireInstrumented(t)
		c := parse(t, text)
		m, err := shrink.Minimize(context.Background(), c, shrink.Limits{})
		require.NoError(t, err)
		require.True(t, m.Minimal)
		r, err := New(m, c, 1)
		require.NoError(t, err)
		return r
	}
}

func ofSchedule(scenario sched.Scenario, schedule, command string) func(t *testing.T) *Report {
	return func(t *testing.T) *Report {
		s, err := sched.ParseSchedule(schedule)
		require.NoError(t, err)
		r, err := OfSchedule(scenario, s, command)
		require.NoError(t, err)
		return r
	}
}

// crossedLocks is the classic deadlock.
func crossedLocks(x *sched.Execution) {
	var one, two sync.Mutex
	transfer := func(from, to *sync.Mutex) func(*sched.T) {
		return func(t *sched.T) {
			t.Op("transfer")
			failpoints.Lock(t.Context(), pointStore, from)
			defer from.Unlock()
			failpoints.Lock(t.Context(), pointLoad, to)
			defer to.Unlock()
			t.Note("transferred")
		}
	}
	x.Go("a", transfer(&one, &two))
	x.Go("b", transfer(&two, &one))
}

func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

func parse(t *testing.T, text string) cases.Case {
	t.Helper()
	c, err := cases.Parse(text, cases.Only(log.Subject))
	require.NoError(t, err)
	return c
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", filepath.FromSlash(name))
	if *rewrite {
		require.NoError(t, os.WriteFile(name, got, 0o644))
		return
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "%s; if the change is meant, -racewindow.rewrite writes it anew", name)
}

// load reads a report of testdata/reports.
func load(t *testing.T, name string) *Report {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "reports", name+".json"))
	require.NoError(t, err)
	defer file.Close()
	r, err := Load(file)
	require.NoError(t, err)
	if cases.IsText(r.Case) {
		r.About(log.Subject)
	}
	return r
}

func loaded(t *testing.T, data []byte) *Report {
	t.Helper()
	r, err := Load(bytes.NewReader(data))
	require.NoError(t, err)
	return r
}

func render(t *testing.T, name string, r *Report) []byte {
	t.Helper()
	f, err := FormatByName(name)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, f.Write(&b, r))
	return b.Bytes()
}

// timeless removes what differs each time.
func timeless(r *Report) *Report {
	if r.Shrink != nil {
		r.Shrink.Took = 0
	}
	return r
}

// withoutLines removes what changes whenever somebody edits the source of the engine.
func withoutLines(t *testing.T, r *Report) *Report {
	t.Helper()
	data, err := json.Marshal(r)
	require.NoError(t, err)
	r = &Report{}
	require.NoError(t, json.Unmarshal(data, r))
	r.Sources = nil
	runs := []*Run{&r.Run}
	if r.Passing != nil {
		runs = append(runs, &r.Passing.Run)
	}
	for _, run := range runs {
		for i := range run.Rows {
			run.Rows[i].Line = 0
		}
	}
	for i := range r.Windows {
		r.Windows[i].FromSource, r.Windows[i].ToSource = "", ""
	}
	return r
}
