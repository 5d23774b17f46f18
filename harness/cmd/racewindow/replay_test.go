package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	lost = "v1 scenario=log handover=stale; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1"
	kept = "v1 scenario=log handover=snapshot; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1"
)

func TestReplayEndsWithWhatTheCaseShows(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lost.case")
	require.NoError(t, os.WriteFile(file, []byte("# the analysed bug\n"+lost+"\n"), 0o666))
	for _, c := range []struct {
		argument, patience string
		code               int
		out, err           string
	}{
		{lost, "10m", exitViolated, "violated 3 of 3 times: " + lost, ""},
		{file, "10m", exitViolated, "transaction 1 missing", ""},
		{kept, "10m", exitHeld, "held 3 of 3 times: " + kept, ""},
		{"v1 scenario=log handover=stale; w0: append 1; ~ w0@op#1=until:flusher@flush/trimmed#1", "1s", exitFailed, "", "a delay did not come true"},
	} {
		code, stdout, stderr := command(t, "replay", c.argument, "--times", "3", "--patience", c.patience)
		require.Equal(t, c.code, code, "%s%s", stdout, stderr)
		require.Contains(t, stdout, c.out)
		require.Contains(t, stderr, c.err)
	}
}

func TestReplayOfNoCaseEndsWithTwo(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{}, {"v1 scenario=log"}, {"no-such-file"}, {lost, lost}, {lost, "--times", "0"}, {lost, "--patience", "0s"},
	} {
		code, _, stderr := command(t, append([]string{"replay"}, arguments...)...)
		require.Equal(t, exitUsage, code, "%v", arguments)
		require.Contains(t, stderr, "replay --help", "%v", arguments)
	}
}
