// Package overlay builds Go programs with their failpoint markers at work, without touching a source file.
//
// The markers of github.com/pingcap/failpoint are empty functions. pingcap's own tool makes them fire by rewriting the
// source tree in place, and puts it back afterwards; a build that is interrupted leaves the tree rewritten, the
// rewritten files are reprinted so that a panic names another line, and markers in some places are silently missed.
// This package asks go list what a build consists of, splices the marker calls of those files byte by byte into copies
// in a private temporary folder, and hands the copies to the go command with -overlay. Every newline is kept and every
// copy begins with a //line directive, so panics, compile errors, vet failures and race traces name the file and the
// line that the author wrote. The ordinary build cache serves, because the copies of two calls are equal.
//
// What a marker becomes depends on the build. Where its code imports github.com/racewindow/racewindow, a marker that is
// given a context becomes a call of its package failpoints (dispatch_context.go). Everywhere else, and where the context
// carries no controller, it keeps pingcap's runtime and pingcap's meaning (dispatch_pingcap.go). The comment markers of
// go.etcd.io/gofail keep gofail's (gofail.go). With Strip the markers vanish instead, together with the import (strip.go).
//
// Before all this, patches may be planted: bugs that exist in one build only (plant.go, authored.go).
//
// A marker that is found and cannot be spliced is an error that names file and line. It is never skipped: a run in
// which a failpoint could not fire looks exactly like a run in which nothing went wrong.
package overlay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Exit codes of Run for calls that never reached the go command.
const (
	// ExitProblem says that the sources could not be prepared: a marker that cannot be spliced, a patch that cannot be
	// planted, a failed go list. It is not the code of a test that fails: a bug that was not planted was not found.
	ExitProblem = 3
	// ExitUsage says that the call itself asks for something that cannot be done.
	ExitUsage = 2
)

// Command is one go command to run over spliced sources. The zero value of every field but Verb has a meaning.
type Command struct {
	Verb    string   // "test", "build" or "run"
	Dir     string   // where to run it; the current folder when empty
	Strip   bool     // remove the markers instead of arming them
	KeepAPI bool     // with Strip: leave other uses of pingcap's package alone, and make the package one that does nothing
	Verbose bool     // say on Stderr what was spliced
	Include []string // module paths of dependencies whose markers are spliced too
	Plant   []string // patches, as git diff prints them, that are applied in this build only
	Out     string   // of Parse only: the folder that --out names
	Args    []string // everything that the go command would get after its verb
	Env     []string // environment of the go command; the process's own when nil

	Stdin          io.Reader // nil is no input
	Stdout, Stderr io.Writer // nil discards
}

// UsageError is returned by Run for a call that asks for something that cannot be done; the exit code is ExitUsage.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Run prepares the sources, runs the go command and returns its exit code. A compile error or a failing test is not an
// error here: it is the go command's exit code, and its output has been passed on. The error is not nil when the go
// command was not run at all, or could not be waited for; the code is then ExitUsage or ExitProblem.
//
// Signals reach the go command while it runs, and end Run at once while it does not; the error is then an *Interrupted.
// Nothing that was started goes on after Run, and the temporary folder is removed in any case. Cancelling ctx interrupts
// the go command. Any number of Runs may go on at once, in one process or in many.
func Run(ctx context.Context, c Command) (exitCode int, err error) {
	exitCode, err = run(ctx, c)
	var asked *UsageError
	var interrupted *Interrupted
	switch {
	case errors.As(err, &asked):
		return ExitUsage, err
	case errors.As(err, &interrupted):
		return interrupted.exitCode(), err
	case err != nil:
		return ExitProblem, err
	}
	return exitCode, nil
}

func run(ctx context.Context, c Command) (int, error) {
	inv, err := parseInvocation(c.Verb, c.Args)
	if err != nil {
		return 0, err
	}
	g, err := newGoCommand(c, inv)
	if err != nil {
		return 0, err
	}
	ctx, release := forwardSignals(ctx, g)
	defer release()
	stage, err := newStage()
	if err != nil {
		return 0, err
	}
	defer stage.remove()
	g.watcher = stage.watcher
	if err := g.configure(ctx, len(c.Plant) > 0); err != nil {
		return 0, err
	}
	if err := stage.holdWork(g); err != nil {
		return 0, err
	}
	b, err := prepare(ctx, g, c, stage)
	if err != nil {
		return 0, err
	}
	if err := stage.divert(g); err != nil {
		return 0, err
	}
	stage.watchReplay(g)
	code, err := g.run(ctx, stage)
	if err != nil || code != 0 && ctx.Err() != nil {
		return code, err
	}
	if err := stage.deliver(ctx); err != nil || code != 0 {
		return code, err
	}
	if err := b.nothingRan(ctx); err != nil {
		return 0, err
	}
	return 0, stage.nothingReplayed(g)
}

// prepare fills the stage with everything that the build reads in place of the files on disk.
func prepare(ctx context.Context, g *goCommand, c Command, stage *stage) (*build, error) {
	b, err := g.load(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := b.splice(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := b.includedForNothing(c.Include); err != nil {
		return nil, err
	}
	if changed == 0 {
		_, _ = fmt.Fprintf(g.stderr, "racewindow: no failpoint markers in %s: nothing to %s\n", b.scope(), purpose(c.Strip))
	}
	if c.Verbose && !c.Strip {
		b.warn("%s", Summary(b.markers))
	}
	if err := stage.write(b); err != nil {
		return nil, err
	}
	if c.Strip && !c.KeepAPI && c.Verb != "test" {
		return b, b.verifyStripped(ctx, stage)
	}
	return b, nil
}

// splice changes the files of the build, and says how many. Nothing is written yet.
func (b *build) splice(ctx context.Context, c Command) (changed int, err error) {
	b.keepAPI = c.KeepAPI
	if err := b.choose(c.Include); err != nil {
		return 0, err
	}
	if err := b.plant(c.Plant); err != nil {
		return 0, err
	}
	steps, err := transforms(ctx, b, c.Strip)
	if err != nil {
		return 0, err
	}
	if changed, err = b.apply(steps); err != nil {
		return 0, err
	}
	if c.Strip {
		if c.KeepAPI {
			err = b.replaceAPI()
		}
		return changed, err
	}
	if err := b.refuseTwins(ctx); err != nil {
		return 0, err
	}
	if err := b.provideGofail(ctx); err != nil {
		return 0, err
	}
	if err := b.checkEnabled(); err != nil {
		return 0, err
	}
	b.addNames()
	b.g.keepFromCache()
	return changed, nil
}

func purpose(strip bool) string {
	if strip {
		return "strip"
	}
	return "instrument"
}

// absolute makes path absolute from the folder in which the go command runs.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// workingDir is the folder in which the go command runs: -C counts from Dir, as it does for the go command.
func workingDir(c Command, inv *invocation) (string, error) {
	dir := c.Dir
	if dir == "" {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder to run in: %w", err)
	}
	if inv.chdir != "" {
		dir = absolute(dir, inv.chdir)
	}
	// The go command reports symbolic links resolved, and overlay keys must match what it reports.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", usage("cannot run in %s: %v", dir, err)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return "", usage("cannot run in %s: it is not a folder", dir)
	}
	return real, nil
}
