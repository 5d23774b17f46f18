package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/weaken"
)

// weakly is a module with one sync that a test notices and one that none does.
func weakly(t *testing.T) string {
	t.Helper()
	needsBuilds(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/weakly\n\ngo 1.26\n",
		"file.go": "package weakly\n\ntype File interface {\n\tWrite([]byte) (int, error)\n\tSync() error\n}\n\nfunc Put(f File) error { return f.Sync() }\n\nfunc Close(f File) error {\n\treturn f.Sync()\n}\n",
		"file_test.go": "package weakly\n\nimport \"testing\"\n\ntype file struct{ synced int }\n\nfunc (f *file) Write(b []byte) (int, error) { return len(b), nil }\n\n" +
			"func (f *file) Sync() error { f.synced++; return nil }\n\nfunc TestPut(t *testing.T) {\n\tf := &file{}\n\tif Put(f); f.synced != 1 {\n\t\tt.Fatal(\"not synced\")\n\t}\n\tClose(f)\n}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	return dir
}

func TestWeakenSaysWhichTestNoticedAndWhatNoneDid(t *testing.T) {
	t.Parallel()
	dir, summary := weakly(t), filepath.Join(t.TempDir(), "summary.json")
	code, out, stderr := command(t, "test", "-C", dir, "--weaken", "--json", summary)
	require.Equal(t, exitViolated, code, stderr)
	require.Contains(t, out, "noticed  file.go:8  sync: f.Sync()\n         by TestPut in .: failed\n")
	require.Contains(t, out, "MISSED   file.go:11  sync: f.Sync()\n         tests that reach it and pass without it: 1\n         name: file.go Close: sync: f.Sync()\n")
	require.Contains(t, out, "2 places in example.com/weakly, tests of .: 1 noticed, 1 missed by every test, 0 known to change nothing")
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	var s weaken.Summary
	require.NoError(t, json.Unmarshal(text, &s))
	require.Equal(t, []int{1, 1, 2}, []int{s.Noticed, s.Missed, len(s.Results)})
	require.Equal(t, 8, s.Results[0].Line)
}

func TestKnownPlacesEndWeakenWithZeroAndNoticedOnesWithThree(t *testing.T) {
	t.Parallel()
	dir, known := weakly(t), filepath.Join(t.TempDir(), "known.txt")
	require.NoError(t, os.WriteFile(known, []byte("file.go Close: sync: f.Sync() because Put has synced it\n"), 0o666))
	code, out, stderr := command(t, "test", "--weaken", "--known="+known, "-C", dir)
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, out, "known    file.go:11  sync: f.Sync()\n         because Put has synced it\n")
	require.NoError(t, os.WriteFile(known, []byte("file.go Close: sync: f.Sync() because a\nfile.go Put: sync: f.Sync() because b\n"), 0o666))
	code, out, stderr = command(t, "test", "--weaken", "--known", known, "-C", dir)
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, out, "known, but noticed: file.go Put: sync: f.Sync(): TestPut notices it")
	require.Contains(t, stderr, "remove their entries")
}

func TestWrongCallsOfWeakenEndWithTwo(t *testing.T) {
	t.Parallel()
	dir, known := weakly(t), filepath.Join(t.TempDir(), "known.txt")
	require.NoError(t, os.WriteFile(known, []byte("file.go Gone: sync: f.Sync() because x\n"), 0o666))
	for message, args := range map[string][]string{
		"--weaken= needs a package":           {"--weaken="},
		"--known needs a value":               {"--weaken", "--known"},
		"no such file":                        {"--weaken", "--known", "nowhere"},
		"line 1: there is no place file.go G": {"--weaken", "--known", known},
		"\"soon\" for \"--budget\"":           {"--weaken", "--budget", "soon"},
		"\"-1s\"":                             {"--weaken", "--each=-1s"},
		"-c cannot be combined with":          {"--weaken", "-c"},
		"-cover cannot be combined with":      {"-cover", "--weaken"},
		"--plant and --strip cannot be":       {"--weaken", "--strip"},
		"--json: ":                            {"--weaken", "--json", "/nowhere/x.json"},
	} {
		code, _, stderr := command(t, append([]string{"test", "-C", dir}, args...)...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, message)
		require.Contains(t, stderr, "See 'racewindow test --help'")
	}
}

func TestWeakenAfterTheArgumentsOfTheTestsIsTheirs(t *testing.T) {
	t.Parallel()
	require.True(t, weakens([]string{"-race", "--weaken=./x", "./..."}))
	require.False(t, weakens([]string{"./...", "-args", "--weaken"}))
	require.False(t, weakens([]string{"--weakens"}))
}

func TestWithoutAnythingToWeakenTheRunFails(t *testing.T) {
	t.Parallel()
	dir := weakly(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file.go"), []byte("package weakly\n\nfunc Put(any) {}\n\nfunc Close(any) {}\n"), 0o666))
	code, _, stderr := command(t, "test", "--weaken", "-C", dir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "nothing to weaken in .: no sync, no comparison of a checksum")
}
