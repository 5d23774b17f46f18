package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/object"
)

// stressed makes a Check carry out an order to stress, and returns its events except those about progress.
func stressed[T any](t *testing.T, s Subject[T], change func(*drive.Order)) (all []drive.Event, text string) {
	t.Helper()
	return ordered(t, "TestBalance", s, change)
}

// ordered is stressed for the first Check of a test with that name.
func ordered[T any](t *testing.T, test string, s Subject[T], change func(*drive.Order)) (all []drive.Event, text string) {
	t.Helper()
	events := filepath.Join(t.TempDir(), "events")
	order := &drive.Order{
		Version: drive.Version, Mode: drive.Stress, Events: events, Seed: 1, Goroutines: 300, OperationsInAll: 6_000, Programs: 20,
		Threads: 3, Operations: 3, Delay: 0.1, Again: " --goroutines 300",
	}
	if change != nil {
		change(order)
	}
	text, _ = record(t, func(tb testing.TB) {
		tb.(*recorder).name = test
		c, err := newChecking(tb, s)
		require.NoError(t, err)
		c.nth = 1
		c.driven(order.String())
	})
	content, err := os.ReadFile(events)
	require.NoError(t, err, text)
	for line := range strings.Lines(string(content)) {
		var e drive.Event
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Event != drive.Progress {
			all = append(all, e)
		}
	}
	return all, text
}

// Not parallel: a Check keeps what it finds in the folder of its package.
func TestAStressedCheckFindsAndShowsTheSmallestCase(t *testing.T) {
	t.Chdir(t.TempDir())
	all, text := stressed(t, balances(true), nil)
	require.Len(t, all, 4, text)
	found, smaller := all[1], all[2]
	require.Equal(t, drive.Found, found.Event)
	require.Contains(t, found.Text, "FAIL Linearizability")
	require.Equal(t, drive.Smaller, smaller.Event)
	require.Contains(t, smaller.Text, "replay: racewindow replay 'v1 test=TestBalance; c")
	require.Contains(t, found.Text, "found freely after ")
	require.Contains(t, found.Text, "replay: racewindow stress -run '^TestBalance$' --goroutines 300 --seed 1\n")
	require.FileExists(t, smaller.Kept)
	require.Equal(t, 1, all[3].Code)
	require.Contains(t, all[3].Text, "violated: TestBalance: ")
}

func TestAStressedCheckThatHoldsSaysHowMuchItTried(t *testing.T) {
	t.Chdir(t.TempDir())
	all, text := stressed(t, balances(false), nil)
	require.Len(t, all, 2, text)
	require.Zero(t, all[1].Code)
	require.Contains(t, all[1].Text, "held: TestBalance: ")
	require.Contains(t, all[1].Text, "an update that is lost when another client runs in one window was caught within ")
	var r object.LoadResult
	require.NoError(t, json.Unmarshal(all[1].Summary, &r))
	require.Greater(t, r.Peak, uint64(50))
	require.NotZero(t, r.Overlapping)
}

func TestAStressedCheckRefusesAWrongOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	for message, change := range map[string]func(*drive.Order){
		"1 goroutines": func(o *drive.Order) { o.Goroutines = 1 },
		"--set: ":      func(o *drive.Order) { o.Set = map[string]string{"size": "1"} },
	} {
		all, text := stressed(t, balances(false), change)
		last := all[len(all)-1]
		require.Equal(t, drive.Refused, last.Event, text)
		require.Equal(t, 2, last.Code)
		require.Contains(t, last.Text, message)
	}
	all, text := stressed(t, balances(false), func(o *drive.Order) { o.OperationsInAll, o.NoCanary, o.Duration = 1<<60, true, 50*time.Millisecond })
	require.Equal(t, 3, all[len(all)-1].Code, text)
	require.Contains(t, all[len(all)-1].Text, "the time is over")
}

func TestAStressedCheckReportsADataRaceEachTime(t *testing.T) {
	if what := os.Getenv(childVariable); what != "" {
		all, text := stressed(t, gauges(what == "racy"), func(o *drive.Order) { o.Goroutines, o.OperationsInAll = 100, 2_000 })
		t.Log(all, text)
		return
	}
	needsDetector(t)
	t.Parallel()
	for range timesOfRaces {
		output, code := child(t, "racy")
		require.NotZero(t, code, output)
		require.Contains(t, output, "WARNING: DATA RACE")
		require.Contains(t, output, "FAIL data race")
		require.Contains(t, output, "harness.(*gauge).get")
	}
	output, code := child(t, "clean")
	require.Zero(t, code, output)
	require.NotContains(t, output, "DATA RACE")
	require.Contains(t, output, "held: TestBalance: ")
}
