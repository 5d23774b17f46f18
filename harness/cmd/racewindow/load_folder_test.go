package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// engineModule is a module with an engine of testdata, whose code has no markers.
func engineModule(t *testing.T, engine string) (folder string) {
	t.Helper()
	folder = unmarkedModule(t, "package tally\n")
	for from, to := range map[string]string{"engine.go": "tally.go", "engine_test.go": "tally_test.go"} {
		text, err := os.ReadFile(filepath.Join("testdata", engine, from))
		require.NoError(t, err)
		writeFile(t, folder, to, string(text))
	}
	return folder
}

// What the goroutines of the object wait for says that it never goes on. The runtime explores the program of code without markers.
func TestADeadlockUnderLoadIsAViolationWithItsSmallestCase(t *testing.T) {
	t.Parallel()
	folder := engineModule(t, "knot")
	for test, of := range map[string]struct{ mode, detail string }{
		"TestOrder": {"--crash", `never\s+returned; no\s+goroutine\s+can\s+go\s+on`},
		"TestClose": {"--race=false", `Close\s+does not return, and no client is in an operation; no goroutine can go on`},
	} {
		code, output := commandIn(t, folder, "stress", of.mode, "--run", "^"+test+"$", "--goroutines", "64", "--duration", "2m", "--grace", "24h", "--seed", "1", ".")
		require.Equal(t, exitViolated, code, output)
		require.Contains(t, output, `FAIL Progress  "an operation that can return does"`)
		require.Regexp(t, of.detail, output)
		require.Regexp(t, `(?s)program: v1 test=`+test+`.*goroutine \d+ \[sync.Mutex.Lock`, output)
		require.Regexp(t, `(?s)FAIL Progress.*FAIL Progress.*racewindow replay 'v1 test=`+test+`.*the smallest case of the same program, one thread at a time`, output)
	}
	code, output := commandIn(t, folder, "stress", "--crash", "--per-log", "1", "--run", "^TestAgain$", "--goroutines", "16", "--duration", "2m", "--seed", "1", ".")
	require.Equal(t, exitViolated, code, output)
	require.Regexp(t, `(?s)FAIL Progress.*never\s+comes\s+to\s+its\s+end.*found by opening what a loss of power under load left.*\(\*Tally\).Close`, output)
	code, output = commandIn(t, folder, "stress", "--race=false", "--run", "^TestSlow$", "--goroutines", "16", "--operations", "300", "--seed", "1", ".")
	require.Equal(t, exitHeld, code, output)
}

// A compaction begins after more operations than a program has, and after the last of them has returned.
func TestWorkAfterTheLastOperationLosesPowerUnderLoad(t *testing.T) {
	t.Parallel()
	folder := engineModule(t, "compact")
	code, output := losePower(t, folder, "--run", "^TestUnsynced$", "--duration", "2m", "--canary=false")
	require.Equal(t, exitViolated, code, output)
	require.Regexp(t, `(?s)FAIL Durability.*program: v1 test=TestUnsynced .*earlier=\d+ `, output)
	code, output = losePower(t, folder, "--run", "^TestSynced$", "--cycles", "3000", "--canary=false")
	require.Equal(t, exitHeld, code, output)
	require.Regexp(t, `[1-9]\d* losses came while an object was opened for the first time, [1-9]\d* losses came after a pause, [1-9]\d* came in objects`, output)
	require.Contains(t, output, "not tried: a loss of power after each operation of the disk in turn (racewindow crash)")
}
