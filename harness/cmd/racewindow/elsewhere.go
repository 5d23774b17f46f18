// Machines without the runtime with hooks: plain tests run free there, which is no exploration. A command line for a container
// that can explore them is printed.

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/plain"
)

// openSession is a variable so that a test can pretend that there is no runtime with hooks.
var openSession = plain.Open

// notHere says why plain tests cannot be explored here, and runs them free.
func (r *plainRun) notHere(ctx context.Context, why error) error {
	n := 0
	var paths []string
	for _, p := range r.packages {
		n += len(p.Tests)
		paths = append(paths, p.ImportPath)
	}
	elsewhere := "in a container: " + containerLine(ctx, os.Args[1:])
	if r.verb != "explore" {
		return fmt.Errorf("the schedule of a plain test cannot be replayed here: %w\n%s", why, elsewhere)
	}
	args, mechanism := freeMechanism(ctx)
	fmt.Fprintf(r.out, "plain tests: mechanism %s, not explored, %d of them: %v\n%s\n", mechanism, n, why, elsewhere)
	if args == nil {
		return r.unexplored(why)
	}
	if r.pattern != "" {
		args = append(args, "-run="+r.pattern)
	}
	args = append(args, runtime.GoTest(r.flags, paths)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment.Full(), r.out, r.out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case errors.As(err, &failed) && failed.ExitCode() == 1:
		return violated(fmt.Errorf("tests failed, which ran free and were not explored: %w", why))
	case err != nil:
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return r.unexplored(why)
}

func (r *plainRun) unexplored(why error) error {
	if r.unjudged {
		return nil
	}
	return fmt.Errorf("plain tests cannot be explored here: %w; --unjudged=ok accepts that", why)
}

// freeMechanism returns the arguments with which the go command runs tests here, under the race detector if that works, and the
// name of this mechanism. args are nil if tests cannot run because they are built for another platform.
func freeMechanism(ctx context.Context) (args []string, mechanism string) {
	ask := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Env = environment.Full()
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	platforms, err := ask("env", "GOOS", "GOARCH", "GOHOSTOS", "GOHOSTARCH")
	words := strings.Fields(platforms)
	if err != nil || len(words) != 4 || words[0] != words[2] || words[1] != words[3] && (words[1] != "386" || words[3] != "amd64") {
		return nil, "none"
	}
	if _, err := ask("list", "-race", "runtime"); err != nil { // it fails on a platform without the race detector, and without cgo
		return []string{"test", "-count=1"}, "free-running, without -race"
	}
	return []string{"test", "-count=1", "-race"}, "free-running under -race"
}

// commandPath is the import path of this command, for go run.
const commandPath = "github.com/racewindow/racewindow/harness/cmd/racewindow"

// containerLine is the command line that does the same in a container, with the newest Go that has a runtime with hooks. It
// mounts the folder of the module or workspace.
func containerLine(ctx context.Context, args []string) string {
	newest := runtime.Minors[len(runtime.Minors)-1]
	root, here := "", "."
	cmd := exec.CommandContext(ctx, "go", "env", "GOWORK", "GOMOD")
	if out, err := cmd.Output(); err == nil {
		for _, file := range strings.Split(string(out), "\n") {
			if root == "" && filepath.IsAbs(file) {
				root = filepath.Dir(file)
			}
		}
	}
	at, err := os.Getwd()
	if rel, failed := filepath.Rel(root, at); err == nil && failed == nil && filepath.IsLocal(rel) {
		here = filepath.ToSlash(rel)
	} else {
		root = at
	}
	words := []string{
		"docker", "run", "--rm", "--platform", runtime.Supported, "-v", quotedWord(root + ":/module"), "-v", "racewindow-cache:/root/.cache",
		"-w", quotedWord(strings.TrimSuffix("/module/"+here, "/.")), "golang:" + strings.TrimPrefix(newest, "go"), "go", "run", commandPath + "@" + ownVersion(),
	}
	for _, a := range args {
		words = append(words, quotedWord(a))
	}
	return strings.Join(words, " ")
}
