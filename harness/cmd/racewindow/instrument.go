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

// exitProcess is a variable so that tests can replace it.
var exitProcess = os.Exit

const instrumentAbout = `
racewindow %[1]s is go %[1]s for code with failpoints. The markers of github.com/pingcap/failpoint and the
comment markers of go.etcd.io/gofail (// gofail: var name type), which do nothing in a normal build, are
spliced into copies of the sources in a temporary folder, and the go command builds from the copies
(-overlay). Your source tree is never touched, the ordinary build cache is used, and compile errors, vet
failures, panics and race reports name your own files and lines.

The main module, workspace modules and modules replaced by a local folder are instrumented, as far as the
packages that you name need them. In a build whose code imports github.com/racewindow/racewindow, a marker
that gets a context obeys the controller in that context, if it carries one:

  failpoint.InjectCall("read/metadata-loaded", ctx)                     a yield point
  failpoint.InjectContext(ctx, "flush/sync", func(v failpoint.Value)…)  a fault point

Every other marker works as with pingcap's own tools: failpoint.Enable, EnableCall and GO_FAILPOINTS. Only an
import does this; a line in go.mod, as "go get -tool" writes it, changes nothing.
A marker that cannot be spliced is an error that names file, line and remedy.

gofail's markers keep gofail's names, terms, GOFAIL_FAILPOINTS and GOFAIL_HTTP. gofail's runtime is the one
that your go.mod requires, and otherwise %[3]s, which needs no change of go.mod.

If GO_FAILPOINTS or GOFAIL_FAILPOINTS enables a name that no marker of the build has, the call is wrong. If
failpoint.Enable does, a warning says so. racewindow failpoints ./... lists the names.

Racewindow's own flags, anywhere before the program's arguments (-args, --):
  --include MODULE   splice the markers of this dependency too; repeat for more
  --plant FILE       build with this patch applied, and leave the tree alone; repeat for more (see below)
  --strip            the opposite, for production builds: no marker and no import of pingcap's package
                     is left, nor what that brings (net/http, GO_FAILPOINTS, GO_FAILPOINTS_HTTP)
  --strip-keep-api   as --strip, for code that uses pingcap's package for more than markers (HttpHandler,
                     Enable): a package with the same names that does nothing takes its place
  --verbose          say how many markers of which kind were spliced
  --help             this text

A planted bug shows whether your tests would find it. The patch is what git diff prints, with paths from
the module's root. Make one by editing, and undo the edit:

  git diff > bug.patch && git checkout .
  racewindow test --plant bug.patch ./...

Each hunk must fit at exactly one place of its file, whatever its line numbers say. A hunk that fits nowhere
or twice is an error, and so is a file that the build does not contain. Panics, compile errors and reports
name planted lines by their place in the patch; all other lines keep the numbers of your files.

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
				"  racewindow test --plant testdata/bugs/unsynced.patch -race ./...\n"+
				"  racewindow test --weaken --known durability.txt ./...", weakenAbout),
		instrumentCommand("build", "[go build flags] [packages]", "Run go build with failpoints at work, or without any trace of them (--strip)",
			"  racewindow build -race -o bin/stress ./cmd/stress\n  racewindow build --strip -trimpath -o bin/server ./cmd/server", ""),
		instrumentCommand("run", "[go run flags] package [arguments]", "Run go run with failpoints at work",
			"  racewindow run ./cmd/server -listen :8080\n  racewindow run -race main.go", ""),
	}
}

func instrumentCommand(verb, arguments, short, example, more string) *cobra.Command {
	weaken := ""
	if verb == "test" {
		weaken = " [--weaken]"
	}
	return &cobra.Command{
		Use:     verb + weaken + " [--include MODULE] [--plant FILE] [--strip] " + arguments,
		Short:   short,
		Long:    strings.TrimSpace(fmt.Sprintf(instrumentAbout, verb, more, overlay.GofailVersion)),
		Example: example,
		// The go command parses its own flags. They have single dashes, which cobra would misread.
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
	if verb == "test" && weakens(args) {
		return runWeakened(cmd, args)
	}
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
	// Run handles signals itself, because it must pass on which signal came; a context only says that one did.
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
	// If standard error takes no text, there is nowhere to say so.
	_, _ = fmt.Fprintf(w, "racewindow %s: %s\n", verb, printable(message))
}
