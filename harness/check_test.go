package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
)

const thisPackage = "github.com/racewindow/racewindow/harness"

// Register, rather than a marker, so that these tests need no instrumented build.
var loaded = failpoints.Register(thisPackage, "balance/loaded", failpoints.KindYield, "check_test.go", 1)

// A balance adds in two steps, with a lock around both or only around each.
type balance struct {
	mu    sync.Mutex
	n     int
	wrong bool
}

var balanceLock = failpoints.WaitPoint(thisPackage, "balance/lock")

func (b *balance) add(ctx context.Context, n int) {
	failpoints.Lock(ctx, balanceLock, &b.mu)
	defer b.mu.Unlock()
	now := b.n
	if b.wrong {
		b.mu.Unlock()
	}
	failpoints.Yield(ctx, loaded)
	if b.wrong {
		failpoints.Lock(ctx, balanceLock, &b.mu)
	}
	b.n = now + n
}

func (b *balance) get(ctx context.Context) int {
	failpoints.Lock(ctx, balanceLock, &b.mu)
	defer b.mu.Unlock()
	return b.n
}

func balances(wrong bool) Subject[*balance] {
	return Subject[*balance]{
		Open: func(context.Context, Env) (*balance, error) { return &balance{wrong: wrong}, nil },
		Ops:  Ops{"add": (*balance).add, "get": (*balance).get},
	}
}

// A recorder is a test that only records what it is told.
type recorder struct {
	testing.TB
	name   string
	failed bool
	texts  []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Name() string             { return r.name }
func (r *recorder) Failed() bool             { return r.failed }
func (r *recorder) Context() context.Context { return context.Background() }
func (r *recorder) Log(args ...any)          { r.texts = append(r.texts, fmt.Sprint(args...)) }
func (r *recorder) Logf(f string, a ...any)  { r.Log(fmt.Sprintf(f, a...)) }
func (r *recorder) Error(args ...any)        { r.failed = true; r.Log(args...) }
func (r *recorder) Errorf(f string, a ...any) {
	r.Error(fmt.Sprintf(f, a...))
}
func (r *recorder) Fatal(args ...any)         { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.Fatal(fmt.Sprintf(f, a...)) }

// record runs a check of a subject as another test, in its own folder.
func record(t *testing.T, do func(tb testing.TB)) (texts string, failed bool) {
	t.Helper()
	r := &recorder{name: "TestBalance"}
	done := make(chan struct{})
	go func() { defer close(done); do(r) }()
	<-done
	return strings.Join(r.texts, "\n"), r.failed
}

// Not parallel: a Check keeps what it finds in the folder of its package.
func TestACheckFindsKeepsAndRepeatsWhatItFound(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	text, failed := record(t, func(tb testing.TB) { Check(tb, balances(true)) })
	require.True(t, failed, text)
	require.Contains(t, text, "FAIL Linearizability")
	require.Contains(t, text, "replay: racewindow replay 'v1 test=TestBalance; c")
	files, err := filepath.Glob("testdata/racewindow/TestBalance/*.case")
	require.NoError(t, err)
	require.Len(t, files, 1)

	const another = "v1 test=TestBalance; c0: add(7), get(); c1: add(8); @ c0@balance/loaded#1>c1"
	require.NoError(t, os.WriteFile(files[0], []byte(another), 0o644))
	text, failed = record(t, func(tb testing.TB) { Check(tb, balances(true)) })
	require.True(t, failed, text)
	require.Equal(t, 1, strings.Count(text, "FAIL "), "one bug is one finding, whatever it is called with: %s", text)
	require.Contains(t, text, "this case shows the same bug again: v1 test=TestBalance; c")
	again, err := filepath.Glob("testdata/racewindow/TestBalance/*.case")
	require.NoError(t, err)
	require.Equal(t, files, again, "and it is kept once")

	text, failed = record(t, func(tb testing.TB) { Check(tb, balances(false)) })
	require.False(t, failed, text)
	require.Contains(t, text, "the kept case "+files[0]+" holds now")
	require.Contains(t, text, "to explore further: racewindow explore -run '^TestBalance$'")

	const gone = "v1 test=TestBalance; c0: add(1); c1: add(2), get(); @ c0@balance/loaded#7>c1"
	require.NoError(t, os.WriteFile(files[0], []byte(gone), 0o644))
	text, failed = record(t, func(tb testing.TB) { Check(tb, balances(false)) })
	require.False(t, failed, text)
	require.Contains(t, text, "c0@balance/loaded#7")
	require.Contains(t, text, "schedules of its program hold: it may be removed")
	text, failed = record(t, func(tb testing.TB) { c, _ := newChecking(tb, balances(true)); c.saved() })
	require.True(t, failed, text)
	require.Contains(t, text, "FAIL Linearizability")
	require.Contains(t, text, "it was found in the program of the kept case "+files[0])
	for _, file := range func() []string { all, _ := filepath.Glob("testdata/racewindow/TestBalance/*.case"); return all }() {
		require.NoError(t, os.Remove(file))
	}

	require.NoError(t, os.WriteFile(files[0], []byte("v1 test=TestBalance; c0: subtract(1)"), 0o644))
	text, failed = record(t, func(tb testing.TB) { Check(tb, balances(false)) })
	require.True(t, failed)
	require.Contains(t, text, "cannot be executed: ")
	require.Contains(t, text, `no operation is called "subtract": use add, get`)
}

func TestACheckIsDrivenByOrders(t *testing.T) {
	t.Chdir(t.TempDir())
	events := filepath.Join(t.TempDir(), "events")
	drivenBy := func(s Subject[*balance], change func(*drive.Order)) (all []drive.Event, text string) {
		_ = os.Remove(events)
		order := &drive.Order{Version: drive.Version, Mode: drive.Explore, Events: events, Schedules: 3000, Seed: 1, Threads: 3, Operations: 3, PerProgram: 100}
		change(order)
		text, _ = record(t, func(tb testing.TB) {
			o, err := newChecking(tb, s)
			require.NoError(t, err)
			o.driven(order.String())
		})
		content, err := os.ReadFile(events)
		require.NoError(t, err, text)
		for line := range strings.Lines(string(content)) {
			var e drive.Event
			require.NoError(t, json.Unmarshal([]byte(line), &e))
			all = append(all, e)
		}
		return all, text
	}
	all, text := drivenBy(balances(true), func(*drive.Order) {})
	require.Equal(t, drive.Began, all[0].Event)
	found := all[len(all)-2]
	require.Equal(t, drive.Found, found.Event, text)
	require.Contains(t, found.Text, "FAIL Linearizability")
	require.Contains(t, string(found.Report), `"schema"`)
	require.Equal(t, 1, all[len(all)-1].Code)

	all, text = drivenBy(balances(true), func(o *drive.Order) { o.Mode, o.Case, o.Times = drive.Replay, found.Case, 20 })
	require.Contains(t, all[len(all)-1].Text, "failed 20 of 20 times", text)

	all, _ = drivenBy(balances(false), func(o *drive.Order) { o.Mode, o.Case, o.Times = drive.Replay, "v1 test=TestBalance; c0: add(1)", 3 })
	require.Equal(t, "held 3 of 3 times: v1 test=TestBalance; c0: add(1)", all[len(all)-1].Text)

	all, text = drivenBy(balances(false), func(o *drive.Order) {
		o.Program, o.Exhaustive, o.Strategy, o.Preemptions = "c0: add(1), get(); c1: add(2)", true, "bounded", 2
	})
	last := all[len(all)-1]
	require.Equal(t, drive.Ended, last.Event, text)
	require.Zero(t, last.Code, last.Text)
	require.Contains(t, last.Text, "no violation in all")
	require.Contains(t, last.Text, "undeclared: 2 of 2 points (balance/loaded, balance/lock): each conflicts with every other")
	var summary explore.Summary
	require.NoError(t, json.Unmarshal(last.Summary, &summary))
	require.Equal(t, []string{"balance/loaded", "balance/lock"}, summary.Statistics.Undeclared)
	for _, p := range summary.Statistics.Points {
		require.Contains(t, summary.Statistics.Undeclared, p.Point, "no point but those of the object")
	}

	for message, change := range map[string]func(*drive.Order){
		"--program: ":           func(o *drive.Order) { o.Program = "c0: nothing()" },
		"--set: ":               func(o *drive.Order) { o.Set = map[string]string{"size": "1"} },
		`a Check cannot "jump"`: func(o *drive.Order) { o.Mode = "jump" },
		"set Op.Durable":        func(o *drive.Order) { o.Crash = "ordered"; o.Program = "c0: add(1)" },
	} {
		all, text := drivenBy(balances(false), change)
		last := all[len(all)-1]
		require.NotZero(t, last.Code, text)
		require.Contains(t, last.Text, message)
	}
}

func TestASubjectThatCannotBeIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	text, failed := record(t, func(tb testing.TB) { Check(tb, Subject[*balance]{Ops: Ops{"add": (*balance).add}}) })
	require.True(t, failed)
	require.Contains(t, text, "has no Open")
	text, _ = record(t, func(tb testing.TB) {
		s := balances(false)
		s.Ops["watch"] = func(*balance, chan int) {}
		Check(tb, s)
	})
	require.Contains(t, text, "watch")
	require.Contains(t, text, "chan")
}

