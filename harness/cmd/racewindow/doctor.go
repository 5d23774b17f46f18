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
		Long: `Say whether 'racewindow explore' can explore plain tests here: which Go builds the packages of the current
folder, and whether its runtime can get the hooks that this needs. Each change to a file of this Go must
find its place exactly once; the first that does not is named, and nothing is built. "Untested" means that
all changes find their places, but Go's own tests were not run with these files.

Supported are ` + runtime.Supported + ` and ` + strings.Join(runtime.Minors, ", ") + `, whichever go.mod and GOTOOLCHAIN select. Elsewhere plain tests run
free under -race, which is no exploration (exit code 3). A command line for a container that can explore
them is then printed.

With --json, cache.folder and cache.key are for a CI that keeps the build cache from run to run: the key
changes when the standard library with hooks must be built again.

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
			err = errors.Join(err, fmt.Errorf("plain tests cannot be explored here; 'racewindow test' works all the same, and so do Checks of code with failpoints"))
		}
		return err
	}
	cmd.Flags().StringVar(&jsonFile, "json", "", "write the answer as JSON to `FILE` (- for standard output)")
	return cmd
}

// A diagnosis says what the Go of a folder makes possible.
type diagnosis struct {
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Root     string `json:"root"`
	// Supported is the platform and the versions of Go that the runtime with hooks is made for.
	Supported struct {
		Platform string   `json:"platform"`
		Go       []string `json:"go"`
	} `json:"supported"`
	// Mechanism is "runtime" if plain tests can be explored, and otherwise how they run instead.
	Mechanism string `json:"mechanism"`
	Why       string `json:"why,omitempty"`   // why there is no runtime with hooks
	Unfit     string `json:"unfit,omitempty"` // the change that does not find its place
	Changes   int    `json:"changes"`         // how many find their place
	Tested    bool   `json:"tested"`          // Go's own tests were run with these files
	Hash      string `json:"hash,omitempty"`  // of the files of GOROOT that are changed
	Flags     string `json:"flags,omitempty"` // why a flag in GOFLAGS is refused
	Race      bool   `json:"race"`            // the race detector works here
	Container string `json:"container,omitempty"`
	Cache     struct {
		Folder string `json:"folder"`
		Bytes  int64  `json:"bytes"`
		// Key changes when the contents of Folder become useless. It is for a CI that keeps the folder.
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
	race := "works"
	if !d.Race {
		race = "does not work: it needs cgo, a C compiler and a platform that supports it"
	}
	fmt.Fprintf(out, "race         the race detector %s\n", race)
	fmt.Fprintf(out, "build cache  %s in %s\n", inMegabytes(d.Cache.Bytes), d.Cache.Folder)
	fmt.Fprintf(out, "plain tests  racewindow explore PACKAGES\n")
}

func cleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove the build cache of the runtime with hooks",
		Long: `Remove the build cache with the standard library that 'racewindow explore' needs for plain tests, and say how large
it was. The next exploration of plain tests builds it again, which takes a minute.

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

// inMegabytes rounds up, so that a small cache is not 0 MB.
func inMegabytes(bytes int64) string { return fmt.Sprintf("%d MB", (bytes+1<<20-1)>>20) }
