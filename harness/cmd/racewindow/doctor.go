package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/plain"
)

func doctorCommand() *cobra.Command {
	var jsonFile string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether plain tests can be explored here, and why not",
		Long: `Say which Go builds the packages of the current folder, and whether the runtime with hooks can be had
with it: that is what 'racewindow explore' explores plain tests with. Each change to a file of this Go
must find its place exactly once; the first that does not is named, and nothing is built.

"Untested" says that all changes find their places, but that Go's own tests were not run with these files.
Supported are ` + runtime.Supported + ` and ` + strings.Join(runtime.Minors, ", ") + `, whichever go.mod and GOTOOLCHAIN select. Elsewhere plain tests run
free under -race, which is no exploration (exit code 3), and the line of a container is printed that has
what is missing.

With --json, cache.folder and cache.key are for a CI that keeps the build cache from run to run: the key is
another one when the standard library with hooks must be built again.

Exit codes: 0 plain tests can be explored, 2 wrong usage, 3 they cannot.`,
		Example: "  racewindow doctor\n  racewindow doctor --json -",
		Args:    noArguments,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkPlaces(cmd.Flags(), []string{"json"}, nil); err != nil {
			return err
		}
		d, err := diagnose(cmd.Context())
		if err != nil {
			return err
		}
		if jsonFile != "" {
			err = writeJSON(jsonFile, d)
		}
		if jsonFile != "-" {
			d.tell(cmd.OutOrStdout())
		}
		if d.Mechanism != "runtime" {
			err = errors.Join(err, fmt.Errorf("plain tests cannot be explored here; 'racewindow test' and what tests give to harness.Check work as ever"))
		}
		return err
	}
	cmd.Flags().StringVar(&jsonFile, "json", "", "write it as JSON to `FILE` (- for standard output)")
	return cmd
}

// A diagnosis is what can be had with the Go of a folder.
type diagnosis struct {
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Root     string `json:"root"`
	// Supported is what the runtime with hooks is made for.
	Supported struct {
		Platform string   `json:"platform"`
		Go       []string `json:"go"`
	} `json:"supported"`
	// Mechanism is runtime where plain tests can be explored, otherwise what they get instead.
	Mechanism string `json:"mechanism"`
	Why       string `json:"why,omitempty"`   // there is no runtime
	Unfit     string `json:"unfit,omitempty"` // the change that does not find its place
	Changes   int    `json:"changes"`         // that find theirs
	Tested    bool   `json:"tested"`          // Go's own tests were run with these files
	Hash      string `json:"hash,omitempty"`  // of the files of GOROOT that are changed
	Flags     string `json:"flags,omitempty"` // of GOFLAGS that are refused
	Race      bool   `json:"race"`            // the race detector can be had
	Container string `json:"container,omitempty"`
	Cache     struct {
		Folder string `json:"folder"`
		Bytes  int64  `json:"bytes"`
		// Key is another one where what lies in the folder is of no use: for a CI that keeps it.
		Key string `json:"key,omitempty"`
	} `json:"cache"`
}

func diagnose(ctx context.Context) (d diagnosis, err error) {
	tool, err := runtime.Find(ctx, "", environment.Full())
	if err != nil {
		return d, err
	}
	d.Go, d.Platform, d.Root = tool.Version, tool.OS+"/"+tool.Arch, tool.Root
	d.Supported.Platform, d.Supported.Go = runtime.Supported, runtime.Minors
	cache, err := runtime.DefaultCache()
	if err != nil {
		return d, err
	}
	d.Cache.Folder = cache.Dir
	if d.Cache.Bytes, err = cache.Size(); err != nil {
		return d, fmt.Errorf("look at the build cache: %w", err)
	}
	if _, err := runtime.TestArguments(tool.Flags, nil); err != nil {
		d.Flags = err.Error()
	}
	args, free := freeMechanism(ctx)
	d.Race = slices.Contains(args, "-race")
	patch, err := tool.Patch()
	var unsupported *runtime.UnsupportedError
	var unfit *runtime.UnfitError
	switch {
	case errors.As(err, &unfit):
		d.Unfit = unfit.Edit.Name
		fallthrough
	case errors.As(err, &unsupported):
		d.Mechanism, d.Why, d.Container = free, err.Error(), containerLine(ctx, []string{"explore", "./..."})
		return d, nil
	case err != nil:
		return d, err
	}
	d.Mechanism, d.Changes, d.Tested, d.Hash = "runtime", len(runtime.Edits(tool.Version, tool.Arch)), patch.Tested, patch.Hash
	d.Cache.Key = tool.Key(patch, plain.Driver())
	return d, nil
}

func (d diagnosis) tell(out io.Writer) {
	fmt.Fprintf(out, "go           %s %s in %s\n", d.Go, d.Platform, d.Root)
	if d.Mechanism != "runtime" {
		fmt.Fprintf(out, "runtime      none: %s\nplain tests  not explored, mechanism %s\ncontainer    %s\n", d.Why, d.Mechanism, d.Container)
		return
	}
	known := "tested with these files"
	if !d.Tested {
		known = fmt.Sprintf("untested with these files (%s): Go's own tests were not run on them", d.Hash)
	}
	fmt.Fprintf(out, "runtime      %d changes find their places; %s\n", d.Changes, known)
	if d.Flags != "" {
		fmt.Fprintf(out, "flags        %s\n", d.Flags)
	}
	race := "can be had"
	if !d.Race {
		race = "cannot be had: it needs cgo, a C compiler and a platform that has it"
	}
	fmt.Fprintf(out, "race         the race detector %s\n", race)
	fmt.Fprintf(out, "build cache  %s in %s\n", inMegabytes(d.Cache.Bytes), d.Cache.Folder)
	fmt.Fprintf(out, "plain tests  racewindow explore PACKAGES\n")
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
