package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
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
	require.Contains(t, stdout, "race         the race detector ")
}

func TestDoctorSaysTheSameAsJSON(t *testing.T) {
	t.Setenv("GOFLAGS", "-trimpath")
	code, stdout, _ := command(t, "doctor", "--json", "-")
	var d diagnosis
	require.NoError(t, json.Unmarshal([]byte(stdout), &d), stdout)
	require.Equal(t, d.Mechanism == "runtime", code == exitHeld)
	require.Equal(t, []string{"go1.25", "go1.26", "go1.27"}, d.Supported.Go)
	require.Contains(t, d.Flags, "GOFLAGS has -trimpath, which cannot be used with racewindow's runtime")
	require.NotEmpty(t, d.Cache.Folder)
	if code == exitHeld {
		require.Greater(t, d.Changes, 100)
		require.NotEmpty(t, d.Hash)
		require.Regexp(t, `^go1\.[0-9.]+-linux-amd64-[0-9a-f]{16}$`, d.Cache.Key)
	}
	t.Setenv("GOOS", "windows")
	code, stdout, _ = command(t, "doctor", "--json", "-")
	require.Equal(t, exitFailed, code)
	d = diagnosis{}
	require.NoError(t, json.Unmarshal([]byte(stdout), &d), stdout)
	require.Equal(t, "none", d.Mechanism, "nothing of windows runs here")
	require.Contains(t, d.Container, "docker run --rm --platform linux/amd64")
}

// A Go that has not the runtime that racewindow knows is refused by the name of a change, before anything is built.
func TestDoctorNamesTheChangeThatDoesNotFit(t *testing.T) {
	tool, err := runtime.Find(t.Context(), "", nil)
	require.NoError(t, err)
	_, err = tool.Patch()
	if other := (*runtime.UnsupportedError)(nil); errors.As(err, &other) {
		t.Skip(err) // another platform, or another Go
	}
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(tool.Root, "pkg"), filepath.Join(root, "pkg")))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "src", "runtime"), 0o755))
	for _, folder := range []string{"src", "src/runtime"} {
		entries, err := os.ReadDir(filepath.Join(tool.Root, folder))
		require.NoError(t, err)
		for _, e := range entries {
			if e.Name() != "runtime" && e.Name() != "proc.go" {
				require.NoError(t, os.Symlink(filepath.Join(tool.Root, folder, e.Name()), filepath.Join(root, folder, e.Name())))
			}
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "src/runtime/proc.go"), []byte("package runtime\n"), 0o644))
	t.Setenv("GOROOT", root)
	code, stdout, _ := command(t, "doctor")
	require.Equal(t, exitFailed, code)
	require.Regexp(t, `runtime      none: go1.* does not have the runtime that racewindow knows: edit "proc.go: .*" of runtime/proc.go does not fit: its anchor stands there 0 times`, stdout)
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
