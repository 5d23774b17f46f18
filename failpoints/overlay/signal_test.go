// Signals: what racewindow started must end with it, and nothing may be left behind.

//go:build unix

package overlay

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asRacewindow makes a process of this test binary call Run: signals need a process of their own.
const asRacewindow = "RACEWINDOW_TEST_RUN_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asRacewindow); dir != "" {
		code, err := Run(context.Background(), Command{
			Verb: "run", Dir: dir, Args: []string{"./wait"}, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		})
		if err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error())
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
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
	time.Sleep(time.Minute)
}
`)
	m.mustRun(t, "build", "-o", os.DevNull, "./wait")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(m.env, asRacewindow+"="+m.dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		program, err := strconv.Atoi(strings.TrimSpace(line))
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(s))
		require.Error(t, cmd.Wait(), "the exit code of an interrupted build is not 0")
		require.Eventually(t, func() bool { return syscall.Kill(program, 0) != nil }, 5*time.Second, 10*time.Millisecond,
			"%v did not reach the program", s)
		m.requireClean(t)
	}
}

func TestCancellingInterruptsTheBuild(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "slow/slow_test.go", "package slow\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestSlow(*testing.T) { time.Sleep(time.Minute) }\n")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	start := time.Now()
	code, err := Run(ctx, Command{Verb: "test", Dir: m.dir, Args: []string{"./slow"}, Env: m.env})
	require.Less(t, time.Since(start), 30*time.Second)
	require.False(t, err == nil && code == 0, "an interrupted build succeeded")
	m.requireClean(t)
}
