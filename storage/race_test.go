package storage

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The disk in memory must not order those who meet in its files: that would hide the races that a stress run looks for.
func TestTheDiskInMemoryHidesNoRace(t *testing.T) {
	t.Parallel()
	probe := filepath.Join(t.TempDir(), "raceprobe")
	built, err := exec.Command("go", "build", "-race", "-o", probe, "./testdata/raceprobe").CombinedOutput()
	require.NoError(t, err, "%s", built)
	for range 5 {
		out, err := exec.Command(probe, "memory").CombinedOutput()
		require.Error(t, err, "%s", out)
		require.Contains(t, string(out), "WARNING: DATA RACE")
	}
	out, err := exec.Command(probe, "locked").CombinedOutput()
	require.NoError(t, err, "the control, in which a mutex orders them: %s", out)
	out, err = exec.Command(probe, "os", t.TempDir()).CombinedOutput()
	require.NoError(t, err, "the kernel's files do order them, which is why stress prefers memory: %s", out)
}
