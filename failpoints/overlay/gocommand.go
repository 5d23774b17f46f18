// The go command: its environment, the packages of a build, and the run itself.

package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// killAfter is how long an interrupted go command may go on before it is killed.
const killAfter = 10 * time.Second

// A goCommand runs go in one folder with one environment.
type goCommand struct {
	inv            *invocation
	dir            string
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
	settings       goSettings
	watcher        *watcher

	mu          sync.Mutex
	child       *os.Process // the running go command, to which signals are forwarded
	interrupted bool        // a signal came, or the context was cancelled
	signal      os.Signal   // the last one that was passed on
	cancel      context.CancelCauseFunc
}

// goSettings are the answers of go env that this package needs.
type goSettings struct {
	GOFLAGS, GOMOD, GOWORK, GOMODCACHE, GOENV, GOTMPDIR, GOCACHE string
}

func newGoCommand(c Command, inv *invocation) (*goCommand, error) {
	dir, err := workingDir(c, inv)
	if err != nil {
		return nil, err
	}
	g := &goCommand{inv: inv, dir: dir, env: c.Env, stdin: c.Stdin, stdout: c.Stdout, stderr: c.Stderr, watcher: &watcher{}}
	if g.env == nil {
		g.env = os.Environ()
	}
	g.env = append(g.env[:len(g.env):len(g.env)], "PWD="+dir)
	if g.stdout == nil {
		g.stdout = io.Discard
	}
	if g.stderr == nil {
		g.stderr = io.Discard
	}
	return g, nil
}

// configure asks the go command for its settings, and refuses what cannot be instrumented.
func (g *goCommand) configure(ctx context.Context, plants bool) error {
	out, err := g.output(ctx, "env", "-json", "GOFLAGS", "GOMOD", "GOWORK", "GOMODCACHE", "GOENV", "GOTMPDIR", "GOCACHE")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &g.settings); err != nil {
		return fmt.Errorf("understand go env: %w", err)
	}
	if g.settings.GOWORK == "off" {
		g.settings.GOWORK = ""
	}
	g.inv.adopt(g.settings.GOFLAGS)
	if g.settings.GOWORK == "" && (g.settings.GOMOD == "" || g.settings.GOMOD == os.DevNull) {
		return usage("%s is in no module: instrumenting needs a go.mod (go mod init)", g.dir)
	}
	return g.refuse(plants)
}

// refuse rejects the combinations of flags that would silently build something uninstrumented.
func (g *goCommand) refuse(plants bool) error {
	switch {
	case !g.inv.covers():
		return nil
	case plants:
		return usage("-cover together with --plant would count lines that are in no file of yours; leave out one of the two")
	case g.inv.flags["toolexec"] != "":
		return usage("-cover together with -toolexec cannot be instrumented: the cover tool reads the files on disk, " +
			"and this command needs -toolexec to show it the spliced ones; leave out one of the two")
	case !coverSupported:
		return usage("-cover cannot be instrumented on this system: the cover tool reads the files on disk; leave out -cover")
	}
	return nil
}

var errNoGo = errors.New("the go command is not on the PATH: install Go (https://go.dev/dl), or add the folder of go to PATH")

// output runs a go command and returns its standard output.
func (g *goCommand) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	ownGroup(cmd, g.stdin)
	cmd.Cancel = func() error { return signalChild(cmd.Process, os.Kill) }
	cmd.WaitDelay = killAfter
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Start()
	if err == nil {
		g.watcher.running(cmd.Process)
		err = cmd.Wait()
		g.watcher.ended()
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, errNoGo
	case err != nil:
		return nil, fmt.Errorf("go %s in %s: %w\n%s", args[0], g.dir, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// run runs the user's go command over the stage and returns its exit code.
func (g *goCommand) run(ctx context.Context, s *stage) (int, error) {
	args := append([]string{g.inv.verb}, s.flags(g.inv)...)
	args = append(args, g.inv.before...)
	args = append(args, g.inv.packages...)
	args = append(args, s.addedFiles...)
	args = append(args, g.inv.after...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = g.stdin, g.stdout, g.stderr
	ownGroup(cmd, g.stdin)
	cmd.Cancel = func() error {
		time.AfterFunc(killAfter, func() { g.forward(os.Kill, 0) })
		g.mu.Lock()
		g.interrupted = true
		g.mu.Unlock()
		return signalChild(cmd.Process, os.Interrupt)
	}
	cmd.WaitDelay = 2 * killAfter
	if err := g.start(ctx, cmd); err != nil {
		return 0, err
	}
	err := cmd.Wait()
	g.mu.Lock()
	g.child = nil
	if g.signal != nil {
		g.cancel(&Interrupted{g.signal}) // what remains to be done must not wait for anybody
	}
	g.mu.Unlock()
	g.outlast(cmd.Process)
	g.watcher.ended()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return exitCode(ended), nil
	case err != nil:
		return 0, fmt.Errorf("wait for go %s: %w", g.inv.verb, err)
	}
	return 0, nil
}

func (g *goCommand) start(ctx context.Context, cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start go %s: %w", g.inv.verb, err)
	}
	g.child = cmd.Process
	g.watcher.running(cmd.Process)
	return nil
}

// exitCode returns the child's own code, or the code that a shell reports for a child that a signal ended.
func exitCode(ended *exec.ExitError) int {
	if code := ended.ExitCode(); code >= 0 {
		return code
	}
	return 128 + signalNumber(ended)
}
