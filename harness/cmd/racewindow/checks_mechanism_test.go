package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// unmarkedCounter is strangersCounter without its marker and its context.
var unmarkedCounter = strings.NewReplacer(
	"\n\t\"context\"\n\t\"sync/atomic\"\n\n\t\"github.com/pingcap/failpoint\"\n", "\n\t\"sync/atomic\"\n",
	"ctx context.Context, ", "", "\tfailpoint.InjectCall(\"loaded\", ctx)\n", "",
).Replace(strangersCounter)

// unmarkedModule is strangersModule whose code has no marker. It does what the harness does for a Check only if the runtime can be had.
func unmarkedModule(t *testing.T, code string) (folder string) {
	t.Helper()
	if raceoff.Enabled {
		t.Skip("the command is the same under the race detector, and its children are built without it: once is enough")
	}
	folder = strangersModule(t)
	writeFile(t, folder, "tally.go", code)
	return folder
}

// The same Check, and the report, the token and the claims that it has with markers.
func TestTheCheckOfCodeWithoutMarkersIsExploredByTheRuntime(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, unmarkedCounter)
	code, output := commandIn(t, folder, "explore", "--seed", "1", "--schedules", "20000", "--json", "found.json", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "mechanism runtime, because the code has no markers")
	require.Regexp(t, `(?s)TestTally/of_ints: found .*it is being made smaller.*FAIL Linearizability`, output, "it is told before it is made smaller")
	require.Contains(t, output, "replayed 5 of 5 times")
	content, err := os.ReadFile(filepath.Join(folder, "found.json"))
	require.NoError(t, err)
	var told []struct{ Case string }
	require.NoError(t, json.Unmarshal(content, &told))
	require.Regexp(t, `^v1 test=TestTally/of_ints; c\d: add\(\d\)(, get\(\))?; c\d: add\(\d\)(, get\(\))?; @ c\d@\(\*Tally\)\.Add\.Store#1>c\d(, c\d@op#1>c\d)?$`, told[0].Case, "one preemption, at an operation of sync/atomic")

	code, output = commandIn(t, folder, "replay", "--times", "100", told[0].Case, ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "failed 100 of 100 times")

	fixed := strings.NewReplacer("now := t.n.Load()\n", "", "t.n.Store(now + int64(n))", "t.n.Add(int64(n))").Replace(unmarkedCounter)
	writeFile(t, folder, "tally.go", fixed)
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	code, output = commandIn(t, folder, "explore", "--seed", "1", "--program", "c0: add(1), get(); c1: add(2), get()", "--exhaustive", "--preemptions", "2", ".")
	require.Equal(t, exitHeld, code, output)
	require.Regexp(t, `no violation in all \d+ schedules`, output)
	require.Contains(t, output, "canary: a result that is dropped was found")

	code, output = commandIn(t, folder, "explore", "--race", ".")
	require.Equal(t, exitUsage, code, output)
	require.Contains(t, output, "need racewindow's runtime, because their code has no markers")
}

