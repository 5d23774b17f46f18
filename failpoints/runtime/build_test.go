package runtime

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADownloadedToolchainIsReachedThroughALink(t *testing.T) {
	t.Parallel()
	cache, modules := Cache{t.TempDir()}, t.TempDir()
	root := filepath.Join(modules, "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64")
	require.NoError(t, os.MkdirAll(root, 0o755))
	tool := Toolchain{Root: root, Version: "go1.26.8", ModuleCache: modules}
	for range 2 { // the second time the link is there
		link, err := tool.goCommand(cache)
		require.NoError(t, err)
		require.False(t, beneath(link, modules), "the go command takes no overlay for what lies in the module cache")
		at, err := filepath.EvalSymlinks(link)
		require.NoError(t, err)
		real, err := filepath.EvalSymlinks(root)
		require.NoError(t, err)
		require.Equal(t, real, at)
	}
}

func TestAnInstalledToolchainIsUsedWhereItIs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, modules := range []string{t.TempDir(), "", filepath.Join(root, "not-there")} {
		used, err := Toolchain{Root: root, Version: "go1.26.8", ModuleCache: modules}.goCommand(Cache{t.TempDir()})
		require.NoError(t, err)
		require.Equal(t, root, used)
	}
}

func TestTheUsersFlagsAreMergedWithTheRuntimes(t *testing.T) {
	t.Parallel()
	b := Build{Package: "./a", Output: "a.test", Race: true, Flags: []string{"-gcflags=all=-N -l", "-tags=slow", "-mod=vendor"}, Toolchain: Toolchain{Flags: "-tags=fromenv -buildvcs=false"}}
	args, err := b.arguments("overlay.json")
	require.NoError(t, err)
	require.Equal(t, []string{
		"test", "-c", "-vet=off", "-o", "a.test", "-overlay=overlay.json", "-gcflags=all=-d=ssa/intrinsics/off", "-gcflags=std=",
		"-gcflags=all=-N -l -d=ssa/intrinsics/off", "-mod=vendor", "-race", "-tags=netgo,osusergo,fromenv,slow", "./a",
	}, args, "atomic operations stay points, whatever the user's flags are; GOFLAGS' other flags the go command reads itself")
}

func TestFlagsThatCannotBeHadAreRefusedByName(t *testing.T) {
	t.Parallel()
	for flag := range refusedFlags {
		_, err := Build{Flags: []string{"-" + flag}}.arguments("overlay.json")
		var refused *FlagError
		require.ErrorAs(t, err, &refused, flag)
		require.ErrorContains(t, err, "-"+flag+" cannot be had together with racewindow's runtime: ")
		_, err = Build{Toolchain: Toolchain{Flags: "-" + flag + "=x"}}.arguments("overlay.json")
		require.ErrorAs(t, err, &refused, "in GOFLAGS too")
	}
	_, err := Build{Flags: []string{"-trimpath=false"}}.arguments("overlay.json")
	require.NoError(t, err)
}

// The go command indexes nothing that was written seconds ago, and go1.26.0 then does not find packages that lie in the overlay alone.
func TestStagedFilesAreOldAndDifferentOnesDiffer(t *testing.T) {
	t.Parallel()
	b := Build{Patch: &Patch{Files: map[string][]byte{"a/a.go": []byte("package a\n")}}, Driver: map[string][]byte{"b/b.go": []byte("package b\n")}}
	var times []time.Time
	for range 2 {
		dir := t.TempDir()
		_, err := b.stage(dir, "/goroot")
		require.NoError(t, err)
		for _, name := range []string{"a/a.go", "b/b.go"} {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Less(t, info.ModTime().Year(), 2010)
			times = append(times, info.ModTime())
		}
	}
	require.Equal(t, times[:2], times[2:], "the same content has the same time")
	require.NotEqual(t, times[0], times[1])
}

func TestTheCacheIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	c := Cache{filepath.Join(t.TempDir(), "racewindow", "runtime")}
	size, err := c.Size()
	require.NoError(t, err)
	require.Zero(t, size, "there is none yet")
	require.NoError(t, c.make())
	for _, dir := range []string{c.Dir, c.build()} {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
	require.NoError(t, os.WriteFile(filepath.Join(c.build(), "object"), make([]byte, 1000), 0o600))
	size, err = c.Size()
	require.NoError(t, err)
	require.Equal(t, int64(1000), size)
	freed, err := c.Clean()
	require.NoError(t, err)
	require.Equal(t, int64(1000), freed)
	require.NoDirExists(t, c.Dir)
	_, err = c.Clean()
	require.NoError(t, err, "nothing is left to be removed")
}
