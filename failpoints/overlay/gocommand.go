// The go command as this package uses it: asked for its environment and for the packages of a build, then run.

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

	mu          sync.Mutex
	child       *os.Process // the running go command, to which signals are forwarded
	interrupted bool        // a signal came before the go command ran
}

// goSettings are the answers of go env that matter here.
type goSettings struct {
	GOFLAGS, GOMOD, GOWORK, GOMODCACHE, GOCACHE string
}

func newGoCommand(ctx context.Context, c Command, inv *invocation) (*goCommand, error) {
	dir, err := workingDir(c, inv)
	if err != nil {
		return nil, err
	}
	g := &goCommand{inv: inv, dir: dir, env: c.Env, stdin: c.Stdin, stdout: c.Stdout, stderr: c.Stderr}
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
	out, err := g.output(ctx, "env", "-json", "GOFLAGS", "GOMOD", "GOWORK", "GOMODCACHE", "GOCACHE")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &g.settings); err != nil {
		return nil, fmt.Errorf("understand go env: %w", err)
	}
	if g.settings.GOWORK == "off" {
		g.settings.GOWORK = ""
	}
	inv.adopt(g.settings.GOFLAGS)
	if g.settings.GOWORK == "" && (g.settings.GOMOD == "" || g.settings.GOMOD == os.DevNull) {
		return nil, usage("%s is in no module: instrumenting needs a go.mod (go mod init)", dir)
	}
	return g, g.refuse(len(c.Plant) > 0)
}

// refuse names the combinations of flags that would silently build something uninstrumented.
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

// output runs a go command for its standard output.
func (g *goCommand) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s in %s: %w\n%s", args[0], g.dir, err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
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
		return signalChild(cmd.Process, os.Interrupt)
	}
	cmd.WaitDelay = 2 * killAfter
	if err := g.start(cmd); err != nil {
		return 0, err
	}
	err := cmd.Wait()
	g.mu.Lock()
	g.child = nil
	g.mu.Unlock()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return exitCode(ended), nil
	case err != nil:
		return 0, fmt.Errorf("wait for go %s: %w", g.inv.verb, err)
	}
	return 0, nil
}

func (g *goCommand) start(cmd *exec.Cmd) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.interrupted {
		return errors.New("interrupted before the build began")
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start go %s: %w", g.inv.verb, err)
	}
	g.child = cmd.Process
	return nil
}

// exitCode is the child's own code, or what a shell reports for a child that a signal ended.
func exitCode(ended *exec.ExitError) int {
	if code := ended.ExitCode(); code >= 0 {
		return code
	}
	return 128 + signalNumber(ended)
}
