// Command racewindow finds the schedules in which concurrent Go code fails, and the crashes after which it loses data.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/failpoints/weaken"
	"github.com/racewindow/racewindow/harness/subjects/log/kill"
	"github.com/racewindow/racewindow/storage"
)

// Exit codes of every subcommand, except those that pass on the go command's.
const (
	exitHeld     = 0
	exitViolated = 1
	exitUsage    = 2
	exitFailed   = 3
)

// errViolated ends a command whose run found a violation and has already reported it.
var errViolated = errors.New("a promise was violated")

// violated ends a command that has found a violation. failed is what else went wrong, nil for nothing.
func violated(failed error) error {
	if failed == nil {
		return errViolated
	}
	return fmt.Errorf("%w; besides, %w", errViolated, failed)
}

// A usageError is a wrong call: it ends with exit code 2 and points to the help.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// oneSignal is how long signals count as one: timeout and make send theirs to the process and again to its group.
const oneSignal = 500 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(oneSignal)
		stop() // a second Ctrl-C ends the process at once
	})
	failpoints.CheckEnvironment(storage.Package)
	code := execute(ctx, os.Args[1:])
	stop()
	if raceoff.Races() > 0 {
		syscall.Exit(code) // os.Exit would let the race detector end the process with a code of its own, 66
	}
	os.Exit(code)
}

func execute(ctx context.Context, args []string) int {
	if kill.IsChild() {
		return kill.Child()
	}
	if weaken.IsKeeper() {
		return weaken.Keep()
	}
	root := rootCommand()
	root.SetArgs(goDashes(root, args))
	root.SetOut(standardOutput)
	ran, err := root.ExecuteContextC(ctx)
	if failed := standardOutput.failed; failed != nil && !errors.Is(err, failed) {
		err = errors.Join(err, failed)
	}
	return exitCode(ran, err)
}

// exitCode prints the error that a command ended with, and returns its exit code.
func exitCode(ran *cobra.Command, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitHeld
	case errors.Is(err, errViolated):
		if err != errViolated { // a finding counts, whatever else went wrong
			fmt.Fprintf(os.Stderr, "%s: %v\n", ran.CommandPath(), err)
		}
		return exitViolated
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "%s: %s\nSee '%s --help'.\n", ran.CommandPath(), printable(err.Error()), ran.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", ran.CommandPath(), strings.TrimPrefix(printable(inFlags(err.Error())), ran.CommandPath()+": "))
	return exitFailed
}

const rootAbout = `Racewindow finds the moments in which Go code that is free of data races still fails: in a storage engine, a cache,
a queue or a replicated log, one goroutine looks, another changes what it saw, and the first acts on the old answer.

  racewindow explore         your tests, one goroutine at a time: plain tests and objects of harness.Check;
                             schedules are chosen, replayed, shrunk, or exhausted up to a bound
  racewindow crash           the same for objects that keep data; power is lost at every step
  racewindow verify          checks what was said of the known bug and its fixes, exhaustively on the real code
  racewindow stress          thousands of goroutines under -race, checked while they run
  racewindow kill            kills a process under load on the real disk, again and again
  racewindow soak            all of it in turn for hours, resumable, on one machine or many
  racewindow replay CASE     executes one case again, as a report prints it
  racewindow report FILE     a counterexample as text, HTML, JSON, JUnit XML, Markdown, SVG or a Go test
  racewindow failpoints      lists the failpoints of the engine, or the markers of your packages
  racewindow test ...        go test with failpoints at work, without touching your sources
  racewindow build ...       go build with failpoints at work, or without any trace of them (--strip)
  racewindow run ...         go run with failpoints at work
  racewindow instrument ...  writes the sources with failpoints at work to a folder that builds with go alone
  racewindow doctor          says whether plain tests can be explored here, and why not
  racewindow clean           removes the build cache that exploring plain tests needs
  racewindow version         says which racewindow this is
  racewindow completion      writes the script that makes a shell complete all this
  racewindow help COMMAND    says what a command does, as COMMAND --help does

The words (schedule, preemption, canary, ...) are explained in
` + glossary + `

Exit codes: 0 the promises held, 1 one was violated, 2 wrong usage, 3 the run itself failed or judged nothing.`

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "racewindow",
		Short:         "Find the schedules in which concurrent Go code fails",
		Long:          rootAbout,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,

		PersistentPreRunE: checkCall,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(stressCommand(), killCommand(), exploreCommand(), exploreCrashCommand(), verifyCommand(), replayCommand(), reportCommand(), soakCommand(), failpointsCommand(), doctorCommand(), cleanCommand(), versionCommand())
	root.AddCommand(instrumentCommands()...)
	root.AddCommand(instrumentTreeCommand())
	root.SetHelpCommand(helpCommand(root))
	layOutHelp(root)
	completeFlags(root)
	settleCompletion(root)
	return root
}
