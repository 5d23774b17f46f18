package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say whether plain tests can be explored here, and why not",
		Long: `Say which Go builds the packages of the current folder, and whether the runtime with hooks can be had
with it: that is what 'racewindow explore' explores plain tests with. Each change to a file of this Go
must find its place exactly once; the first that does not is named.

"Untested" says that all changes find their places, but that Go's own tests were not run with these files.

Exit codes: 0 plain tests can be explored, 2 wrong usage, 3 they cannot.`,
		Example: "  racewindow doctor",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return diagnose(cmd, cmd.OutOrStdout())
		},
	}
}

func diagnose(cmd *cobra.Command, out io.Writer) error {
	tool, err := runtime.Find(cmd.Context(), "", environment.Full())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "go           %s %s/%s in %s\n", tool.Version, tool.OS, tool.Arch, tool.Root)
	patch, err := tool.Patch()
	var unsupported *runtime.UnsupportedError
	var unfit *runtime.UnfitError
	switch {
	case errors.As(err, &unsupported), errors.As(err, &unfit):
		fmt.Fprintf(out, "runtime      none: %v\nplain tests  not explored\n", err)
		return fmt.Errorf("plain tests cannot be explored here; 'racewindow test' and what tests give to harness.Check work as ever")
	case err != nil:
		return err
	}
	known := "tested with these files"
	if !patch.Tested {
		known = fmt.Sprintf("untested with these files (%s): Go's own tests were not run on them", patch.Hash)
	}
	fmt.Fprintf(out, "runtime      %d changes find their places; %s\n", len(runtime.Edits(tool.Version)), known)
	cache, err := runtime.DefaultCache()
	if err != nil {
		return err
	}
	size, err := cache.Size()
	if err != nil {
		return fmt.Errorf("look at the build cache: %w", err)
	}
	fmt.Fprintf(out, "build cache  %s in %s\n", inMegabytes(size), cache.Dir)
	fmt.Fprintf(out, "plain tests  racewindow explore PACKAGES\n")
	return nil
}

func cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove the build cache of the runtime with hooks",
		Long: `Remove the build cache that 'racewindow explore' keeps of the standard library with hooks, and say how much
it took. The next exploration of plain tests builds it again, which takes a minute.

Exit codes: 0 removed, 2 wrong usage, 3 it cannot be removed.`,
		Example: "  racewindow clean",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := runtime.DefaultCache()
			if err != nil {
				return err
			}
			freed, err := cache.Clean()
			if err != nil {
				return fmt.Errorf("remove the build cache: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "removed %s: %s\n", cache.Dir, inMegabytes(freed))
			return nil
		},
	}
}

// inMegabytes rounds up, so that something is never nothing.
func inMegabytes(bytes int64) string { return fmt.Sprintf("%d MB", (bytes+1<<20-1)>>20) }
