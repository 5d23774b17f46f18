package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release is the newest version in CHANGELOG.md: the one that this source will be, or was, released as.
const release = "v0.1.0"

// ownModule is the path of this module.
const ownModule = "github.com/racewindow/racewindow"

func versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print which racewindow this is",
		Long: `Print which version of racewindow this is, which revision it was built from, and which Go built it. If it was built
from a checkout, and not by 'go install' of a version, the version ends with -dev.

Exit codes: 0 printed, 2 wrong usage.`,
		Example: "  racewindow version",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			printVersion(cmd.OutOrStdout(), info)
			return nil
		},
	}
	return cmd
}

// printVersion writes one line. info is nil in a binary that was built without modules.
func printVersion(w io.Writer, info *debug.BuildInfo) {
	version := moduleVersion(info)
	if version == "" {
		version = release + "-dev"
	}
	fmt.Fprintf(w, "racewindow %s%s, %s %s/%s\n", version, revision(info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// revision is the revision of a checkout, in brackets, and "" if the build does not know it.
func revision(info *debug.BuildInfo) string {
	if info == nil || info.Main.Path != ownModule {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	id := settings["vcs.revision"]
	if id == "" {
		return ""
	}
	if settings["vcs.modified"] == "true" {
		return " (" + id[:min(12, len(id))] + ", changed)"
	}
	return " (" + id[:min(12, len(id))] + ")"
}

// moduleVersion is the released version of racewindow in a build, and "" for a checkout.
func moduleVersion(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		// The version of a checkout is (devel), or one that Go makes from the revision. Nobody can fetch the latter if the
		// revision is not pushed.
		made := m == &info.Main && revision(info) != ""
		if m.Path == ownModule && strings.HasPrefix(m.Version, "v") && !made {
			return m.Version
		}
	}
	return ""
}

// ownVersion is the module version of this command, and latest for one that was built from a checkout.
func ownVersion() string {
	info, _ := debug.ReadBuildInfo()
	if version := moduleVersion(info); version != "" {
		return version
	}
	return "latest"
}
