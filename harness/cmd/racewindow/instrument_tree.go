// Writes the spliced sources to a folder, for build systems without -overlay.

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
)

const instrumentTreeAbout = `
racewindow instrument writes your module, with its failpoint markers spliced, to a folder that builds with go
alone: for build systems that know no -overlay, such as Bazel. Your source tree is never touched.

The folder must be empty, or not exist. It gets the whole module or workspace (without .git); test files are
spliced too. Modules from elsewhere that are spliced or replaced by a local folder go to its folder
_racewindow, where its go.mod or go.work names them. Lines keep their numbers. The folder appears complete or
not at all, after go list has found every package in it.

Without packages, all packages of the module (./...) are spliced.

  --out DIR          the folder to write, relative to that of -C if it is given
  --include MODULE   splice the markers of this dependency too; repeat for more
  --plant FILE       apply this patch; repeat for more
  --strip            leave out the markers instead of making them work; --strip-keep-api as in racewindow build
  --help             this text

Of the go command's flags, -C and those that choose files are understood: -tags, -race, -mod and the like.

Exit codes: 0 the folder was written; 2 for a wrong call; 3 when it could not be written, for example because
a marker cannot be spliced, or there is none.`

func instrumentTreeCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "instrument --out DIR [--include MODULE] [--plant FILE] [--strip] [go build flags] [packages]",
		Short:                 "Write the sources with failpoints at work to a folder that builds with go alone",
		Long:                  strings.TrimSpace(instrumentTreeAbout),
		Example:               "  racewindow instrument --out /tmp/spliced\n  cd /tmp/spliced && go test ./...",
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, help, err := overlay.Parse("instrument", args)
			switch {
			case err != nil:
				return usageError{err}
			case help:
				return cmd.Help()
			case c.Out == "":
				return usageError{errors.New("--out DIR is missing: the folder to write")}
			}
			c.Stderr, c.Env = cmd.ErrOrStderr(), environment.Full()
			markers, err := overlay.WriteTree(cmd.Context(), c, c.Out)
			if err != nil {
				return sourcesError(err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s written. %s\nBuild it with go alone: cd %s && go build ./...\n",
				c.Out, overlay.Summary(markers), c.Out)
			return err
		},
	}
}

// sourcesError makes a wrong call a usage error, and counts the problems of sources that cannot be spliced.
func sourcesError(err error) error {
	var asked *overlay.UsageError
	if errors.As(err, &asked) {
		return usageError{err}
	}
	var problems overlay.Problems
	if errors.As(err, &problems) && len(problems) > 1 {
		return fmt.Errorf("%d places cannot be instrumented:\n%w", len(problems), err)
	}
	return err
}
