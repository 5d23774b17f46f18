// The commands around the go command: whose flags are whose, what help says, and which exit codes come back.

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// instrumented runs one of the commands under a root of the test's own and returns what it did.
func instrumented(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	needsBuilds(t)
	code = -1
	exitProcess = func(c int) { code = c }
	t.Cleanup(func() { exitProcess = os.Exit })
	root := &cobra.Command{Use: "racewindow"}
	root.AddCommand(instrumentCommands()...)
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	require.NoError(t, root.ExecuteContext(context.Background()))
	return code, out.String(), errs.String()
}

func TestInstrumentHelpNamesEveryFlagAndExitCode(t *testing.T) {
	for _, verb := range []string{"test", "build", "run"} {
		_, out, _ := instrumented(t, verb, "-race", "--help")
		for _, word := range []string{"go " + verb, "--include MODULE", "--plant FILE", "--strip", "--help", "Exit codes: that of go " + verb, "Usage:", "Examples:"} {
			require.Contains(t, out, word, verb)
		}
		for _, line := range strings.Split(out, "\n") {
			require.LessOrEqual(t, len([]rune(line)), 110, line)
		}
	}
}

func TestInstrumentWrongCallsEndWithTwo(t *testing.T) {
	for _, args := range [][]string{
		{"build", "--include"},
		{"build", "--strip=x"},
		{"test", "--plant"},
		{"run", "--plant", "nowhere.patch", "."},
		{"run", "example.com/tool@latest"},
		{"test", "./...", "-timeout"},
		{"test", "-C", "/nowhere", "./..."},
	} {
		code, _, stderr := instrumented(t, args...)
		require.Equal(t, 2, code, "%v: %s", args, stderr)
		require.True(t, strings.HasPrefix(stderr, "racewindow "+args[0]+": "), stderr)
	}
}

func TestInstrumentPassesTheExitCodeOfGoThrough(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	write("a_test.go", "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { t.Error(\"fails\") }\n")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	code, stdout, stderr := instrumented(t, "test", "-C", dir, ".")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "fails")
	require.Contains(t, stderr, "nothing to instrument")
	code, _, stderr = instrumented(t, "test", "-C", dir, "-run=None", ".")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stderr, `racewindow test: no test ran: -run "None" matches none of 1 in . (1 package)`)
}

// What racewindow build makes is for use: it has the ordinary runtime, which starts without a driver.
func TestABuildHasTheOrdinaryRuntime(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { println(\"it starts\") }\n"), 0o644))
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	binary := filepath.Join(dir, "m")
	code, _, stderr := instrumented(t, "build", "-C", dir, "-o", binary, ".")
	require.Zero(t, code, stderr)
	said, err := exec.Command(binary).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "it starts\n", string(said))
	content, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.NotContains(t, string(content), "racewindow's runtime")
}
