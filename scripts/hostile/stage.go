package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A stage is where calls are made: it has the built commands, and a folder in which each call gets an empty folder of its own.
type stage struct {
	root    string // the checkout
	place   string // a temporary folder
	limit   time.Duration
	verbose bool
}

// build builds the commands that a call finds on its PATH: racewindow with active failpoints, and racewindow-plain without.
func (s *stage) build(ctx context.Context) error {
	bin := filepath.Join(s.place, "bin")
	plain := filepath.Join(bin, "racewindow-plain")
	if err := s.goCommand(ctx, "build", "-o", plain, "./harness/cmd/racewindow"); err != nil {
		return err
	}
	return s.goCommand(ctx, "run", "./harness/cmd/racewindow", "build", "-o", filepath.Join(bin, "racewindow"), "./harness/cmd/racewindow")
}

// call makes one call in an empty folder that it makes and removes. used is the processor time of the call, and wrong says what was wrong
// with how it ended, nil if nothing was. Calls have a folder one after the other: in a folder of another name, Go would compile and vet
// the same module again.
func (s *stage) call(ctx context.Context, folder string, r row) (said string, used time.Duration, wrong error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", 0, err
	}
	defer func() {
		if err := s.remove(folder); err != nil && wrong == nil {
			wrong = err
		}
	}()
	if r.fixture != "" {
		if err := s.copyFixture(folder, r.fixture); err != nil {
			return "", 0, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	ended, said, err := s.shell(ctx, folder, r.command)
	if ended != nil {
		used = ended.UserTime() + ended.SystemTime()
	}
	return said, used, s.judge(ctx, r, ended, said, err)
}

// judge says what is wrong with how a call ended and with what it said.
func (s *stage) judge(ctx context.Context, r row, ended *os.ProcessState, said string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("still running after %v", s.limit)
	case err != nil:
		return err
	case ended.ExitCode() != r.code:
		return fmt.Errorf("exit code %d, not %d", ended.ExitCode(), r.code)
	case !r.pattern.MatchString(said):
		return fmt.Errorf("does not say %q", strings.TrimPrefix(r.pattern.String(), "(?s)"))
	case r.absent != nil && r.absent.MatchString(said):
		return fmt.Errorf("says %q", strings.TrimPrefix(r.absent.String(), "(?s)"))
	case strings.Contains(said, "goroutine 1 ["):
		return errors.New("a panic reached the user")
	}
	return nil
}

// remove removes the folder of a call. It moves it away first, so that a process that outlived its call leaves nothing for the next one.
func (s *stage) remove(folder string) error {
	away, err := os.MkdirTemp(s.place, "away-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(away)
	return os.Rename(folder, filepath.Join(away, "call"))
}

// shell runs a command line in a folder, in a process group of its own, so that none of its processes outlives the call.
func (s *stage) shell(ctx context.Context, folder, line string) (ended *os.ProcessState, said string, err error) {
	temporary, err := os.MkdirTemp(s.place, "temporary-") // of a name that no process of another call can know
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(temporary)
	command := exec.CommandContext(ctx, "bash", "-c", line)
	command.Dir = folder
	command.Env = append(os.Environ(), "PATH="+filepath.Join(s.place, "bin")+":"+os.Getenv("PATH"), "ROOT="+s.root,
		"TMPDIR="+temporary, "NO_COLOR=1", "GOFLAGS=-mod=mod", "COLUMNS=100")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return command.ProcessState, output.String(), err
}

// copyFixture copies a module of testdata into folder. RACEWINDOW_ROOT in its go.mod becomes the path of the checkout.
func (s *stage) copyFixture(folder, name string) error {
	from := filepath.Join(s.root, "scripts", "hostile", "testdata", name)
	if err := os.CopyFS(folder, os.DirFS(from)); err != nil {
		return fmt.Errorf("@%s: %w", name, err)
	}
	file := filepath.Join(folder, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("@%s: %w", name, err)
	}
	return os.WriteFile(file, bytes.ReplaceAll(text, []byte("RACEWINDOW_ROOT"), []byte(s.root)), 0o644)
}
