package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/plain"
)

// elsewhereVariable makes the command find itself in a place where the runtime with hooks cannot be had.
const elsewhereVariable = "RACEWINDOW_TEST_ELSEWHERE"

func placeWithoutRuntime() {
	if why := os.Getenv(elsewhereVariable); why != "" {
		openSession = func(context.Context, string, []string) (*plain.Session, error) {
			return nil, &runtime.UnsupportedError{Why: why}
		}
	}
}

// withoutRuntime makes this such a place, in a folder with a module of one test.
func withoutRuntime(t *testing.T, body string) {
	t.Helper()
	needsBuilds(t)
	t.Setenv(elsewhereVariable, "racewindow's runtime is made for linux/amd64, and this builds for plan9/mips")
	t.Setenv("CGO_ENABLED", "0") // without the race detector, which would have the standard library built once more
	t.Setenv("GOFLAGS", "")
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("go.mod", []byte("module example.com/free\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.Mkdir("part", 0o755))
	require.NoError(t, os.WriteFile("part/part_test.go", []byte("package part\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { "+body+" }\n"), 0o644))
	t.Chdir("part")
}

func TestWithoutTheRuntimePlainTestsRunFreeAndThatIsNoVerdict(t *testing.T) {
	withoutRuntime(t, "")
	code, stdout, stderr := command(t, "explore", "-short", ".")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, "plain tests: mechanism free-running, without -race, not explored, 1 of them: racewindow's runtime is made for linux/amd64")
	require.Contains(t, stdout, "ok  \texample.com/free/part")
	require.Contains(t, stderr, "plain tests cannot be explored here: racewindow's runtime is made for linux/amd64, and this builds for plan9/mips; --unjudged=ok")
	code, stdout, stderr = command(t, "explore", "--unjudged=ok", ".")
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, stdout, "ok  \texample.com/free/part")
}

func TestWhatFailsWithoutTheRuntimeIsFound(t *testing.T) {
	withoutRuntime(t, `t.Error("wrong")`)
	code, stdout, stderr := command(t, "explore", ".")
	require.Equal(t, exitViolated, code, stderr)
	require.Contains(t, stdout, "part_test.go:5: wrong")
	require.Contains(t, stderr, "tests failed, which ran free and were not explored")
}

func TestWithoutTheRuntimeAContainersCommandLineReplays(t *testing.T) {
	withoutRuntime(t, "")
	code, _, stderr := command(t, "replay", "v1 test=TestA", ".")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "the schedule of a plain test cannot be replayed here: racewindow's runtime is made for linux/amd64")
	at, err := os.Getwd()
	require.NoError(t, err)
	require.Contains(t, stderr, "in a container: docker run --rm --platform linux/amd64 -v '"+filepath.Dir(at)+":/module' -v racewindow-cache:/root/.cache -w /module/part golang:1.27 go run github.com/racewindow/racewindow/harness/cmd/racewindow@")
}

func TestTestsForAnotherPlatformDoNotEvenRun(t *testing.T) {
	withoutRuntime(t, "")
	t.Setenv("GOOS", "plan9")
	t.Setenv("GOARCH", "386")
	code, stdout, _ := command(t, "explore", ".")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, "plain tests: mechanism none, not explored, 1 of them")
	require.NotContains(t, stdout, "example.com/free/part")
}