// A crash stands at the function of the object that was about to use the disk, and at none of the harness's own.
func TestWithoutMarkersACrashStandsAtTheObjectsOwnFunction(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, `package tally

import (
	"io"

	"github.com/racewindow/racewindow/storage/disk"
)

// A Tally keeps a number of one digit in a file.
type Tally struct{ file disk.File }

func New(d disk.Disk) (*Tally, error) {
	f, err := d.Open("tally")
	if err != nil {
		if f, err = d.Create("tally"); err == nil {
			err = d.SyncDir(".")
		}
	}
	return &Tally{f}, err
}

func (t *Tally) Set(n uint8) {
	_ = t.file.Truncate(0)
	_ = t.file.Sync() // a bug: nothing is there until the next sync
	_, _ = t.file.WriteAt([]byte{1 + n}, 0)
	_ = t.file.Sync()
}

func (t *Tally) Get() int {
	kept := []byte{0}
	if _, err := t.file.ReadAt(kept, 0); err != nil && err != io.EOF {
		panic(err)
	}
	return int(kept[0])
}
`)
	writeFile(t, folder, "tally_test.go", `package tally_test

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestKept(t *testing.T) {
	harness.Check(t, harness.Subject[*tally.Tally]{
		Open: func(_ context.Context, e harness.Env) (*tally.Tally, error) { return tally.New(e.Disk()) },
		Ops:  harness.Ops{"set": harness.Op{Do: (*tally.Tally).Set, Durable: harness.OnReturn}, "get": (*tally.Tally).Get},
	})
}
`)
	code, output := commandIn(t, folder, "explore", "--crash", "--program", "c0: set(1), set(2)", "--schedules", "100", "--seed", "1", "--json", "found.json", ".")
	require.Equal(t, exitViolated, code, output)
	content, err := os.ReadFile(filepath.Join(folder, "found.json"))
	require.NoError(t, err)
	var told []struct{ Case string }
	require.NoError(t, json.Unmarshal(content, &told))
	require.Regexp(t, `; crash c0@\(\*Tally\)\.Set\.disk#\d`, told[0].Case)
}

// What a Check does that is more than calls: it waits for what others do, starts goroutines, lets time pass, panics, and judges while
// its clients wait.
func TestAnObjectWithoutMarkersMayWaitAndStartGoroutines(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, `package tally

import (
	"sync"
	"time"
)

// A Tally waits for the first number.
type Tally struct {
	mu    sync.Mutex
	first *sync.Cond
	n     int
}

func New() *Tally {
	t := &Tally{}
	t.first = sync.NewCond(&t.mu)
	return t
}

func (t *Tally) Add(n int) {
	added := make(chan struct{})
	go func() {
		time.Sleep(time.Hour)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.n += n
		t.first.Signal() // a bug: two may wait
		close(added)
	}()
	<-added
}

func (t *Tally) Get() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.n == 0 {
		t.first.Wait()
	}
	if t.n == 7 {
		panic("seven")
	}
	return t.n
}
`)
	writeFile(t, folder, "tally_test.go", strings.Replace(strangersCheck, "return &tally.Tally{}, nil", "return tally.New(), nil", 1))
	code, output := commandIn(t, folder, "explore", "--program", "c0: add(2); c1: get(); c2: get()", "--exhaustive", "--preemptions", "2", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "FAIL Progress")
	require.Contains(t, output, "but never")

	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	for _, program := range []string{
		"c0: add(3), get(); c1: add(4)", // it panics when it is executed alone too
		"c0: get(); c1: get(), add(1)",  // both wait alone too
	} {
		code, output := commandIn(t, folder, "explore", "--program", program, "--exhaustive", "--preemptions", "1", ".")
		require.Equal(t, exitHeld, code, "%s: %s", program, output)
	}
}

// Without the tags of the search another program is built, or none.
func TestTheReplayLineOfACheckHasTheTagsOfTheSearch(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, unmarkedCounter)
	check, err := os.ReadFile(filepath.Join(folder, "tally_test.go"))
	require.NoError(t, err)
	writeFile(t, folder, "tally_test.go", "//go:build slow\n\n"+string(check))
	code, output := commandIn(t, folder, "explore", "-tags=slow", "--seed", "1", "--schedules", "20000", "--json", "found.json", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "replay: racewindow replay --build=-tags=slow 'v1 test=TestTally/of_ints; ")
	content, err := os.ReadFile(filepath.Join(folder, "found.json"))
	require.NoError(t, err)
	var told []struct{ Case string }
	require.NoError(t, json.Unmarshal(content, &told))
	code, output = commandIn(t, folder, "replay", "--build=-tags=slow", told[0].Case, ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "failed 1 of 1 times")
	code, output = commandIn(t, folder, "report", "--build=-tags=slow", told[0].Case, ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "replay: racewindow replay --build=-tags=slow 'v1 ")
}
