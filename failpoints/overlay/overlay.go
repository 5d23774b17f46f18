// Package overlay builds Go programs in which failpoint markers fire, and changes no source file.
//
// The markers of github.com/pingcap/failpoint are empty functions. pingcap's own tool makes them fire by rewriting the
// source tree in place, and restores it afterwards. An interrupted build leaves the tree rewritten; rewritten files are
// reprinted, so a panic names another line; and markers in some places are silently missed. This package asks go list which
// files a build consists of, splices the marker calls byte by byte into copies in a private temporary folder, and passes the
// copies to the go command with -overlay. It keeps every newline, and each copy begins with a //line directive, so panics,
// compile errors, vet failures and race traces name the file and the line that the author wrote. The copies of two calls are
// equal, so the ordinary build cache serves.
//
// What a marker becomes depends on the build. If its code imports github.com/racewindow/racewindow, a marker that gets a
// context becomes a call to its package failpoints (dispatch_context.go). Everywhere else, and if the context carries no
// controller, it keeps pingcap's runtime and pingcap's meaning (dispatch_pingcap.go). The comment markers of
// go.etcd.io/gofail keep gofail's meaning (gofail.go). With Strip the markers vanish instead, together with the import
// (strip.go).
//
// Before all this, patches can be planted: bugs that exist in one build only (plant.go, authored.go).
//
// A marker that is found but cannot be spliced is an error with file and line. It is never skipped: a run in which a
// failpoint could not fire looks exactly like a run in which nothing went wrong.
package overlay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Exit codes of Run for calls that never ran the go command.
const (
	// ExitProblem says that the sources could not be prepared: a marker cannot be spliced, a patch cannot be planted, go
	// list failed. It differs from the code of a failing test: a bug that was not planted was not found.
	ExitProblem = 3
	// ExitUsage says that the call asks for something impossible.
	ExitUsage = 2
)

// Command is one go command to run over spliced sources. Except for Verb, the zero value of every field has a meaning.
type Command struct {
	Verb    string   // "test", "build" or "run"
	Dir     string   // the folder to run it in; empty means the current folder
	Strip   bool     // remove the markers instead of making them fire
	KeepAPI bool     // with Strip: keep other uses of pingcap's package, and replace that package by one that does nothing
	Verbose bool     // write to Stderr which markers were spliced
	Include []string // module paths of dependencies whose markers are spliced too
	Plant   []string // patches, as git diff prints them, applied in this build only
	Out     string   // set by Parse only: the folder that --out names

	// Change holds new texts for files of the build, by absolute path, before their markers are spliced. A text must keep the
	// lines of its file. Add holds new Go files of the packages in whose folders they lie. Files that the build does not
	// contain are left alone.
	Change, Add map[string][]byte

	Args []string // everything that the go command would get after its verb
	Env  []string // environment of the go command; nil means that of this process

	Stdin          io.Reader // nil means no input
	Stdout, Stderr io.Writer // nil discards
}

// UsageError is the error of a Run that asks for something impossible; the exit code is ExitUsage.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Run prepares the sources, runs the go command and returns its exit code. A compile error or a failing test is not an error
// here: it is the go command's exit code, and its output has been passed on. The error is non-nil if the go command did not
// run, or could not be waited for; the code is then ExitUsage or ExitProblem.
//
// While the go command runs, signals are passed to it; at any other time a signal ends Run at once, and the error is an
// *Interrupted. Nothing that Run started goes on after it, and the temporary folder is always removed. Cancelling ctx
// interrupts the go command. Any number of Runs may run at once, in one process or in many.
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

// prepare fills the stage with everything that the build reads instead of the files on disk.
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
	if changed == 0 && len(c.Change) == 0 {
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

// splice changes the files of the build in memory, and returns how many it changed.
func (b *build) splice(ctx context.Context, c Command) (changed int, err error) {
	b.keepAPI = c.KeepAPI
	if err := b.choose(c.Include); err != nil {
		return 0, err
	}
	if err := b.plant(c.Plant); err != nil {
		return 0, err
	}
	b.change(c.Change, c.Add)
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

// absolute makes path absolute, relative to dir, the folder in which the go command runs.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// workingDir returns the folder in which the go command runs. As for the go command, -C is relative to Dir.
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
	// The go command resolves symbolic links in the paths that it reports, and overlay keys must match these paths.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", usage("cannot run in %s: %v", dir, err)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return "", usage("cannot run in %s: it is not a folder", dir)
	}
	return real, nil
}
