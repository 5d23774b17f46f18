package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/plain"
)

// modules hold the tests to measure: tests of small concurrent programs, and tests that consist almost only of points.
var modules = []string{"harness/plain/testdata/classics", "scripts/benchexplore/testdata/points"}

// A test is a test of one of the modules.
type test struct{ module, name string }

// binary is the file of a module's test binary.
func binary(folder, module string, m mode) string {
	return filepath.Join(folder, filepath.Base(module)+"."+m.name)
}

// build builds the test binaries of all modules in all modes.
func (s *settings) build(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, module := range modules {
		dir, err := filepath.Abs(module)
		if err != nil {
			return err
		}
		session, err := plain.Open(ctx, dir, nil)
		if err != nil {
			return err
		}
		listed, err := plain.List(ctx, dir, nil, nil, []string{"."})
		if err != nil {
			return fmt.Errorf("run it in the root of the repository: %w", err)
		}
		for _, m := range s.modes {
			session.Race = m.race
			if err := session.Compile(ctx, listed[0], binary(folder, module, m)); err != nil {
				return err
			}
		}
	}
	return nil
}

// buildOther builds the test binaries of another revision, with that revision's own benchexplore, in a work tree that it removes
// afterwards.
func buildOther(ctx context.Context, revision, scratch, folder string) error {
	tree := filepath.Join(scratch, "tree")
	if err := command(ctx, "", "git", "worktree", "add", "--detach", tree, revision); err != nil {
		return err
	}
	err := command(ctx, tree, "go", "run", "./scripts/benchexplore", "-build", folder)
	if removed := command(context.WithoutCancel(ctx), "", "git", "worktree", "remove", "--force", tree); err == nil {
		err = removed
	}
	return err
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %w\n%s", name, args, err, bytes.TrimSpace(said))
	}
	return nil
}
