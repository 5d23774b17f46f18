package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDoctorNamesTheGoAndWhetherItFits(t *testing.T) {
	code, stdout, stderr := command(t, "doctor")
	require.Contains(t, stdout, "go           go1.")
	if strings.Contains(stdout, "runtime      none: ") {
		require.Equal(t, exitFailed, code, "plain tests cannot be explored, and that is said")
		require.Contains(t, stderr, "plain tests cannot be explored here")
		return
	}
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, stdout, "changes find their places; ")
}

func TestDoctorRefusesAnotherPlatformByItsName(t *testing.T) {
	t.Setenv("GOOS", "darwin")
	code, stdout, _ := command(t, "doctor")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, "runtime      none: racewindow's runtime is made for linux/amd64, and this builds for darwin/")
}

func TestCleanRemovesTheCacheAndSaysHowLargeItWas(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	file := filepath.Join(home, "racewindow", "runtime", "build", "object")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, make([]byte, 3<<20), 0o600))
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	if cache != home {
		t.Skip("the folder for caches is not chosen by XDG_CACHE_HOME here")
	}
	code, stdout, stderr := command(t, "clean")
	require.Equal(t, exitHeld, code, stderr)
	require.Equal(t, "removed "+filepath.Join(home, "racewindow", "runtime")+": 3 MB\n", stdout)
	require.NoDirExists(t, filepath.Join(home, "racewindow", "runtime"))
}
