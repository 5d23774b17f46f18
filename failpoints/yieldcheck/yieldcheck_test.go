package yieldcheck_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/racewindow/racewindow/failpoints/yieldcheck"
)

// Every line of a package under testdata that must be reported says so; no other line may be reported.

// needsGo skips a test in short runs, because the go command loads packages for it.
func needsGo(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("loads packages with the go command; tests without -short do, as make test does")
	}
}

func check(t *testing.T, name string) {
	t.Helper()
	needsGo(t)
	analysistest.Run(t, analysistest.TestData(), yieldcheck.Analyzer, name)
}

func TestEveryKindOfOperationNeedsAPoint(t *testing.T) { check(t, "operations") }

func TestAPointCoversTheOperationAfterIt(t *testing.T) { check(t, "points") }

func TestAPointMustStandOnEveryPath(t *testing.T) { check(t, "flow") }

func TestAnEscapeExcusesWhatItStandsForAndNothingElse(t *testing.T) { check(t, "escapes") }

func TestACommentWithoutAReasonOrAPlaceIsReported(t *testing.T) { check(t, "wrong") }

func TestTypesOfOtherPackagesAreNamedByAFlag(t *testing.T) {
	require.NoError(t, yieldcheck.Analyzer.Flags.Set("shared", "vfs.File"))
	t.Cleanup(func() { require.NoError(t, yieldcheck.Analyzer.Flags.Set("shared", "")) })
	check(t, "flagged")
}

// build builds the command.
func build(t *testing.T) string {
	t.Helper()
	needsGo(t)
	tool := filepath.Join(t.TempDir(), "yieldcheck")
	out, err := exec.Command("go", "build", "-o", tool, "./cmd/yieldcheck").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return tool
}

// An exploration of the engine is complete only if this holds. If one of its points is removed, it does not.
func TestTheEngineHasAPointBeforeEveryOperation(t *testing.T) {
	t.Parallel()
	tool, storage := build(t), filepath.Join("..", "..", "storage")
	const shared = "-shared=github.com/racewindow/racewindow/storage/disk.Disk,github.com/racewindow/racewindow/storage/disk.File"
	cmd := exec.Command(tool, shared, "-test=false", ".")
	cmd.Dir = storage
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	for file, without := range map[string]string{
		"handover_snapshot.go": "\tfailpoint.InjectCall(\"read/committed-loaded\", ctx)\n",
		"flush.go":             "\tfailpoint.InjectCall(\"flush/notify\", ctx)\n",
		"tail_metadata.go":     "\tfailpoint.InjectCall(\"read/files-bounded\", ctx)\n",
	} {
		path, err := filepath.Abs(filepath.Join(storage, file))
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), without)
		dir := t.TempDir()
		changed := filepath.Join(dir, "changed.go")
		require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), without, "", 1)), 0o644))
		overlay := filepath.Join(dir, "overlay.json")
		require.NoError(t, os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, path, changed), 0o644))
		cmd := exec.Command("go", "vet", "-overlay", overlay, "-vettool="+tool, shared, ".")
		cmd.Dir = storage
		out, err := cmd.CombinedOutput()
		require.Error(t, err, "%s without %s", file, without)
		require.Contains(t, string(out), "no failpoint before", "%s without %s", file, without)
	}
}

// The command serves by itself and under go vet, and ends with an error where it has found something.
func TestTheCommandRunsAloneAndUnderGoVet(t *testing.T) {
	t.Parallel()
	tool, dir := build(t), t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	for excuse, clean := range map[string]bool{"": false, "//racewindow:atomic because it is a test\n": true} {
		write("m.go", "package m\n\nimport \"sync/atomic\"\n\n"+excuse+"func F(n *atomic.Int64) { n.Load() }\n")
		for _, command := range [][]string{{tool, "./..."}, {"go", "vet", "-vettool=" + tool, "./..."}} {
			cmd := exec.Command(command[0], command[1:]...)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
			out, err := cmd.CombinedOutput()
			require.Equal(t, clean, err == nil, "%v: %s", command, out)
			if !clean {
				require.Contains(t, string(out), "m.go:5:33: no failpoint before n.Load (an atomic operation) on some path", "%v", command)
			}
		}
	}
}
