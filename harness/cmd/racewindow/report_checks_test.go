package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A stranger's package: a counter that adds in two steps, with a lock around both or around neither.
const (
	strangersCounter = `package tally

import (
	"context"
	"sync/atomic"

	"github.com/pingcap/failpoint"
)

// A Tally counts.
type Tally struct{ n atomic.Int64 }

func (t *Tally) Add(ctx context.Context, n int) {
	now := t.n.Load()
	failpoint.InjectCall("loaded", ctx)
	t.n.Store(now + int64(n))
}

func (t *Tally) Get() int { return int(t.n.Load()) }
`
	strangersCheck = `package tally_test

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestTally(t *testing.T) {
	t.Run("of ints", func(t *testing.T) {
		harness.Check(t, harness.Subject[*tally.Tally]{
			Open: func(context.Context, harness.Env) (*tally.Tally, error) { return &tally.Tally{}, nil },
			Ops:  harness.Ops{"add": (*tally.Tally).Add, "get": (*tally.Tally).Get},
		})
	})
}
`
)

// strangersModule is a module that imports the harness as anybody's does. The name of its package is not that of its path.
func strangersModule(t *testing.T) (folder string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	folder = t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, "harness", "examples", name))
		require.NoError(t, err)
		text := strings.NewReplacer(
			"module github.com/racewindow/racewindow/harness/examples", "module strange.example/counting", "=> ../..", "=> "+root,
		).Replace(string(content))
		writeFile(t, folder, name, text)
	}
	writeFile(t, folder, "tally.go", strangersCounter)
	writeFile(t, folder, "tally_test.go", strangersCheck)
	return folder
}

func writeFile(t *testing.T, folder, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
}

// commandIn is command in a folder.
func commandIn(t *testing.T, folder string, args ...string) (code int, output string) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Dir, c.Env = folder, append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0", "GOFLAGS=-mod=mod")
	var all bytes.Buffer
	c.Stdout, c.Stderr = &all, &all
	_ = c.Run() // the code says how it ended
	require.NotNil(t, c.ProcessState, all.String())
	return c.ProcessState.ExitCode(), all.String()
}

// The text of the test is put into the package as it is: it compiles, fails while the bug is there, and passes when it is gone,
// also where the fix removes the place of the switch.
func TestTheGoTestOfACheckRunsInItsPackage(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := strangersModule(t)
	const found = "v1 test=TestTally/of_ints; c0: add(1), get(); c1: add(2), add(3)"
	code, output := commandIn(t, folder, "report", found, "--shrink", "--format", "json", "-o", "found.json")
	require.Equal(t, exitHeld, code, output)
	code, output = commandIn(t, folder, "report", "found.json", "--format", "gotest", "-o", "found_test.go")
	require.Equal(t, exitHeld, code, output)
	written, err := os.ReadFile(filepath.Join(folder, "found_test.go"))
	require.NoError(t, err)
	require.Contains(t, string(written), "package tally_test\n")
	require.Regexp(t, `harness.Replay\(t, TestTally, "v1 test=TestTally/of_ints; .*@ c\d@loaded#1>c\d"\)`, string(written))

	code, output = commandIn(t, folder, "test", "-run", "Case", "-v", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "FAIL Linearizability")
	_, err = os.Stat(filepath.Join(folder, "testdata"))
	require.ErrorIs(t, err, os.ErrNotExist, "it searches nothing")

	writeFile(t, folder, "tally.go", strings.NewReplacer("now := t.n.Load()\n", "", "t.n.Store(now + int64(n))", "t.n.Add(int64(n))").Replace(strangersCounter))
	code, output = commandIn(t, folder, "test", "-run", "Case", "-v", ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "holds now")

	withoutMarker := strings.NewReplacer(
		"now := t.n.Load()\n", "t.n.Add(int64(n))\n", `	failpoint.InjectCall("loaded", ctx)`, "", "	t.n.Store(now + int64(n))\n", "", `	"github.com/pingcap/failpoint"`, "",
	).Replace(strangersCounter)
	writeFile(t, folder, "tally.go", withoutMarker)
	code, output = commandIn(t, folder, "test", "-run", "Case", "-v", ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "cannot be executed any more")

	code, output = commandIn(t, folder, "explore", "--schedules", "100", "--canary=false", ".")
	require.Equal(t, exitHeld, code, "the command executes the Check, and not the test of its case: %s", output)
}

func TestTheGoTestOfTheRegistryRunsAnywhere(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := strangersModule(t)
	code, output := commandIn(t, folder, "report", "v1 scenario=registry removal=statusfirst; setup: subscribe a; m0: remove a, publish a", "--format", "gotest", "-o", "found_test.go")
	require.Equal(t, exitHeld, code, output)
	require.NoError(t, os.Remove(filepath.Join(folder, "tally.go")))
	require.NoError(t, os.Remove(filepath.Join(folder, "tally_test.go")))
	writeFile(t, folder, "doc.go", "package racewindow\n")
	code, output = commandIn(t, folder, "test", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "racewindow replay 'v1 scenario=registry removal=statusfirst; setup: subscribe a; m0: remove a, publish a'")
}
