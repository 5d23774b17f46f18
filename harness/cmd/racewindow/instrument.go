// The commands that wrap the go command: racewindow test, build and run.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
)

// exitProcess is a variable for the tests.
var exitProcess = os.Exit

const instrumentAbout = `
racewindow %[1]s is go %[1]s for code with failpoints. The markers of github.com/pingcap/failpoint and the
comment markers of go.etcd.io/gofail (// gofail: var name type), which do nothing in a normal build, are
spliced into copies of the sources in a temporary folder, and the go command builds from the copies
(-overlay). Your source tree is never touched, the ordinary build cache is used, and compile errors, vet
failures, panics and race reports name your own files and lines.

Instrumented are the main module, workspace modules and modules replaced by a local folder, as far as
they belong to the packages named. In a build whose code imports github.com/racewindow/racewindow,
markers that are given a context obey the controller in that context, if it carries one:

  failpoint.InjectCall("read/metadata-loaded", ctx)                     a yield point
  failpoint.InjectContext(ctx, "flush/sync", func(v failpoint.Value)…)  a fault point

Every other marker means what pingcap's own tools make of it: failpoint.Enable, EnableCall and GO_FAILPOINTS
work. A mere line in go.mod, as "go get -tool" writes it, changes nothing.
A marker that cannot be spliced is an error that names file, line and remedy.

gofail's markers keep gofail's names, terms, GOFAIL_FAILPOINTS and GOFAIL_HTTP. Its runtime is the one that
your go.mod requires, or else %[3]s, which is brought without a change of go.mod.

A name that GO_FAILPOINTS or GOFAIL_FAILPOINTS enables and that no marker of the build has is a wrong call,
and one that failpoint.Enable enables is warned of. racewindow failpoints ./... lists the names.

Racewindow's own flags, anywhere before the program's arguments (-args, --):
  --include MODULE   splice the markers of this dependency too; repeat for more
  --plant FILE       build with this patch applied, and leave the tree alone; repeat for more (see below)
  --strip            the other direction, for production builds: no marker and no import of pingcap's
                     package is left, nor what it brings (net/http, GO_FAILPOINTS, GO_FAILPOINTS_HTTP)
  --strip-keep-api   as --strip, for code that uses pingcap's package for more than markers (HttpHandler,
                     Enable): the package becomes one of the same names that does nothing
  --verbose          say how many markers of which kind were spliced
  --help             this text

A planted bug shows whether your tests would find it. The patch is what git diff prints, with paths that
count from the module's root; make one by editing, and take the edit back:

  git diff > bug.patch && git checkout .
  racewindow test --plant bug.patch ./...

Each hunk must fit at exactly one place of its file, wherever that is by now. One that fits nowhere or
twice is an error, and so is a file that the build does not contain. Planted lines are called by their
place in the patch in panics, compile errors and reports; all others keep the numbers of your files.

All other flags and arguments go to go %[1]s; -C, -cover, -json, -modfile, -overlay, -race, -tags,
-toolexec and -trimpath work as usual (-cover without --plant only).%[2]s

Exit codes: that of go %[1]s; 2 for a wrong call; 3 when the sources cannot be instrumented, a patch
cannot be planted, or a test run in which no test, example, benchmark or fuzz target ran.`

// instrumentCommands are the commands that build, test and run instrumented code.
func instrumentCommands() []*cobra.Command {
	return []*cobra.Command{
		instrumentCommand("test", "[go test flags] [packages]", "Run go test with failpoints at work",
			"  racewindow test -race ./...\n  racewindow test -run TestFlush -count=10 ./storage\n"+
				"  racewindow test --include go.etcd.io/bbolt -coverprofile=cover.out ./...\n"+
				"  racewindow test --plant testdata/bugs/unsynced.patch -race ./...", ""),
		instrumentCommand("build", "[go build flags] [packages]", "Run go build with failpoints at work, or without any trace of them (--strip)",
			"  racewindow build -race -o bin/stress ./cmd/stress\n  racewindow build --strip -trimpath -o bin/server ./cmd/server", ""),
		instrumentCommand("run", "[go run flags] package [arguments]", "Run go run with failpoints at work",
			"  racewindow run ./cmd/server -listen :8080\n  racewindow run -race main.go", ""),
	}
}

func instrumentCommand(verb, arguments, short, example, more string) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " [--include MODULE] [--plant FILE] [--strip] " + arguments,
		Short:   short,
		Long:    strings.TrimSpace(fmt.Sprintf(instrumentAbout, verb, more, overlay.GofailVersion)),
		Example: example,
		// The go command's flags are its own affair; they have single dashes, which cobra takes for something else.
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		ValidArgsFunction:     completeGo,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInstrumented(cmd, verb, args)
		},
	}
}

// runInstrumented runs the go command and ends the process with its exit code.
func runInstrumented(cmd *cobra.Command, verb string, args []string) error {
	c, help, err := overlay.Parse(verb, args)
	if err != nil {
		failInstrumented(cmd.ErrOrStderr(), verb, err)
		exitProcess(overlay.ExitUsage)
		return nil
	}
	if help {
		return cmd.Help()
	}
	c.Env = environment.Full()
	c.Stdin, c.Stdout, c.Stderr = cmd.InOrStdin(), fileOf(cmd.OutOrStdout()), cmd.ErrOrStderr()
	// Run sees to signals itself: it passes on which one came, and not only that one did.
	code, err := overlay.Run(context.WithoutCancel(cmd.Context()), c)
	if err != nil {
		failInstrumented(cmd.ErrOrStderr(), verb, err)
	}
	exitProcess(code)
	return nil
}

func failInstrumented(w io.Writer, verb string, err error) {
	message := err.Error()
	var problems overlay.Problems
	if errors.As(err, &problems) {
		message = fmt.Sprintf("%d places cannot be instrumented:\n%s", len(problems), message)
		if len(problems) == 1 {
			message = problems.Error()
		}
	}
	var refused *overlay.PlantError
	if errors.As(err, &refused) && len(refused.Problems) > 1 {
		message = fmt.Sprintf("%d changes cannot be planted:\n%s", len(refused.Problems), message)
	}
	// Nothing can be done about an error stream that takes no text.
	_, _ = fmt.Fprintf(w, "racewindow %s: %s\n", verb, printable(message))
}
