package runtime

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// installed is the toolchain that runs this test. Elsewhere than where the edits are made for there is nothing to fit.
func installed(t *testing.T) Toolchain {
	t.Helper()
	tool, err := Find(t.Context(), ".", nil)
	require.NoError(t, err)
	if tool.OS+"/"+tool.Arch != Supported || !slices.Contains(Minors, tool.minor()) {
		t.Skipf("the edits are made for %s on %s, this is %s on %s/%s", Minors, Supported, tool.Version, tool.OS, tool.Arch)
	}
	return tool
}

// copied is a toolchain with a GOROOT of its own that holds nothing but the files that are edited.
func copied(t *testing.T) Toolchain {
	t.Helper()
	tool := installed(t)
	root := t.TempDir()
	for _, e := range Edits(tool.Version, tool.Arch) {
		if _, ours := Added()[e.File]; ours {
			continue
		}
		content, err := os.ReadFile(filepath.Join(tool.Root, "src", e.File))
		require.NoError(t, err)
		file := filepath.Join(root, "src", e.File)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, content, 0o644))
	}
	tool.Root = root
	return tool
}

func TestEachAnchorStandsInTheInstalledGoAsOftenAsItsEditSays(t *testing.T) {
	t.Parallel()
	tool := installed(t)
	names := map[string]bool{}
	for _, e := range Edits(tool.Version, tool.Arch) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(tool.Root, "src", e.File))
			require.NoError(t, err)
			changed, found := e.apply(string(content))
			require.Equal(t, e.times(), found)
			require.NotEqual(t, string(content), changed)
			require.NotEmpty(t, e.Reason, "an edit says why it is there")
		})
		require.False(t, names[e.Name], "two edits are called %s", e.Name)
		names[e.Name] = true
	}
	require.Greater(t, len(names), 100, "the test has looked at something")
}

func TestTheFilesOfTheInstalledGoAreKnown(t *testing.T) {
	t.Parallel()
	tool := installed(t)
	p, err := tool.Patch()
	require.NoError(t, err)
	if slices.Contains(slices.Collect(maps.Values(tested)), tool.Version) {
		require.True(t, p.Tested, "hash %s: run Go's own tests on it (make runtime-tests), then add it to tested.go", p.Hash)
	}
}

func TestFilesThatNobodyHasTestedAreTold(t *testing.T) {
	t.Parallel()
	tool := copied(t)
	file := filepath.Join(tool.Root, "src/sync/cond.go")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(content, "\n// another patch release\n"...), 0o644))
	p, err := tool.Patch()
	require.NoError(t, err, "all anchors fit")
	require.False(t, p.Tested)
}

func TestAVersionThatDoesNotFitIsRefusedByTheEditsName(t *testing.T) {
	t.Parallel()
	tool := copied(t)
	file := filepath.Join(tool.Root, "src/runtime/proc.go")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(content), "func Gosched() {", "func Gosched2() {", 1)), 0o644))
	_, err = tool.Patch()
	var unfit *UnfitError
	require.ErrorAs(t, err, &unfit)
	require.Equal(t, "proc.go: Gosched", unfit.Edit.Name)
	require.ErrorContains(t, err, `edit "proc.go: Gosched" of runtime/proc.go does not fit`)

	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(content), "\nfunc Gosched() {\n", "\nfunc Gosched() {\n\nfunc Gosched() {\n", 1)), 0o644))
	_, err = tool.Patch()
	require.ErrorContains(t, err, "stands there 2 times instead of 1", "an anchor that stands twice fits nowhere")

	require.NoError(t, os.Remove(file))
	_, err = tool.Patch()
	require.ErrorContains(t, err, "there is no such file")
}

func TestTheEditsFitForTheArchitectureThatIsOnlyBuilt(t *testing.T) {
	t.Parallel()
	tool := installed(t)
	tool.Arch = "arm64"
	p, err := tool.Fit()
	require.NoError(t, err)
	require.Contains(t, string(p.Files["runtime/race_arm64.s"]), "sync∕atomic·racewindowLoadInt32")
	require.NotContains(t, p.Files, "runtime/race_amd64.s")
	_, err = tool.Patch()
	require.ErrorContains(t, err, "this builds for linux/arm64, for which it builds but was never tested")
}

func TestAnotherPlatformOrMinorVersionIsRefused(t *testing.T) {
	t.Parallel()
	tool := copied(t)
	var unsupported *UnsupportedError
	other := tool
	other.OS = "darwin"
	_, err := other.Patch()
	require.ErrorAs(t, err, &unsupported)
	require.ErrorContains(t, err, "darwin/amd64")
	for _, version := range []string{"go1.24.11", "go1.28.1", "go1.260.1", "devel go1.27-abc", "gccgo 14"} {
		other = tool
		other.Version = version
		_, err = other.Patch()
		require.ErrorAs(t, err, &unsupported, version)
		require.ErrorContains(t, err, version)
		require.ErrorContains(t, err, "made for go1.25, go1.26, go1.27")
	}
}

// An edit that is for some versions only is made for these, and another may take its place.
func TestAnEditIsMadeForTheVersionsThatItIsFor(t *testing.T) {
	t.Parallel()
	since, until := Edit{From: "go1.27"}, Edit{Before: "go1.27"}
	for version, later := range map[string]bool{"go1.25.14": false, "go1.26": false, "go1.26.8": false, "go1.27rc1": true, "go1.27": true, "go1.27.4": true} {
		require.Equal(t, later, since.meant(version, "amd64"), version)
		require.Equal(t, !later, until.meant(version, "arm64"), version)
		require.True(t, Edit{}.meant(version, "riscv64"), version)
	}
	require.True(t, Edit{Arch: "arm64"}.meant("go1.26", "arm64"))
	require.False(t, Edit{Arch: "arm64"}.meant("go1.26", "amd64"))
	for _, version := range Minors {
		names := map[string]bool{}
		for _, e := range Edits(version, "amd64") {
			require.False(t, names[e.Name], "two edits for %s are called %s", version, e.Name)
			names[e.Name] = true
		}
	}
	require.Greater(t, len(Edits("go1.27", "amd64")), len(Edits("go1.26", "amd64")))
}

func TestTheKeyOfACacheIsAnotherOneWhenAnythingIsThatTheLibraryIsBuiltFrom(t *testing.T) {
	tool := installed(t)
	patch, err := tool.Patch()
	require.NoError(t, err)
	driver := map[string][]byte{"internal/x/x.go": []byte("package x")}
	key := tool.Key(patch, driver)
	require.Equal(t, key, tool.Key(patch, maps.Clone(driver)))
	other := *patch
	other.Files = maps.Clone(patch.Files)
	other.Files["runtime/proc.go"] = append(slices.Clone(other.Files["runtime/proc.go"]), '\n')
	moved := tool
	moved.Root += "x"
	for _, differs := range []string{tool.Key(&other, driver), tool.Key(patch, map[string][]byte{"internal/x/x.go": []byte("package y")}), moved.Key(patch, driver)} {
		require.NotEqual(t, key, differs)
	}
}