func TestAPlainRunNamesTheCommandThatExplores(t *testing.T) {
	t.Chdir(t.TempDir())
	text, failed := record(t, func(tb testing.TB) {
		c, err := newChecking(tb, balances(false))
		require.NoError(t, err)
		c.plain()
	})
	require.False(t, failed, text)
	require.Contains(t, text, "NOT explored: racewindow explore -run '^TestBalance$'")
}

// Without markers each program has one schedule. So nothing is explored, and a kept case with the runtime's places does not
// count as outdated.
func TestAShortExplorationOfCodeWithoutMarkersClaimsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	subject := Subject[*int]{
		Open: func(context.Context, Env) (*int, error) { return new(int), nil },
		Ops:  Ops{"add": func(*int, int) int { return 0 }},
	}
	kept := "testdata/racewindow/TestBalance/"
	require.NoError(t, os.MkdirAll(kept, 0o777))
	require.NoError(t, os.WriteFile(kept+"one.case", []byte("v1 test=TestBalance; c0: add(1); c1: add(1); @ c0@(*T).add.Lock#2>c1"), 0o644))
	require.NoError(t, os.WriteFile(kept+"two.case", []byte("v1 test=TestBalance; c0: add(1), add(2)"), 0o644))
	short := func() (string, bool) {
		return record(t, func(tb testing.TB) {
			c, err := newChecking(tb, subject)
			require.NoError(t, err)
			c.short()
		})
	}
	text, failed := short()
	require.False(t, failed, text)
	require.NotContains(t, text, "held:")
	require.NotContains(t, text, "removed")
	require.Contains(t, text, "the code has no markers, so racewindow test explores none of it")
	require.Contains(t, text, "two.case holds now")
	require.Contains(t, text, "1 kept cases were not executed: they need racewindow explore -run '^TestBalance$'")
	require.Contains(t, text, "NOT explored: racewindow explore -run '^TestBalance$'")

	t.Setenv(RequireVariable, "1")
	text, failed = short()
	require.True(t, failed, text)
	require.Contains(t, text, "the code has no markers, so this build explores nothing")
}
