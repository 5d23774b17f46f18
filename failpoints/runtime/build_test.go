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
		link, err := tool.Reached(cache)
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
		used, err := Toolchain{Root: root, Version: "go1.26.8", ModuleCache: modules}.Reached(Cache{t.TempDir()})
		require.NoError(t, err)
		require.Equal(t, root, used)
	}
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

func TestVetSeesTheFilesOfThePatch(t *testing.T) {
	t.Parallel()
	tool, err := Find(t.Context(), os.TempDir(), os.Environ())
	require.NoError(t, err)
	vet := func(body string) error {
		b := Build{
			Toolchain: tool, Cache: Cache{t.TempDir()}, Dir: filepath.Join(tool.Root, "src"), Package: "internal/goversion",
			Patch: &Patch{Files: map[string][]byte{"internal/goversion/vetted.go": []byte("package goversion\n\nfunc change(x int) int {\n\t" + body + "\n\treturn x\n}\n")}},
		}
		return b.Vet(t.Context())
	}
	require.NoError(t, vet("x++"))
	var wrong *BuildError
	require.ErrorAs(t, vet("x = x"), &wrong)
	require.Contains(t, wrong.Said, "self-assignment of x")
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

func TestTheRaceDetectorIsAskedForInFlagsAndInGOFLAGS(t *testing.T) {
	t.Parallel()
	for _, asked := range []struct {
		goflags string
		flags   []string
		race    bool
	}{
		{"", nil, false},
		{"-mod=mod -race", nil, true},
		{"-race", []string{"--race=false"}, false},
		{"-race=false", []string{"-tags=race", "-race"}, true},
	} {
		require.Equal(t, asked.race, Toolchain{Flags: asked.goflags}.Race(asked.flags), asked)
	}
}
