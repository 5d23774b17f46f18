package browsertest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// root is the module's, seen from here.
const root = "../.."

// binary is the instrumented racewindow.
var binary = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "racewindow-page-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "racewindow")
	build := exec.Command("go", "run", "./harness/cmd/racewindow", "build", "-o", file, "./harness/cmd/racewindow")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build racewindow: %w: %s", err, output)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil && file != "" && built {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// built says that binary has been asked for.
var built bool

var liveAt = regexp.MustCompile(`live at (http://127\.0\.0\.1:\d+/),`)

// A campaign is a soak that finds the known bug in its first rounds.
type campaign struct {
	url, out string
	process  *exec.Cmd
	done     chan struct{}
}

// soak starts a campaign, and ends it with the test.
func soak(t *testing.T) *campaign {
	t.Helper()
	built = true
	file, err := binary()
	require.NoError(t, err)
	c := &campaign{out: t.TempDir(), done: make(chan struct{})}
	c.process = exec.Command(file, "soak", "--for", "10m", "--round-for", "1s", "--seed", "5", "--out", c.out, "--corpus", filepath.Join("testdata", "cases"),
		"--kinds", "explore,stress,crashstress,kill", "--handovers", "stale,snapshot", "--canary-within", "0", "--listen", "127.0.0.1:0")
	c.process.Dir = root
	said, err := c.process.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.process.Start())
	t.Cleanup(func() { c.end(t) })
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := liveAt.FindStringSubmatch(lines.Text()); m != nil {
			c.url = m[1]
			break
		}
	}
	require.NotEmpty(t, c.url, "it says where it listens")
	go func() {
		defer close(c.done)
		_, _ = io.Copy(io.Discard, said) // or it would wait for a reader
		_ = c.process.Wait()             // it has found something, so its code is no success
	}()
	return c
}

// end ends the campaign in order.
func (c *campaign) end(t *testing.T) {
	t.Helper()
	_ = c.process.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		_ = c.process.Process.Kill()
		t.Error("the campaign did not end within a minute")
	}
}
