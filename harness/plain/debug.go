// A replay under a debugger: Delve (https://github.com/go-delve/delve) starts the test binary, and a script makes it stop where
// the schedule fails, at the user's line on the user's goroutine.

package plain

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Debugger is Delve, and where it stops.
type Debugger struct {
	Program string // dlv
	// Step is the choice (sched.Event.Step) at which a thread reaches the place where Delve stops. It is negative if
	// Delve is to stop where the test fails.
	Step int
	// Lines are other places, FILE:LINE, at which Delve stops whichever goroutine gets there: the accesses of a data
	// race.
	Lines []string
	// Here is printed at the step or at one of the lines, and Failure where the test fails. Both are one line.
	Here, Failure string
	// Commands is a file with commands for Delve, one a line, which it executes after the stop; "" for none.
	Commands string

	In       io.Reader
	Out, Err io.Writer
	// Terminal says that a person uses these three.
	Terminal bool
}

// debugScript tells Delve what to do, in Starlark.
//
//go:embed debug.star
var debugScript string

// untold is a time of years: a person may look at a goroutine for as long as they like.
const untold = 10 * 365 * 24 * time.Hour

// Debug builds the tests of a package for a debugger, and lets them execute the schedule of the order under it. The order
// must have the mode drive.Replay and be for one test. Debug returns when Delve has ended.
func (s *Session) Debug(ctx context.Context, p Package, d Debugger) error {
	own := *s
	own.ForDebugger = true
	own.Order.Debugger, own.Order.DebugStep, own.Order.Hang = true, d.Step, untold
	b, err := own.build(ctx, p)
	if err != nil {
		return err
	}
	defer b.remove()
	args, env, err := b.call(own.Order, own.Run, filepath.Join(b.folder, "events"))
	if err != nil {
		return err
	}
	begin, err := b.script(d)
	if err != nil {
		return err
	}
	call := []string{"exec", b.file, "--init", begin, "--wd", p.Dir}
	if !d.Terminal {
		call = append(call, "--allow-non-terminal-interactive=true")
	}
	cmd := exec.Command(d.Program, append(append(call, "--"), args...)...) // Ctrl-C goes to Delve, which then stops the test
	if !d.Terminal {
		env = append(env, "TERM=dumb") // no colours
	}
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, d.In, d.Out, d.Err
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, os.Interrupt, syscall.SIGQUIT)
	defer signal.Stop(ignored)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", d.Program, err)
	}
	return nil
}

// script writes the commands with which Delve begins, and returns the file's name.
func (b *binary) script(d Debugger) (begin string, err error) {
	root, err := b.Toolchain.Reached(b.Cache)
	if err != nil {
		return "", err
	}
	script := filepath.Join(b.folder, "racewindow.star")
	begin = filepath.Join(b.folder, "racewindow.init")
	text := fmt.Sprintf("STANDARD = %q\nLINES = [%s]\nHERE = %q\nFAILURE = %q\n", root+"/src/", quoted(d.Lines), d.Here, d.Failure) + debugScript
	commands := "source " + script + "\n"
	if d.Commands != "" {
		own, err := os.ReadFile(d.Commands)
		if err != nil {
			return "", fmt.Errorf("read the commands for Delve: %w", err)
		}
		commands += string(own)
	}
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the script for Delve: %w", err)
	}
	if err := os.WriteFile(begin, []byte(commands), 0o600); err != nil {
		return "", fmt.Errorf("write the commands for Delve: %w", err)
	}
	return begin, nil
}

func quoted(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(all, ", ")
}

// StopsAtFailure says whether a failure is a moment of one goroutine: it panics, or reports that the test fails. Other failures
// show only when no goroutine goes on.
func StopsAtFailure(f *sched.Failure) bool {
	return f.Kind == sched.Failed || f.Kind == sched.Panicked || f.Kind == sched.Fatal || f.Kind == sched.Exited
}
