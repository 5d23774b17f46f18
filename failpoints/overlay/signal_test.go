// Signals: every process that racewindow started must end with it, and no file may be left.

//go:build unix

package overlay

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asRacewindow makes a process of this test binary call Run, because signals need a separate process. Its value is the
// folder, the verb and the arguments, separated by spaces; an exclamation mark stands for a space within one.
const asRacewindow = "RACEWINDOW_TEST_RUN"

func TestMain(m *testing.M) {
	if words := strings.Fields(os.Getenv(asRacewindow)); len(words) > 0 {
		code, err := Run(context.Background(), Command{
			Verb: words[1], Dir: words[0], Args: strings.Split(strings.ReplaceAll(strings.Join(words[2:], "\n"), "!", " "), "\n"), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		})
		if err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error())
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// start starts such a process and returns it with its output.
func (m *module) start(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(m.env, asRacewindow+"="+m.dir+" "+strings.Join(args, " "))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewReader(out)
}

// patience is how long a test waits for something that happens at once on an idle machine.
const patience = time.Minute

// requireGone requires that a process has ended, or ends very soon.
func requireGone(t *testing.T, pid string) {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimSpace(pid))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return syscall.Kill(number, 0) != nil }, patience, 10*time.Millisecond,
		"process %d goes on", number)
}

// requireEmpty requires that the temporary folder is empty, or becomes empty very soon.
func (m *module) requireEmpty(t *testing.T) {
	t.Helper()
	var left []os.DirEntry
	require.Eventually(t, func() bool {
		left, _ = os.ReadDir(m.temp())
		return len(left) == 0
	}, patience, 10*time.Millisecond, "the temporary folder holds %v", left)
}

func TestSignalsEndTheProgramAndRemoveTheTemporaryFolder(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "wait/main.go", `package main

import (
	"fmt"
	"os"
	"time"

	"github.com/pingcap/failpoint"
)

func main() {
	failpoint.InjectCall("wait")
	fmt.Println(os.Getpid())
	time.Sleep(time.Hour)
}
`)
	m.mustRun(t, "build", "-o", os.DevNull, "./wait")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		cmd, out := m.start(t, "run", "./wait")
		program, err := out.ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(s))
		require.Error(t, cmd.Wait(), "the exit code of an interrupted build is not 0")
		requireGone(t, program)
		m.requireEmpty(t)
	}
}

// compiling starts a build, and returns while a compiler of that build runs, which would take an hour.
func (m *module) compiling(t *testing.T) (cmd *exec.Cmd, compiler string) {
	t.Helper()
	_ = os.Remove(filepath.Join(m.dir, "pid"))
	m.write(t, "tool.sh", `case "$*" in
*-V=full*) exec "$@" ;;
esac
echo $$ >`+m.dir+`/pid.new
mv `+m.dir+`/pid.new `+m.dir+`/pid
exec sleep 3600
`)
	m.write(t, "wait/main.go", "package main\n\nfunc main() { println("+strconv.FormatInt(time.Now().UnixNano(), 10)+") }\n")
	cmd, _ = m.start(t, "build", "-o", os.DevNull, "-p=1", "-toolexec=/bin/sh!"+m.dir+"/tool.sh", "./wait")
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(m.dir, "pid"))
		compiler = string(text)
		return err == nil
	}, patience, 10*time.Millisecond, "no compiler was started")
	return cmd, compiler
}

func TestNoCompilerOutlivesASignalAndTheGoCommandsFolderGoesToo(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd, compiler := m.compiling(t)
		require.NoError(t, cmd.Process.Signal(s))
		require.Error(t, cmd.Wait())
		number, err := strconv.Atoi(strings.TrimSpace(compiler))
		require.NoError(t, err)
		require.Error(t, syscall.Kill(number, 0), "after %v the compiler goes on", s)
		left, err := os.ReadDir(m.temp())
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// A test that calls Run and reaches its timeout ends as suddenly as a killed process.
func TestNothingOutlivesAKilledRacewindow(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	cmd, compiler := m.compiling(t)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	requireGone(t, compiler)
	m.requireEmpty(t)
}

func TestASignalEndsTheWaitForAPipeThatNobodyReads(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	require.NoError(t, syscall.Mkfifo(filepath.Join(m.dir, "pipe"), 0o600))
	cmd, out := m.start(t, "test", "-coverprofile=pipe", ".")
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "ok")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	var ended *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &ended)
	require.Equal(t, 128+int(syscall.SIGTERM), ended.ExitCode())
	m.requireEmpty(t)
}

func TestOnlyStagesThatNobodyHoldsAreRemoved(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	make := func(name string) string {
		dir := filepath.Join(folder, name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		return dir
	}
	held, stale, foreign, linked := make("racewindow-held"), make("racewindow-stale"), make("racewindow-foreign"), make("racewindow-linked")
	lock, err := own(held)
	require.NoError(t, err)
	dead, err := own(stale)
	require.NoError(t, err)
	require.NoError(t, dead.Unlock())
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "file"), nil, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(stale, ownerFile), filepath.Join(linked, ownerFile)))
	removeStale(folder)
	require.NoDirExists(t, stale)
	for _, dir := range []string{held, foreign, linked} {
		require.DirExists(t, dir)
	}
	require.NoError(t, lock.Unlock())
	removeStale(folder)
	require.NoDirExists(t, held)
}

func TestCancellingInterruptsTheBuild(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "slow/slow_test.go", "package slow\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestSlow(*testing.T) { time.Sleep(time.Hour) }\n")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	start := time.Now()
	code, err := Run(ctx, Command{Verb: "test", Dir: m.dir, Args: []string{"./slow"}, Env: m.env})
	require.Less(t, time.Since(start), 5*time.Minute, "go test ends a test that sleeps for an hour after ten minutes")
	require.False(t, err == nil && code == 0, "an interrupted build succeeded")
	m.requireClean(t)
}
