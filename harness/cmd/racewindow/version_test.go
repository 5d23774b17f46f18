package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// built is what a binary says of how it was made.
func built(module, version string, settings ...debug.BuildSetting) *debug.BuildInfo {
	return &debug.BuildInfo{Main: debug.Module{Path: module, Version: version}, Settings: settings}
}

func TestVersionTellsAReleaseFromACheckout(t *testing.T) {
	t.Parallel()
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	tool := built("example.com/mine", "(devel)", revision)
	tool.Deps = []*debug.Module{{Path: ownModule, Version: "v0.3.1"}}
	for _, c := range []struct {
		what string
		info *debug.BuildInfo
		says string
	}{
		{"go install of a version", built(ownModule, "v0.2.0"), "racewindow v0.2.0, go"},
		{"a tool line of another module", tool, "racewindow v0.3.1, go"},
		{"a checkout", built(ownModule, "v0.1.1-0.20261101000000-0123456789ab", revision), "racewindow " + release + "-dev (0123456789ab), go"},
		{"a checkout with changes", built(ownModule, "(devel)", revision, changed), "racewindow " + release + "-dev (0123456789ab, changed), go"},
		{"a build without a repository", built(ownModule, "(devel)"), "racewindow " + release + "-dev, go"},
		{"a build without modules", nil, "racewindow " + release + "-dev, go"},
	} {
		var out bytes.Buffer
		printVersion(&out, c.info)
		require.Contains(t, out.String(), c.says, c.what)
	}
	code, stdout, stderr := command(t, "version")
	require.Equal(t, exitHeld, code, stderr)
	require.Regexp(t, `^racewindow v\S+.*, go1\.\S+ \S+/\S+\n$`, stdout)
}

func TestTheReleaseIsTheNewestOfTheChangelog(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "CHANGELOG.md"))
	require.NoError(t, err)
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindSubmatch(page)
	require.NotNil(t, newest, "CHANGELOG.md has no version")
	require.Equal(t, release, "v"+string(newest[1]))
}
